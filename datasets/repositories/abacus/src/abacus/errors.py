"""Everything that can be wrong with an expression."""


class AbacusError(Exception):
    """A mistake in an expression, with the place where it was made."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position

    def point_at(self, text: str) -> str:
        """Shows the expression with a caret under the mistake."""
        return f"{text}\n{' ' * self.position}^ {self.message}"


class ScanError(AbacusError):
    """A character that begins no token."""


class ParseError(AbacusError):
    """Tokens that form no expression."""


class EvaluationError(AbacusError):
    """An expression that has no value, for instance a division by zero."""
