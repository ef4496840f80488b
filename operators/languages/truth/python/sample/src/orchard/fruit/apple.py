from ... import beyond
from .. import Basket, slow
from ..fruit import pear, Apple
import orchard


class Apple: ...
