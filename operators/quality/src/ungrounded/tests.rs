use backstory_core::{Definition, DefinitionKind, Import, Outline};
use proptest::prelude::*;

use super::*;
use crate::names::is_joint;

const TARGET: &str = "from shop import cart_view\nload('data/users.json')\n";
const THOUGHT: &str = "Read data/users.json, then show cart_view.";

fn of(shown: &Shown<'_>) -> Vec<&'static str> {
    untold(THOUGHT, TARGET, shown).into_iter().collect()
}

fn untold<'t>(thought: &'t str, target: &str, shown: &Shown<'_>) -> BTreeSet<&'t str> {
    ungrounded(thought, target, &Copies::of(thought, target), shown)
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
    let target = "data/users.csv, other/data.json";
    assert!(untold("data/users.json, cart_view", target, &Shown::new()).is_empty());
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
    let untold = untold(thought, thought, &shown);
    assert_eq!(untold, BTreeSet::from(["body_name"]));
}

/// Whether a text has a name: looks for every word, and for every pair of joined words, on its own.
fn has(text: &str, name: &Name<'_>) -> bool {
    match name {
        Name::Word(word) => words(text).any(|other| text[other] == **word),
        Name::Path(path) => pairs(path).iter().all(|pair| pairs(text).contains(pair)),
    }
}

fn pairs(text: &str) -> Vec<&str> {
    let both = words(text).zip(words(text).skip(1));
    let joined = both.filter(|(a, b)| is_joint(&text[a.end..b.start]));
    joined.map(|(a, b)| &text[a.start..b.end]).collect()
}

/// Texts of few words, so that most names are in most texts.
fn texts() -> impl Strategy<Value = String> {
    let word = ["a_1", "b_b", "cD", "a", "ä", "éa_b", "1", "2x", "long_name", "long_nami"];
    let joint = [" ", "/", ".", "-", "//", "/./", "-----", "`", "\n", "(", "é"];
    let part = (prop::sample::select(word.to_vec()), prop::sample::select(joint.to_vec()));
    let part = part.prop_map(|(word, joint)| [word, joint].concat());
    prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn ungrounded_is_what_a_search_for_each_name_finds(
        thought in texts(),
        target in texts(),
        texts in prop::collection::vec(texts(), 0..3),
    ) {
        let mut shown = Shown::new();
        for text in &texts {
            shown.add(text);
        }
        let names = names(&thought).into_iter();
        let leaks = names.filter(|name| has(&target, name) && !texts.iter().any(|text| has(text, name)));
        let expected: BTreeSet<_> = leaks.map(Name::text).collect();
        prop_assert_eq!(untold(&thought, &target, &shown), expected);
    }
}
