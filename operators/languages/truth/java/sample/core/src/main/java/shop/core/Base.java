package shop.core;

public abstract class Base {
    public static final int LIMIT = 1;

    public static class Entry {
    }
}
