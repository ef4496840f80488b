package shop.web.view;

import shop.core.model.*;
import shop.core.util.*;
import shop.web.*;

@Generated(Checks.MOST)
public class View extends Page<Price> {
    Object o = Color.RED;
    Class<?> type = Texts[].class;
    Page.Kind kind;
}
