package query

import (
	"testing"

	"example.org/todo/internal/task"
)

func TestQueries(t *testing.T) {
	plants := task.Task{Text: "Water the plants", Tags: []string{"home"}, Priority: task.High}
	report := task.Task{Text: "Write the report", Tags: []string{"work"}, Done: true}
	cases := []struct {
		words          []string
		plants, report bool
	}{
		{nil, true, false},
		{[]string{"all"}, true, true},
		{[]string{"+home"}, true, false},
		{[]string{"all", "-+home"}, false, true},
		{[]string{"!high", "WATER"}, true, false},
		{[]string{"all", "the", "-!high"}, false, true},
	}
	for _, c := range cases {
		matches, err := Parse(c.words)
		if err != nil {
			t.Fatalf("%q: %v", c.words, err)
		}
		if matches(plants) != c.plants || matches(report) != c.report {
			t.Errorf("%q: got %v and %v", c.words, matches(plants), matches(report))
		}
	}
	if _, err := Parse([]string{"!never"}); err == nil {
		t.Error("expected an unknown priority to be refused")
	}
}
