package store

import "example.com/shop/internal/clock"

// Registered is for tests.
func Registered() []string { clock.Now(); return registered }
