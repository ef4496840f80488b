from orchard import Basket, fruit, weigh
