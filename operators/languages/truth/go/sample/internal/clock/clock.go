package clock

// Now is now.
func Now() int { return 0 }
