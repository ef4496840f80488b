from .plum import *
from . import pear
