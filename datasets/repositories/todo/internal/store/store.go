// Package store keeps tasks in a file.
package store

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.org/todo/internal/task"
)

// Store is a file of tasks, one per line.
type Store struct {
	path string
}

// At names the file. It need not exist.
func At(path string) Store {
	return Store{path: path}
}

// Load reads all tasks. A file that does not exist holds none.
func (s Store) Load() ([]task.Task, error) {
	file, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()

	var tasks []task.Task
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		parsed, err := task.ParseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", s.path, number, err)
		}
		tasks = append(tasks, parsed)
	}
	return tasks, lines.Err()
}

// Save writes all tasks. The old file stays until the new one is complete.
func (s Store) Save(tasks []task.Task) error {
	temporary, err := os.CreateTemp(filepath.Dir(s.path), ".todo-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())

	writer := bufio.NewWriter(temporary)
	for _, each := range tasks {
		fmt.Fprintln(writer, each)
	}
	if err := writer.Flush(); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), s.path)
}
