package clock

// Zone is where.
const Zone = "utc"

// Stop stops.
func Stop(any) {}
