use super::*;

fn of(thought: &str) -> Vec<&str> {
    names(thought).into_iter().map(Name::text).collect()
}

#[test]
fn prose_names_nothing() {
    for prose in [
        "Add a cart with items. The Total is printed, of course; it's well-known.",
        "e.g. this, i.e. that, etc. An item (or two), and/or file(s) and class(es)",
        "APIs, URLs, an ID; 42 of the 3rd kind, 2024/12/24, I/O and TCP/IP, U.S. law",
        "Some JSON over HTTP. `self` and `None` and `i` and `7` are in every file",
        "___ `` ``` ```",
    ] {
        assert_eq!(of(prose), [""; 0], "{prose}");
    }
}

#[test]
fn code_is_known_by_its_looks() {
    assert_eq!(of("total_price, cartTotal of CartItem"), ["total_price", "cartTotal", "CartItem"]);
    assert_eq!(of("HTTPServer _hidden LIMIT md5"), ["HTTPServer", "_hidden", "LIMIT", "md5"]);
    assert_eq!(of("größeÄndern"), ["größeÄndern"]);
}

#[test]
fn code_is_known_by_its_use() {
    assert_eq!(of("call sum(x), then print."), ["sum"]);
    assert_eq!(of("item.price, shop::Cart"), ["item", "price", "shop", "Cart"]);
    assert_eq!(of("node->next"), ["node", "next"]);
}

#[test]
fn code_is_known_by_its_backticks() {
    assert_eq!(of("put it in `cart`, not in cart"), ["cart"]);
    assert_eq!(of("`cart + rate`"), ["cart", "rate"]);
    assert_eq!(of("```python\ntotal = 1\n```\nnot this"), ["total"]);
    assert_eq!(of("```\ntotal of\n\nall"), ["total", "of", "all"]);
    // A backtick without its fellow on the line is none.
    assert_eq!(of("in the `old' style\nand `cart`"), ["cart"]);
    assert_eq!(of("one ` more\nplain"), [""; 0]);
}

#[test]
fn paths_are_names_as_a_whole() {
    let all = names("see shop/cart_view.py, ./lib/util or `models/user`");
    let expected = [
        Name::Path("shop/cart_view.py"),
        Name::Word("cart_view"),
        Name::Path("lib/util"),
        Name::Path("models/user"),
    ];
    assert_eq!(all, expected);
    assert_eq!(of("my-app/src/@core/x.rs"), ["my-app/src/@core/x.rs"]);
}
