Release = 1
