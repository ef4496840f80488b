"""In a folder without __init__.py."""
from orchard.storage.inner import box
from . import absent
from .inner.box import Box; import types

importlib.import_module("orchard.fruit")
