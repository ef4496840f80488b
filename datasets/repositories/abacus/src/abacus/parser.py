"""Parses an expression by recursive descent, one method per rule of the grammar."""

from abacus.errors import ParseError
from abacus.nodes import Assign, Binary, Call, Name, Negate, Node, Number
from abacus.scanner import Kind, Token, scan


def parse(text: str) -> Node:
    """The tree of a whole statement; anything left over is an error."""
    parser = Parser(list(scan(text)))
    node = parser.statement()
    parser.expect_end()
    return node


class Parser:
    """Walks over the tokens of one statement."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._index = 0

    def statement(self) -> Node:
        """An assignment or an expression."""
        name, equals = self._tokens[0], self._tokens[min(1, len(self._tokens) - 1)]
        if name.kind is Kind.NAME and equals.is_symbol("="):
            self._index = 2
            return Assign(name.text, self.sum(), name.position)
        return self.sum()

    def sum(self) -> Node:
        """Products joined by plus and minus."""
        return self._left_to_right(self.product, "+", "-")

    def product(self) -> Node:
        """Operands joined by times, divide and remainder."""
        return self._left_to_right(self.unary, "*", "/", "%")

    def unary(self) -> Node:
        """A power, or the negative of one."""
        if self._peek().is_symbol("-"):
            minus = self._next()
            return Negate(self.unary(), minus.position)
        return self.power()

    def power(self) -> Node:
        """A base with an optional exponent, which binds to the right."""
        base = self.atom()
        if not self._peek().is_symbol("^"):
            return base
        operator = self._next()
        return Binary("^", base, self.unary(), operator.position)

    def atom(self) -> Node:
        """A number, a variable, a call, or an expression in brackets."""
        token = self._next()
        if token.kind is Kind.NUMBER:
            return Number(float(token.text), token.position)
        if token.kind is Kind.NAME:
            if self._peek().is_symbol("("):
                return Call(token.text, self._arguments(), token.position)
            return Name(token.text, token.position)
        if token.is_symbol("("):
            inner = self.sum()
            self._expect(")")
            return inner
        raise ParseError(f"expected a value, found {token.text or token.kind.value}", token.position)

    def expect_end(self) -> None:
        """Makes sure that nothing follows."""
        token = self._peek()
        if token.kind is not Kind.END:
            raise ParseError(f"unexpected {token.text!r}", token.position)

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        arguments = []
        if not self._peek().is_symbol(")"):
            arguments.append(self.sum())
            while self._peek().is_symbol(","):
                self._next()
                arguments.append(self.sum())
        self._expect(")")
        return tuple(arguments)

    def _left_to_right(self, operand, *operators: str) -> Node:
        node = operand()
        while self._peek().is_symbol(*operators):
            operator = self._next()
            node = Binary(operator.text, node, operand(), operator.position)
        return node

    def _peek(self) -> Token:
        return self._tokens[self._index]

    def _next(self) -> Token:
        token = self._tokens[self._index]
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def _expect(self, symbol: str) -> None:
        token = self._next()
        if not token.is_symbol(symbol):
            raise ParseError(f"expected {symbol!r}", token.position)
