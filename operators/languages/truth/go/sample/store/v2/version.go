// Package storage has another name than its folder.
package storage

import store "example.com/shop/store"

// Version is a type, too.
const Version = store.Second

type (
	// Both is one of two.
	Both[T any] interface{ *store.Store | ~[]T }
	// Pair is generic.
	Pair[K comparable, V any] struct {
		Key   K
		Value V
	}
)
