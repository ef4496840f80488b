package drivers

import "example.com/shop/store"

func init() { store.Register("d") }
