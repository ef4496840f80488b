package shop.core.util;

public @interface Generated {
    int value() default 0;
}
