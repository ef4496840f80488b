package shop.core.util;

public final class Checks {
    public static void notNull(Object value) {
    }

    public static final int MOST = 3;
}
