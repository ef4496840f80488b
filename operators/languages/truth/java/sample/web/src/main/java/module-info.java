module shop.web {
    requires java.base;
    exports shop.web;
}
