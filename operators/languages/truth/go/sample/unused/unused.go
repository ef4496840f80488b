package unused

// Unused is not used.
func Unused() string { return "" }
