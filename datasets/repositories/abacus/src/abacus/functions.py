"""The functions that an expression can call.

Most take values. `if` takes expressions, because only one of its branches may be evaluated; that is
why this module and the evaluator need each other.
"""

import math
from typing import Callable, Mapping

from abacus import evaluator
from abacus.errors import EvaluationError
from abacus.nodes import Call

Variables = Mapping[str, float]

PLAIN: dict[str, tuple[int, Callable[..., float]]] = {
    "abs": (1, abs),
    "floor": (1, math.floor),
    "max": (2, max),
    "min": (2, min),
    "round": (1, round),
    "sqrt": (1, math.sqrt),
}


def call(node: Call, variables: Variables) -> float:
    """The value of a call."""
    if node.function == "if":
        return _choose(node, variables)
    if node.function not in PLAIN:
        raise EvaluationError(f"there is no function {node.function!r}", node.position)
    arity, function = PLAIN[node.function]
    _check_arity(node, arity)
    values = [evaluator.value_of(argument, variables) for argument in node.arguments]
    try:
        return float(function(*values))
    except ValueError as error:
        raise EvaluationError(str(error), node.position) from error


def _choose(node: Call, variables: Variables) -> float:
    _check_arity(node, 3)
    condition, if_true, if_false = node.arguments
    branch = if_true if evaluator.value_of(condition, variables) != 0 else if_false
    return evaluator.value_of(branch, variables)


def _check_arity(node: Call, arity: int) -> None:
    given = len(node.arguments)
    if given != arity:
        message = f"{node.function} takes {arity} arguments, not {given}"
        raise EvaluationError(message, node.position)
