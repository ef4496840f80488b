package shop.core.text

class Line(val text: String)

val Line.length: Int get() = text.length
