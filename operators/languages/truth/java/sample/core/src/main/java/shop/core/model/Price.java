package shop.core.model;

import shop.core.*;

public record Price(int cents) implements Comparable<Price> {
    @Override
    public int compareTo(Price other) {
        return Integer.compare(cents, other.cents);
    }

    Object text() {
        return new Item();
    }
}
