module example.org/todo

go 1.19
