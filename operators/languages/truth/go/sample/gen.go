//go:build ignore

package main

import "example.com/shop/unused"

func main() { unused.Unused() }
