//! Which questions are other ones after an edit: those that show what was edited, and no others. Files are
//! outlined and ordered as in a run. With them, what thoughts about a file are made of is another one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use backstory_core::{Environment, Operator, SourceFile, Work};
use backstory_graph::Graph;
use backstory_parse::Parse;

use super::*;

const MONEY: &str = "\
\"\"\"Amounts.\"\"\"

def total(amounts):
    \"\"\"The sum of amounts.\"\"\"
    return sum(amounts)
";

const ITEM: &str = "\
\"\"\"Things to buy.\"\"\"
from shop.money import total

class Item:
    \"\"\"A thing with its price.\"\"\"

    def price(self) -> int:
        return total([1])
";

const CART: &str = "\
\"\"\"What somebody buys.\"\"\"
from shop.item import Item

def add(item: Item):
    return [item]
";

const LOG: &str = "\
//! What happened.

/// One line.
pub fn line(text: &str) -> String {
    text.to_uppercase()
}
";

/// Paths with texts, source or not, and the commit.
#[derive(Clone)]
struct State {
    texts: BTreeMap<&'static str, String>,
    commit: &'static str,
}

impl State {
    fn first() -> Self {
        let readme = "# Shop\n\nIt sells things.\n";
        let texts = [
            ("README.md", readme),
            ("log/lib.rs", LOG),
            ("shop/cart.py", CART),
            ("shop/item.py", ITEM),
            ("shop/money.py", MONEY),
        ];
        let texts = texts.map(|(path, text)| (path, text.to_owned())).into();
        Self { texts, commit: "1f" }
    }

    /// With `old` in a file replaced by `new`.
    fn with(&self, path: &'static str, old: &str, new: &str) -> Self {
        let mut other = self.clone();
        let text = other.texts.get_mut(path).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{old}");
        *text = text.replace(old, new);
        other
    }

    fn structure(&self) -> Structure {
        let environment =
            Environment { base: Path::new("."), author: &|_| None, scorer: &|_| None };
        let (Ok(Work::Outline(parse)), Ok(Work::Order(graph))) =
            (Parse::default().build(&environment), Graph::default().build(&environment))
        else {
            panic!("both need nothing")
        };
        let language = |path: &str| if path.starts_with("shop/") { "python" } else { "rust" };
        let (context, files): (Vec<_>, Vec<_>) =
            self.texts.iter().partition(|(path, _)| **path == "README.md");
        let source = |(path, text): (&&str, &String)| SourceFile {
            path: (*path).into(),
            language: language(path),
            digest: Digest::of(text),
            text: text.as_str().into(),
        };
        let repository = Repository {
            name: "shop".into(),
            commit: Some(self.commit.into()),
            license: None,
            files: files.into_iter().map(source).collect(),
            context: context
                .into_iter()
                .map(|(&p, text)| (p.into(), text.as_str().into()))
                .collect(),
            left_out: BTreeMap::new(),
            failures: vec![],
        };
        let outlines: Vec<_> =
            repository.files.iter().map(|file| Arc::new(parse.outline(file))).collect();
        let graph = graph.order(&repository, &outlines).into();
        Structure { repository: repository.into(), outlines: outlines.into(), graph }
    }

    /// The key of every question, by what it is called: `plan`, `need shop/cart.py`.
    fn keys(&self, author: &OpenAi, mode: Mode) -> BTreeMap<String, Digest> {
        let structure = self.structure();
        let (facts, plan) = (Facts::of(&structure), plan(&structure));
        let part = Part::all(author, &structure.graph.order).next().unwrap();
        let question = part.question(author, &facts).unwrap();
        let mut keys = BTreeMap::from([("plan".to_owned(), author.client.key(&question))]);
        for file in 0..structure.repository.files.len() as u32 {
            let structure = &structure;
            let reads = facts.needs(file);
            let scene = |moment| Scene { structure, plan: &plan, file, moment, mode, attempt: 0 };
            let before = scene(Moment::BeforeReading { offered: &reads, skipped: &[] });
            let after = scene(Moment::BeforeWriting { reads: &reads, need: "I look." });
            let steps = vec![Step::Think("I look.".into()), Step::Write(file)];
            let draft = Draft { file, steps, ..Draft::default() };
            let again = Rewriting { scene: after, draft: &draft, step: 0, round: 0, candidates: 1 };
            let questions = [
                ("need", thinking::question(author, &facts, &before).unwrap()),
                ("design", thinking::question(author, &facts, &after).unwrap()),
                ("rewrite", rewriting::question(author, &facts, &again, 0).unwrap()),
            ];
            let path = structure.path(file);
            let named = |(of, question)| (format!("{of} {path}"), author.client.key(&question));
            keys.extend(questions.map(named));
            keys.insert(format!("inputs {path}"), author.inputs(&before).unwrap());
        }
        keys
    }
}

/// By name, what is asked of the first state and is another question in the second, or none.
fn changed(first: &BTreeMap<String, Digest>, second: &BTreeMap<String, Digest>) -> Vec<String> {
    let differs = |(name, key): &(&String, &Digest)| second.get(*name) != Some(*key);
    first.iter().filter(differs).map(|(name, _)| name.clone()).collect()
}

/// What is asked anew after each edit: `all` if it is all that there is. The plan is one that says the same
/// of the same paths, whatever they hold.
#[test]
fn an_edit_changes_the_questions_that_show_it() {
    let first = State::first();
    let mut added = first.clone();
    added.texts.insert("shop/tax.py", "\"\"\"Taxes.\"\"\"\n".into());
    let mut removed = first.clone();
    removed.texts.remove("log/lib.rs");
    let mut renamed = removed.clone();
    renamed.texts.insert("log/log.rs", LOG.into());
    let edits = [
        ("nothing", first.clone()),
        ("the commit", State { commit: "2e", ..first.clone() }),
        (
            "a body of money",
            first.with("shop/money.py", "return sum(amounts)", "return 0 + sum(\n        amounts)"),
        ),
        ("a body of item", first.with("shop/item.py", "total([1])", "total([1, 2, 3])")),
        (
            "a body of log",
            first.with("log/lib.rs", "text.to_uppercase()", "let long = text;\n    long.into()"),
        ),
        ("a signature of item", first.with("shop/item.py", "price(self)", "price(self, tax)")),
        ("a doc comment of log", first.with("log/lib.rs", "One line.", "A line.")),
        (
            "an import of cart",
            first.with("shop/cart.py", "\n\ndef", "\nfrom shop.money import total\n\ndef"),
        ),
        ("the README", first.with("README.md", "sells", "buys")),
        ("a new file", added),
        ("a file less", removed),
        ("another name for log", renamed),
    ];
    let mut told = String::new();
    for mode in [Mode::Hindsight, Mode::Blinded] {
        let author = author(json!({}));
        let before = first.keys(&author, mode);
        writeln!(told, "{}", mode.name()).unwrap();
        for (edit, state) in &edits {
            let after = state.keys(&author, mode);
            let changed = changed(&before, &after);
            let list =
                if changed.len() == before.len() { "all".into() } else { changed.join(", ") };
            writeln!(told, "  {edit}: {list}").unwrap();
        }
    }
    insta::assert_snapshot!("questions_changed", told);
}

/// Thoughts are made of whatever a template may print of the scene, and of what becomes of answers, whether
/// the first question prints it or not.
#[test]
fn inputs_are_more_than_the_first_question() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("need.jinja");
    std::fs::write(&path, "What is needed for {{ path }}?").unwrap();
    let first = State::first();
    let second = first.with("shop/cart.py", "return [item]", "return {item}");
    let own = author(json!({ "prompts": { "need": path } }));
    let keys = |state: &State, author: &OpenAi| state.keys(author, Mode::Hindsight);
    let changed = |name: &str| keys(&first, &own)[name] != keys(&second, &own)[name];
    assert!(!changed("need shop/cart.py") && changed("inputs shop/cart.py"));
    let other = author(json!({ "reasoning": "use" }));
    let differs = |name: &str| keys(&first, &other)[name] != keys(&first, &author(json!({})))[name];
    assert!(!differs("need shop/cart.py") && differs("inputs shop/cart.py"));
}
