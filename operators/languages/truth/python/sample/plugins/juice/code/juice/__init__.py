from orchard.fruit import apple
from juice.press import press
from numpy import apple as other
