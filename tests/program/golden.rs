//! The rows that the plans of this project make of its sample repositories.
//!
//! Catches any change of a row: in what is read, ordered, written, templated, tokenised or masked. A
//! change that is meant shows in the snapshots and is accepted with them. That rows do not depend on
//! where a checkout lies is tested on its own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use backstory::tables::SequenceRow;
use backstory_core::{Digest, Hasher};

use crate::common::{Place, ROOT, Rows};
use crate::models::Model;
use crate::server::Scenario;

fn plans() -> Vec<PathBuf> {
    let mut plans = fs::read_dir(Path::new(ROOT).join("plans"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect::<Vec<_>>();
    plans.sort();
    assert!(plans.len() >= 5);
    plans
}

#[test]
fn every_plan_makes_its_golden_rows() {
    let model = Model::new(Scenario::default());
    let urls = format!("models.author.urls=[\"{}\"]", model.server().url());
    for plan in plans() {
        let name = plan.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&plan).unwrap();
        if text.contains("[scorers.") {
            // What is kept depends on the instructions that a processor has. The plan's test has recorded scores.
            continue;
        }
        let place = Place::new();
        let mut arguments = vec!["run", plan.to_str().unwrap(), "--set", "sink.uri=out"];
        if text.contains("kind = \"openai\"") {
            arguments.extend(["--set", &urls]);
        }
        place.run(&arguments).exits(0);
        insta::assert_snapshot!(name.replace('-', "_"), summary(&place.rows("out")));
        place.run(&["verify", "out"]).exits(0);
    }
}

/// With nobody to ask.
#[test]
fn every_plan_passes_its_test() {
    for plan in plans() {
        Place::new().run(&["test", plan.to_str().unwrap()]).exits(0);
    }
}

/// One block per row: what it counts, and digests of what is too long to read.
fn summary(rows: &Rows) -> String {
    assert!(rows.errors.is_empty(), "{:?}", rows.errors);
    let mut text = String::new();
    for (trajectory, sequence) in rows.trajectories.iter().zip(&rows.sequences) {
        assert_eq!(trajectory.trajectory_id, sequence.trajectory_id);
        let trained = sequence.loss_mask.iter().filter(|&&target| target).count();
        let language = trajectory.language.as_deref().unwrap_or("-");
        let author = trajectory.author.as_deref().unwrap_or("-");
        let license = trajectory.license.as_deref().unwrap_or("-");
        let _ = writeln!(
            text,
            "{} {}: {language}, {license}, author {author}\n  {} files, {} messages, {} spans, {} tokens, {trained} trained",
            trajectory.repo,
            trajectory.arm,
            trajectory.files.len(),
            trajectory.messages.len(),
            trajectory.spans.len(),
            sequence.input_ids.len(),
        );
        let digests = [
            ("content", trajectory.content_id.clone()),
            ("text", Digest::of(&trajectory.text).to_string()),
            ("spans", Digest::of(format!("{:?}", trajectory.spans)).to_string()),
            ("messages", Digest::of(format!("{:?}", trajectory.messages)).to_string()),
            ("ids", ids(sequence)),
            ("mask", mask(sequence)),
        ];
        for (what, digest) in digests {
            let _ = writeln!(text, "  {what:8} {digest:.16}");
        }
    }
    text
}

fn ids(sequence: &SequenceRow) -> String {
    let bytes = sequence.input_ids.iter().flat_map(|id| id.to_le_bytes());
    Hasher::new().field(bytes.collect::<Vec<_>>()).finish().to_string()
}

fn mask(sequence: &SequenceRow) -> String {
    let bytes = sequence.loss_mask.iter().map(|&target| u8::from(target));
    Hasher::new().field(bytes.collect::<Vec<_>>()).finish().to_string()
}

#[test]
fn rows_do_not_depend_on_where_a_checkout_lies() {
    let (here, there) = (Place::new(), Place::new());
    for (place, root) in [(&here, "a"), (&there, "somewhere/else")] {
        place.write(&format!("{root}/plans/plan.toml"), quickstart());
        for folder in ["datasets/repositories/todo", "datasets/repositories/trickle"] {
            copy(&Path::new(ROOT).join(folder), &place.at(&format!("{root}/{folder}")));
        }
        let tokenizer = fs::read(Path::new(ROOT).join("datasets/tokenizer.json")).unwrap();
        place.write(&format!("{root}/datasets/tokenizer.json"), tokenizer);
        place.run(&["run", &format!("{root}/plans/plan.toml")]).exits(0);
    }
    let (here, there) =
        (here.rows("a/out/quickstart"), there.rows("somewhere/else/out/quickstart"));
    assert_eq!(here.trajectories.len(), 4);
    here.assert_same(&there, "another checkout");
}

fn quickstart() -> String {
    fs::read_to_string(Path::new(ROOT).join("plans/quickstart.toml")).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Three files that depend on each other: small enough to be read as a whole.
pub const SMALL: [(&str, &str); 5] = [
    ("shop/README.md", "# Shop\n\nPrices of orders, with discounts.\n"),
    ("shop/pyproject.toml", "[project]\nname = \"shop\"\nlicense = \"MIT\"\n"),
    (
        "shop/shop/discount.py",
        "\"\"\"Discounts.\"\"\"\n\n\ndef discount(total: int) -> int:\n    \"\"\"A tenth off from 100.\"\"\"\n    return total // 10 if total >= 100 else 0\n",
    ),
    (
        "shop/shop/order.py",
        "\"\"\"Orders.\"\"\"\n\nfrom shop.discount import discount\n\n\nclass Order:\n    \"\"\"What one customer buys.\"\"\"\n\n    def __init__(self, prices: list[int]) -> None:\n        self.prices = prices\n\n    def total(self) -> int:\n        \"\"\"What is to be paid.\"\"\"\n        total = sum(self.prices)\n        return total - discount(total)\n",
    ),
    (
        "shop/tests/test_order.py",
        "from shop.order import Order\n\n\ndef test_total() -> None:\n    assert Order([60, 60]).total() == 108\n",
    ),
];

#[test]
fn a_small_repository_as_both_arms_tell_it() {
    let place = Place::with_files(&SMALL);
    place.run_into("out", &[]).exits(0);
    for row in place.rows("out").trajectories {
        insta::assert_snapshot!(format!("small_{}", row.arm.replace('-', "_")), row.text);
    }
}
