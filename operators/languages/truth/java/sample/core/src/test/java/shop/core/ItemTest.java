package shop.core;

import static org.junit.Assert.*;
import static shop.core.Item.LIMIT;
import static shop.core.util.Checks.*;

import java.util.List;
import org.junit.Test;
import shop.core.util.*;
import shop.missing.Gone;

public class ItemTest {
    List<Item> items;
    Set<Gone> set;
    Secret secret;

    @Test
    public void checks() {
        notNull(LIMIT + MOST);
        new shop.core.model.Price(2);
    }
}
