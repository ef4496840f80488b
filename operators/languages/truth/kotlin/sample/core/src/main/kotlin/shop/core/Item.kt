package shop.core

class Item(val name: String) {
    class Tag(val text: String)

    companion object {
        const val LIMIT = 3
    }
}

enum class Color { RED, GREEN }
