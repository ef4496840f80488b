"""Cuts the text of an expression into tokens."""

from dataclasses import dataclass
from enum import Enum
from typing import Iterator

from abacus.errors import ScanError


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    SYMBOL = "symbol"
    END = "end of expression"


@dataclass(frozen=True)
class Token:
    """A piece of the text and where it begins."""

    kind: Kind
    text: str
    position: int

    def is_symbol(self, *symbols: str) -> bool:
        """Whether this is one of the given symbols."""
        return self.kind is Kind.SYMBOL and self.text in symbols


SYMBOLS = frozenset("+-*/%^(),=")


def scan(text: str) -> Iterator[Token]:
    """Yields the tokens of `text`, and at last one of kind `END`."""
    position = 0
    while position < len(text):
        character = text[position]
        if character.isspace():
            position += 1
            continue
        if character.isdigit() or character == ".":
            token = _number(text, position)
        elif character.isalpha() or character == "_":
            end = _run(text, position, lambda c: c.isalnum() or c == "_")
            token = Token(Kind.NAME, text[position:end], position)
        elif character in SYMBOLS:
            token = Token(Kind.SYMBOL, character, position)
        else:
            raise ScanError(f"unexpected character {character!r}", position)
        yield token
        position += len(token.text)
    yield Token(Kind.END, "", len(text))


def _run(text: str, start: int, belongs) -> int:
    """The end of the longest run of characters that belong."""
    end = start
    while end < len(text) and belongs(text[end]):
        end += 1
    return end


def _number(text: str, start: int) -> Token:
    end = _run(text, start, lambda c: c.isdigit() or c == ".")
    digits = text[start:end]
    if digits.count(".") > 1 or digits == ".":
        raise ScanError(f"{digits!r} is not a number", start)
    return Token(Kind.NUMBER, digits, start)
