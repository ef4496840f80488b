package shop.core

import shop.core.text.shout

object Registry {
    val names = mutableListOf<String>()

    fun find(name: String): Item? = names.find { it == name }?.let { Item(it.shout()) }
}
