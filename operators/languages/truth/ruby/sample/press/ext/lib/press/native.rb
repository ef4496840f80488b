Native = 1
