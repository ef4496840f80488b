from orchard.fruit.apple import Apple
from orchard.fruit import pear
import orchard.fruit.plum as plum, json

from ..scales import (
    read,
    write as store,
)
