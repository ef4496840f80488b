import pytest
import orchard.storage.shelf
from helpers import ripe
