"""Evaluates arithmetic expressions with variables and functions."""

from abacus.errors import AbacusError
from abacus.evaluator import Session
from abacus.parser import parse

__all__ = ["AbacusError", "Session", "parse"]
