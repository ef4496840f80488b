package shop.core.util;

public interface List<T> {
}
