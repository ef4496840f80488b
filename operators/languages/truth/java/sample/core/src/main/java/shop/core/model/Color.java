package shop.core.model;

import java.util.*;
import shop.core.Item.Part;
import shop.core.Item.Part.Size;

public enum Color {
    RED, GREEN;

    Map.Entry<Part, Size> entry;
}
