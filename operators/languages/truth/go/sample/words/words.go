package words

// Greeting is said first.
var Greeting = "hello"

// List is a list.
type List []string

// Each walks.
func (l List) Each() []string { return l }
