package main

import (
	_ "example.com/shop/drivers"
	"example.com/shop/store"
)

func setup() map[string]int {
	return map[string]int{store.Kind: store.Second}
}
