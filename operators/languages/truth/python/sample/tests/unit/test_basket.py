from unit_helpers import x
from orchard.basket import Basket
import orchard, orchard.fruit.apple as apple
