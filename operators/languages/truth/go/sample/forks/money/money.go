package money

import "example.com/money/cents"

// Amount of money.
type Amount = cents.Cents
