package shop.core.text

fun String.shout(): String = uppercase()

class Color(val hex: String)

fun unused() = Unit
