Box = 1
