use backstory_core::{Definition, DefinitionKind, Import};

use super::*;

const TARGET: &str = "from shop import cart_view\nload('data/users.json')\n";
const THOUGHT: &str = "Read data/users.json, then show cart_view.";

fn of(shown: &Shown<'_>) -> Vec<&'static str> {
    ungrounded(THOUGHT, &Words::of(TARGET), shown).into_iter().collect()
}

#[test]
fn what_was_told_is_grounded() {
    let mut shown = Shown::new();
    assert_eq!(of(&shown), ["cart_view", "data/users.json"]);
    // The words alone are no path, nor are parts of it in different texts.
    shown.add("data of users as json; another/users.json");
    shown.add("all in data/users");
    assert_eq!(of(&shown), ["cart_view", "data/users.json"]);
    shown.add("Users are kept in /srv/data/users.json.");
    assert_eq!(of(&shown), ["cart_view"]);
    shown.add("CART_VIEW, cart-view, my_cart_view");
    assert_eq!(of(&shown), ["cart_view"]);
    shown.add("shop.cart_view");
    assert_eq!(of(&shown), [""; 0]);
}

#[test]
fn what_is_not_in_the_target_is_no_leak() {
    let target = Words::of("data/users.csv, other/data.json");
    assert!(ungrounded("data/users.json, cart_view", &target, &Shown::new()).is_empty());
}

#[test]
fn texts_are_shared() {
    let mut plan = Shown::new();
    plan.add("cart_view");
    let mut file = Shown::new();
    file.add("data/users.json");
    let before = file.clone();
    file.extend(&plan);
    assert_eq!(of(&before), ["cart_view"]);
    assert_eq!(of(&file), [""; 0]);
}

#[test]
fn an_outline_shows_signatures_and_imports_but_no_bodies() {
    let text = "use a_b;\nfn cart_size(max_size: u8) { body_name() }";
    let at = |part: &str| {
        let start = text.find(part).unwrap_or_default() as u32;
        start..start + part.len() as u32
    };
    let outline = Outline {
        definitions: vec![Definition {
            kind: DefinitionKind::Function,
            name: at("cart_size"),
            signature: at("fn cart_size(max_size: u8)"),
            doc: None,
            range: at("fn cart_size(max_size: u8) { body_name() }"),
            parent: None,
            public: false,
        }],
        imports: vec![Import {
            path: "shop::in_path".into(),
            names: vec!["taken_name".into()],
            alias: Some("an_alias".into()),
            ..Import::default()
        }],
        ..Outline::default()
    };
    let mut shown = Shown::new();
    shown.add_outline(&outline, text);
    let thought = "cart_size max_size in_path taken_name an_alias body_name";
    let untold = ungrounded(thought, &Words::of(thought), &shown);
    assert_eq!(untold, BTreeSet::from(["body_name"]));
}
