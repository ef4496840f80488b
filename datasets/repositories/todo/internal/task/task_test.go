package task

import (
	"errors"
	"testing"
)

func TestLinesReadBack(t *testing.T) {
	lines := []string{
		"[ ] Write the report",
		"[x] !low Sort the books +home",
		"[ ] !high Water the plants +home +garden",
	}
	for _, line := range lines {
		parsed, err := ParseLine(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if written := parsed.String(); written != line {
			t.Errorf("%q came back as %q", line, written)
		}
	}
}

func TestWrongLinesAreRefused(t *testing.T) {
	if _, err := ParseLine("Write the report"); !errors.Is(err, ErrNoBox) {
		t.Errorf("expected a missing box, got %v", err)
	}
	if _, err := New([]string{"+home"}); !errors.Is(err, ErrNoText) {
		t.Errorf("expected missing words, got %v", err)
	}
	if _, err := New([]string{"rest", "!never"}); err == nil {
		t.Error("expected an unknown priority to be refused")
	}
}

func TestUrgentAndOpenTasksComeFirst(t *testing.T) {
	tasks := []Task{{Text: "a", Done: true}, {Text: "b"}, {Text: "c", Priority: High}, {Text: "d"}}
	want := []int{2, 1, 3, 0}
	for i, index := range Order(tasks) {
		if index != want[i] {
			t.Fatalf("place %d: got %d, want %d", i, index, want[i])
		}
	}
}
