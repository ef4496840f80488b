package store

import "example.com/shop/internal/clock"

// Path is where things are.
var Path = clock.Zone + "/var"
