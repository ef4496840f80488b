package task

import "fmt"

// Priority tells how urgent a task is.
type Priority int

// The priorities, from the least urgent to the most. The zero value is what most tasks have.
const (
	Low Priority = iota - 1
	Normal
	High
)

// ParsePriority reads a priority as it is written behind an exclamation mark.
func ParsePriority(name string) (Priority, error) {
	switch name {
	case "low":
		return Low, nil
	case "normal":
		return Normal, nil
	case "high":
		return High, nil
	}
	return Normal, fmt.Errorf("there is no priority %q: write low, normal or high", name)
}

// String gives the name that ParsePriority reads.
func (p Priority) String() string {
	switch p {
	case Low:
		return "low"
	case High:
		return "high"
	}
	return "normal"
}
