// Shop sells things.
package main

import (
	"fmt"

	"example.com/money"
	"example.com/shop/internal/clock"
	"example.com/shop/store"
	v2 "example.com/shop/store/v2"
	. "example.com/shop/words"
)

/* import "example.com/shop/unused" */

var help = `import "example.com/shop/unused"`

func main() {
	s := store.Open("a")
	store := s
	store.Close()
	fmt.Println(Greeting, v2.Version, clock.Now(), money.Zero, setup())
}
