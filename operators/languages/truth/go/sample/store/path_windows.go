package store

import "example.com/shop/unused"

// Path is where things are.
var Path = unused.Unused()
