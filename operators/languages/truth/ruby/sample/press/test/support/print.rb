Print = 1
