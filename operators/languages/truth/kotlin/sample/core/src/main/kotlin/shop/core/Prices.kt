@file:JvmName("Prices")

package shop.core

typealias Amount = Int

val FREE: Amount = 0

fun price(item: Item): Amount = item.name.length

infix fun Item.beside(other: Item): List<Item> = listOf(this, other)
