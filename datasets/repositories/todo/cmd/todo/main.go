// Command todo keeps a list of tasks in a text file.
package main

import (
	"fmt"
	"io"
	"os"

	"example.org/todo/internal/store"
)

const usage = `usage: todo add WORD...      add a task; +tag and !priority may be among the words
       todo list [WORD]...   show the tasks that match
       todo done NUMBER...   complete tasks
       todo clean            drop completed tasks`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "todo:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	name := "list"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	command, known := commands[name]
	if !known {
		return fmt.Errorf("there is no command %q\n%s", name, usage)
	}
	return command(store.At(path()), args, out)
}

func path() string {
	if path := os.Getenv("TODO_FILE"); path != "" {
		return path
	}
	return "todo.txt"
}
