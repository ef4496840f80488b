package shop.core.util;

public interface Set<T> {
}
