package shop.core;

import shop.core.util.*;
import shop.core.model.Price;
import static shop.core.util.Checks.notNull;

/** Something for sale. import shop.core.Never; */
public class Item extends Base {
    // import shop.core.model.Never;
    private final Price price = new Price(1);
    private final String text = "import shop.core.model.Color;";

    /** One of several. */
    public static class Part {
        public enum Size { SMALL, LARGE }
    }

    void check() {
        notNull(this);
        Texts.trim(text);
    }
}

class Hidden {
}
