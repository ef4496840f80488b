package store

import "example.com/shop/internal/clock"

// Close closes.
func (s *Store) Close() { clock.Stop(func(clock fake) { clock.Now() }) }

type fake struct{}

func (fake) Now() {}
