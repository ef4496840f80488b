package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"example.org/todo/internal/query"
	"example.org/todo/internal/store"
	"example.org/todo/internal/task"
)

var commands = map[string]func(store.Store, []string, io.Writer) error{
	"add":   add,
	"clean": clean,
	"done":  done,
	"list":  list,
}

func add(s store.Store, words []string, _ io.Writer) error {
	made, err := task.New(words)
	if err != nil {
		return err
	}
	tasks, err := s.Load()
	if err != nil {
		return err
	}
	return s.Save(append(tasks, made))
}

func list(s store.Store, words []string, out io.Writer) error {
	matches, err := query.Parse(words)
	if err != nil {
		return err
	}
	tasks, err := s.Load()
	if err != nil {
		return err
	}
	for _, index := range task.Order(tasks) {
		if matches(tasks[index]) {
			fmt.Fprintln(out, index+1, tasks[index])
		}
	}
	return nil
}

func done(s store.Store, numbers []string, _ io.Writer) error {
	if len(numbers) == 0 {
		return errors.New("which task? give its number")
	}
	tasks, err := s.Load()
	if err != nil {
		return err
	}
	for _, number := range numbers {
		index, err := strconv.Atoi(number)
		if err != nil || index < 1 || index > len(tasks) {
			return fmt.Errorf("there is no task %q", number)
		}
		tasks[index-1].Done = true
	}
	return s.Save(tasks)
}

func clean(s store.Store, _ []string, out io.Writer) error {
	tasks, err := s.Load()
	if err != nil {
		return err
	}
	var open []task.Task
	for _, each := range tasks {
		if !each.Done {
			open = append(open, each)
		}
	}
	fmt.Fprintf(out, "dropped %d\n", len(tasks)-len(open))
	return s.Save(open)
}
