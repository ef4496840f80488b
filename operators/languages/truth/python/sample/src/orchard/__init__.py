"""Counts fruit."""

from __future__ import annotations

from .basket import Basket as Basket, weigh
from .fruit import *

__all__ = ["Basket", "weigh"]
