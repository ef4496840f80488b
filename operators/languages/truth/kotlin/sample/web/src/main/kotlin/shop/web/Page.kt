package shop.web

import shop.core.Color
import shop.core.Color.*
import shop.core.Item
import shop.core.Item.Tag
import shop.core.Legacy
import shop.core.Registry.find
import shop.core.price as cost
import shop.core.text.*

/** The name that is imported hides the one of the package. */
class Page(private val color: Color = RED) {
    fun text(name: String): String {
        val item = find(name) ?: return ""
        return listOf(Tag(Legacy.old(item)).text, "${cost(item)} of ${Item.LIMIT}", color.name).joinToString()
    }

    fun width(line: Line): Int = line.length
}
