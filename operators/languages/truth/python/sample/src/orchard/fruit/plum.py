import orchard._speedups
