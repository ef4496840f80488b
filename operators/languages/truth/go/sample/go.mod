module example.com/shop

go 1.22

require example.com/money v1.0.0

replace example.com/money => ./forks/money // a copy
