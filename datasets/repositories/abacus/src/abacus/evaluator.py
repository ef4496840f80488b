"""Computes the value of a parsed expression."""

import operator
from typing import Callable, Mapping

from abacus import functions
from abacus.errors import EvaluationError
from abacus.nodes import Assign, Binary, Call, Name, Negate, Node, Number
from abacus.parser import parse

OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": operator.pow,
}


def value_of(node: Node, variables: Mapping[str, float]) -> float:
    """The value of an expression, given its variables."""
    match node:
        case Number(value):
            return value
        case Name(name, position):
            if name not in variables:
                raise EvaluationError(f"{name!r} has no value yet", position)
            return variables[name]
        case Negate(operand):
            return -value_of(operand, variables)
        case Binary():
            return _binary(node, variables)
        case Call():
            return functions.call(node, variables)
        case Assign(value=value):
            return value_of(value, variables)
    raise TypeError(f"not a node: {node!r}")


def _binary(node: Binary, variables: Mapping[str, float]) -> float:
    left = value_of(node.left, variables)
    right = value_of(node.right, variables)
    try:
        result = OPERATORS[node.operator](left, right)
    except ZeroDivisionError as error:
        raise EvaluationError("division by zero", node.position) from error
    except OverflowError as error:
        raise EvaluationError("the result is too large", node.position) from error
    if isinstance(result, complex):
        raise EvaluationError("the result is not a real number", node.position)
    return result


class Session:
    """Evaluates statements one after the other and remembers what they assign."""

    def __init__(self, **variables: float) -> None:
        self.variables: dict[str, float] = dict(variables)

    def run(self, text: str) -> float:
        """The value of one statement."""
        node = parse(text)
        value = value_of(node, self.variables)
        if isinstance(node, Assign):
            self.variables[node.name] = value
        return value
