package shop.web

import shop.core.*
import shop.core.text.Color as Shade

/** Hides the one of the package. */
class Registry

fun listing(a: Item, b: Item, shade: Shade): Amount {
    val registry = Registry()
    return (a beside b).size + FREE + registry.hashCode() + shade.hex.length
}

/** Needs no import. */
fun loud(text: shop.core.text.Line): String = text.text
