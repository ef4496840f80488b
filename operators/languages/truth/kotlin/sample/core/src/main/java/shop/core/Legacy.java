package shop.core;

public class Legacy {
    public static String old(Item item) {
        return item.getName();
    }
}
