from orchard import *
