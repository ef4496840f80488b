"""The tree that an expression is parsed into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class Number:
    """A literal number."""

    value: float
    position: int


@dataclass(frozen=True)
class Name:
    """A variable."""

    name: str
    position: int


@dataclass(frozen=True)
class Negate:
    """The negative of an expression."""

    operand: Node
    position: int


@dataclass(frozen=True)
class Binary:
    """Two expressions joined by an operator; the position is that of the operator."""

    operator: str
    left: Node
    right: Node
    position: int


@dataclass(frozen=True)
class Call:
    """A function applied to arguments."""

    function: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True)
class Assign:
    """A variable that takes the value of an expression."""

    name: str
    value: Node
    position: int


Node = Union[Number, Name, Negate, Binary, Call, Assign]
