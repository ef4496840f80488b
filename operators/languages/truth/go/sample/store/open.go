package store

// Store keeps things.
type Store struct{ name string }

// Open opens.
func Open(name string) *Store { return &Store{name} }
