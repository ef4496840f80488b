package storage

import (
	"example.com/money"
	"example.com/shop/words"
)

// Prices shadows what it imports.
func Prices(money money.Amount) (words words.List) {
	_ = money.Cents()
	for range words.Each() {
	}
	return words
}

var pairs = Pair[string, money.Amount]{Key: "a"}
