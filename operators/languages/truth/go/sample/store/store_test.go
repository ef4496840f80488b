package store_test

import (
	"testing"

	"example.com/shop/store"
	"example.com/shop/words"
)

func TestOpen(t *testing.T) {
	store.Open(words.Greeting)
	if got := store.Registered(); len(got) > 0 {
		t.Fatal(got)
	}
	helper(t)
}
