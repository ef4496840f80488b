package shop.core.util;

public final class Texts {
    public static String trim(String text) {
        return text;
    }

    static class Inner {
    }
}

class Secret {
}
