package cents

// Cents are small.
type Cents int

// Cents counts.
func (c Cents) Cents() int { return int(c) }
