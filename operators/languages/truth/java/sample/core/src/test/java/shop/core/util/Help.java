package shop.core.util;

public class Help {
}
