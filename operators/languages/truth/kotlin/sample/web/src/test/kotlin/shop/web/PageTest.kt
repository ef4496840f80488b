package shop.web

import shop.core.*

class PageTest {
    fun greenPageHasText() = check(Page(Color.GREEN).text(Registry.toString()).isEmpty())

    fun pricesAreFree() = check(FREE == 0)
}
