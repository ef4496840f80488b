package store_test

import (
	"testing"

	shop "example.com/shop/store"
)

func helper(t *testing.T) { var s shop.Store; s.Close(); shop.Hook(shop.Path) }
