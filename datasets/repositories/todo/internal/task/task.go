// Package task knows what a task is and how it is written on a line.
package task

import "sort"

// Task is one thing to do.
type Task struct {
	Done     bool
	Priority Priority
	Text     string
	Tags     []string
}

// New makes an open task out of the words that a person typed.
func New(words []string) (Task, error) {
	return fromWords(words)
}

// HasTag tells whether the task carries a tag, written without its plus.
func (t Task) HasTag(tag string) bool {
	for _, own := range t.Tags {
		if own == tag {
			return true
		}
	}
	return false
}

// Less orders open tasks before done ones, and urgent ones before others.
func Less(a, b Task) bool {
	if a.Done != b.Done {
		return !a.Done
	}
	return a.Priority > b.Priority
}

// Order gives the indices of tasks in the order in which they should be shown. Tasks that are
// equally urgent keep their order.
func Order(tasks []Task) []int {
	order := make([]int, len(tasks))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool {
		return Less(tasks[order[i]], tasks[order[j]])
	})
	return order
}
