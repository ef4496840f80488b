package task

import (
	"errors"
	"strings"
)

const (
	openBox = "[ ]"
	doneBox = "[x]"
)

// Errors that say what is wrong with a line.
var (
	ErrNoBox  = errors.New("a task starts with [ ] or [x]")
	ErrNoText = errors.New("a task needs words")
)

// ParseLine reads a task as String writes it.
func ParseLine(line string) (Task, error) {
	line = strings.TrimSpace(line)
	done := strings.HasPrefix(line, doneBox)
	if !done && !strings.HasPrefix(line, openBox) {
		return Task{}, ErrNoBox
	}
	parsed, err := fromWords(strings.Fields(line[len(openBox):]))
	parsed.Done = done
	return parsed, err
}

// String writes a task as one line.
func (t Task) String() string {
	words := []string{openBox}
	if t.Done {
		words[0] = doneBox
	}
	if t.Priority != Normal {
		words = append(words, "!"+t.Priority.String())
	}
	words = append(words, t.Text)
	for _, tag := range t.Tags {
		words = append(words, "+"+tag)
	}
	return strings.Join(words, " ")
}

// fromWords sorts words into priority, tags and text.
func fromWords(words []string) (Task, error) {
	var (
		made Task
		text []string
	)
	for _, word := range words {
		switch {
		case len(word) > 1 && word[0] == '+':
			if !made.HasTag(word[1:]) {
				made.Tags = append(made.Tags, word[1:])
			}
		case len(word) > 1 && word[0] == '!':
			priority, err := ParsePriority(word[1:])
			if err != nil {
				return Task{}, err
			}
			made.Priority = priority
		default:
			text = append(text, word)
		}
	}
	made.Text = strings.Join(text, " ")
	if made.Text == "" {
		return Task{}, ErrNoText
	}
	return made, nil
}
