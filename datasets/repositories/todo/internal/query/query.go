// Package query selects tasks by tags, priority, state and words.
package query

import (
	"strings"

	"example.org/todo/internal/task"
)

// Query is a condition on tasks.
type Query func(task.Task) bool

// Parse makes a query out of words. All of them must hold: `+tag`, `!priority`, `all` to see done
// tasks too, and anything else as part of the text. A minus in front turns a word around.
func Parse(words []string) (Query, error) {
	var (
		conditions []Query
		withDone   bool
	)
	for _, word := range words {
		if word == "all" {
			withDone = true
			continue
		}
		condition, err := parseWord(word)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, condition)
	}
	if !withDone {
		conditions = append(conditions, func(t task.Task) bool { return !t.Done })
	}
	return every(conditions), nil
}

func parseWord(word string) (Query, error) {
	if rest := strings.TrimPrefix(word, "-"); rest != word && rest != "" {
		condition, err := parseWord(rest)
		if err != nil {
			return nil, err
		}
		return func(t task.Task) bool { return !condition(t) }, nil
	}
	switch {
	case strings.HasPrefix(word, "+"):
		return func(t task.Task) bool { return t.HasTag(word[1:]) }, nil
	case strings.HasPrefix(word, "!"):
		priority, err := task.ParsePriority(word[1:])
		return func(t task.Task) bool { return t.Priority == priority }, err
	}
	needle := strings.ToLower(word)
	return func(t task.Task) bool { return strings.Contains(strings.ToLower(t.Text), needle) }, nil
}

func every(conditions []Query) Query {
	return func(t task.Task) bool {
		for _, holds := range conditions {
			if !holds(t) {
				return false
			}
		}
		return true
	}
}
