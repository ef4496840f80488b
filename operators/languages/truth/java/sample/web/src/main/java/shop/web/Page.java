package shop.web;

import java.util.List;
import shop.core.Base.Entry;
import shop.core.Item;
import shop.core.model.*;
import shop.web.view.View;

public class Page<Color> {
    List<Entry> entries;
    Color color;

    @Deprecated
    Object find(Object o) {
        if (o instanceof Item i) {
            return i;
        }
        return (java.util.function.Supplier<Object>) View::new;
    }
}
