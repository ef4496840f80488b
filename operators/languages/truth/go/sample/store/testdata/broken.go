package broken

import "example.com/shop/unused"

var x = unused.Unused(
