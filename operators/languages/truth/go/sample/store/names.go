package store

// Kinds.
const (
	Kind = "kind"
	_    = iota
	Second
)

var (
	registered, last []string
	// Hook is called.
	Hook = func(store string) string { return store }
)

// Register adds.
func Register(name string) { registered = append(registered, name) }
