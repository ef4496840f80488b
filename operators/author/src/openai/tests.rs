#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use backstory_core::{Answers, Draft, FilePlan, Mode, Moment, Step};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::facts::Facts;
use crate::openai::planning::Part;
use crate::outline::tests::shop;

mod keys;
#[path = "../../../model/tests/server/mod.rs"]
mod server;

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
fn author(fields: serde_json::Value) -> OpenAi {
    let mut config = json!({ "model": "m", "urls": ["http://localhost:1/v1"] });
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let config: OpenAiConfig = serde_json::from_value(config).unwrap();
    let environment = ModelEnvironment {
        base: Path::new("."),
        answers: Answers::Asked("answers"),
        key: &|_| None,
    };
    config.author(&environment).unwrap()
}

fn plan(structure: &Structure) -> Plan {
    let entry = |&file: &u32| FilePlan {
        file,
        purpose: format!("Purpose of {}.", structure.path(file)),
        interface: vec!["add(item)".into()],
        relies_on: vec![],
    };
    let files = structure.graph.order.iter().map(entry).collect();
    Plan { requirements: "Sell things.".into(), files }
}

fn part(structure: &Structure, number: usize, of: usize) -> Part<'_> {
    let order = &structure.graph.order;
    let files = &order[number * order.len() / of..(number + 1) * order.len() / of];
    Part { number, of, files, requirements: "Sell things." }
}

/// All messages of a question about `structure`.
fn prompt(author: &OpenAi, template: &str, values: &Value) -> String {
    let question = author.question("plan", None, template, values).unwrap();
    let text = |message: &Message| format!("<{}>\n{}\n", message.role, message.content);
    question.messages.iter().map(text).collect()
}

fn planning(author: &OpenAi, structure: &Structure, number: usize, of: usize) -> String {
    let facts = Facts::of(structure);
    let (template, values) = part(structure, number, of).values(author, &facts);
    prompt(author, template, &values)
}

#[test]
fn a_plan_is_asked_for() {
    insta::assert_snapshot!("plan", planning(&author(json!({})), &shop(), 0, 1));
    insta::assert_snapshot!("plan_part", planning(&author(json!({})), &shop(), 1, 2));
}

#[test]
fn thoughts_are_asked_for() {
    let structure = shop();
    let (facts, plan) = (Facts::of(&structure), plan(&structure));
    let author = author(json!({}));
    let ask = |mode, moment, template| {
        let scene = Scene { structure: &structure, plan: &plan, file: 0, moment, mode, attempt: 0 };
        let values = thinking::values(&author, &facts, &scene);
        prompt(&author, template, &values)
    };
    let need = Moment::BeforeReading { offered: &[1], skipped: &[2] };
    let design = Moment::BeforeWriting { reads: &[1], need: "I need items." };
    insta::assert_snapshot!("need", ask(Mode::Hindsight, need, "need"));
    insta::assert_snapshot!("design_blinded", ask(Mode::Blinded, design, "design"));
}

/// The prompt for another thought in the place of one.
fn rewriting(author: &OpenAi, structure: &Structure, mode: Mode, moment: Moment<'_>) -> String {
    let (facts, plan) = (Facts::of(structure), plan(structure));
    let draft = Draft {
        steps: vec![Step::Think("I have to think.".into()), Step::Write(0)],
        ..Draft::default()
    };
    let scene = Scene { structure, plan: &plan, file: 0, moment, mode, attempt: 0 };
    let rewriting = Rewriting { scene, draft: &draft, step: 0, round: 2, candidates: 3 };
    let question = rewriting::question(author, &facts, &rewriting, 1).unwrap();
    assert_eq!((question.purpose, question.sample), ("rewrite", 7));
    prompt(author, "rewrite", &rewriting::values(author, &facts, &rewriting))
}

#[test]
fn rewrites_are_asked_for() {
    let (structure, author) = (shop(), author(json!({})));
    let need = Moment::BeforeReading { offered: &[1], skipped: &[2] };
    let design = Moment::BeforeWriting { reads: &[1], need: "I need items." };
    let ask = |mode, moment| rewriting(&author, &structure, mode, moment);
    insta::assert_snapshot!("rewrite_need_blinded", ask(Mode::Blinded, need));
    insta::assert_snapshot!("rewrite_design", ask(Mode::Hindsight, design));
    let alone = ask(Mode::Hindsight, Moment::BeforeWriting { reads: &[1], need: "" });
    assert!(!alone.contains("Thought:"), "the thought before may have been dropped");
}

#[test]
fn a_rehearsal_counts_every_candidate() {
    let structure = shop();
    let plan = plan(&structure);
    let draft = Draft { steps: vec![Step::Think("I think.".into())], ..Draft::default() };
    let moment = Moment::BeforeReading { offered: &[], skipped: &[] };
    let mode = Mode::Blinded;
    let scene = Scene { structure: &structure, plan: &plan, file: 0, moment, mode, attempt: 0 };
    let rewriting = Rewriting { scene, draft: &draft, step: 0, round: 0, candidates: 3 };
    let rehearsal = Some(Rehearsal { price: None, recalls: false });
    let rehearsal = OpenAi { rehearsal, ..author(json!({})) };
    let Authored { result, requests } = futures::executor::block_on(rehearsal.rewrite(&rewriting));
    assert_eq!((result.unwrap().len(), requests.len()), (3, 3));
    let keys: std::collections::BTreeSet<_> = requests.iter().map(|request| request.key).collect();
    assert_eq!(keys.len(), 3, "each is asked once");
}

/// A rewrite shows what the thought was asked with, in the same words, and no more of the file.
#[test]
fn a_rewrite_begins_like_the_question_for_its_thought() {
    let (structure, author) = (shop(), author(json!({})));
    let (facts, plan) = (Facts::of(&structure), plan(&structure));
    let moment = Moment::BeforeWriting { reads: &[1], need: "I need items." };
    let mode = Mode::Blinded;
    let scene = Scene { structure: &structure, plan: &plan, file: 0, moment, mode, attempt: 0 };
    let first = prompt(&author, "design", &thinking::values(&author, &facts, &scene));
    let again = rewriting(&author, &structure, mode, moment);
    let common = first.bytes().zip(again.bytes()).take_while(|(a, b)| a == b).count();
    let task = first.find("# Task").unwrap();
    assert!(common > task, "{common} bytes in common, {task} before the task");
    let body = structure.text(0).lines().find(|line| line.contains("pass")).unwrap();
    assert!(!again.contains(body));
}

/// Answers to plans and thoughts that were recorded before are found again: what asks for rewrites is not a
/// part of what asked for them, unless it was chosen.
#[test]
fn rewrites_have_keys_of_their_own() {
    let folder = std::env::temp_dir().join(format!("backstory-rewrite-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("rewrite.jinja");
    std::fs::write(&path, "{{ current }}").unwrap();
    let (usual, other) =
        (author(json!({})), author(json!({ "prompts": { "rewrite": path.to_str().unwrap() } })));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_ne!(usual.templates.rewrite, usual.templates.digest);
    assert_ne!(usual.identity, other.identity);
}

/// What two questions about one repository have in common comes first, for the caches of servers.
#[test]
fn prompts_of_a_repository_begin_alike() {
    let structure = shop();
    let (facts, plan) = (Facts::of(&structure), plan(&structure));
    let author = author(json!({}));
    let ask = |file| {
        let moment = Moment::BeforeReading { offered: &[], skipped: &[] };
        let mode = Mode::Hindsight;
        let scene = Scene { structure: &structure, plan: &plan, file, moment, mode, attempt: 0 };
        prompt(&author, "need", &thinking::values(&author, &facts, &scene))
    };
    let (first, second) = (ask(0), ask(1));
    let common = first.bytes().zip(second.bytes()).take_while(|(a, b)| a == b).count();
    let next = first.find("# The file that is to be written next").unwrap();
    assert!(common >= next, "{common} bytes in common, {next} before the file");
}

#[tokio::test]
async fn parts_of_a_plan_are_asked_for_at_once_when_requirements_are_there() {
    let scenario = server::Scenario { latency_ms: 200, ..Default::default() };
    let server = server::Server::start(scenario).await;
    let folder = tempfile::tempdir().unwrap();
    let fields = json!({ "model": "m", "urls": [server.url()], "plan_files": 1 });
    let config: OpenAiConfig = serde_json::from_value(fields).unwrap();
    let environment = ModelEnvironment {
        base: Path::new("."),
        answers: Answers::Asked(folder.path().to_str().unwrap()),
        key: &|_| None,
    };
    let author = config.author(&environment).unwrap();
    let structure = shop();
    let authored = author.plan(&structure).await;
    let plan = authored.result.unwrap();
    let files: Vec<_> = plan.files.iter().map(|entry| entry.file).collect();
    assert_eq!((files, &*plan.requirements), (structure.graph.order.clone(), "It has to work."));
    let parts = structure.graph.order.len();
    assert_eq!((authored.requests.len(), server.stats().most as usize), (parts, parts - 1));
}

/// What the prompts about a repository begin with is made once, and let go with it.
#[test]
fn common_parts_are_kept_as_long_as_their_repository() {
    let (author, structure) = (author(json!({})), shop());
    let readme = author.common(&structure).get_attr("readme").unwrap();
    assert_eq!(author.common(&structure).get_attr("readme").unwrap(), readme);
    assert_eq!(author.commons.lock().len(), 1);
    drop(structure);
    author.common(&shop());
    assert_eq!(author.commons.lock().len(), 1);
}

fn read(answer: &str) -> Result<(String, Vec<FilePlan>), String> {
    let structure = shop();
    part(&structure, 0, 1).read(&Facts::of(&structure), answer)
}

fn answer(paths: &[&str]) -> String {
    let entry = |path: &&str| json!({ "path": path, "relies_on": ["shop/item.py", "nowhere.py"] });
    let files: Vec<_> = paths.iter().map(entry).collect();
    json!({ "requirements": "Sell.", "files": files }).to_string()
}

#[test]
fn a_plan_has_every_file_once_and_no_other() {
    let structure = shop();
    let mut paths: Vec<_> = structure.repository.files.iter().map(|file| &*file.path).collect();
    let (requirements, files) = read(&answer(&paths)).unwrap();
    assert_eq!(requirements, "Sell.");
    let order: Vec<_> = files.iter().map(|entry| entry.file).collect();
    assert_eq!(order, structure.graph.order, "whatever the order of the answer");
    let positions = structure.graph.positions();
    let earlier = |entry: &FilePlan| {
        entry.relies_on.iter().all(|&n| positions[n as usize] < positions[entry.file as usize])
    };
    assert!(files.iter().all(earlier));

    let quoted: Vec<_> = paths.iter().map(|path| format!("`./{path}` ")).collect();
    let quoted: Vec<_> = quoted.iter().map(String::as_str).collect();
    assert!(read(&answer(&quoted)).is_ok());

    paths.push("invented.py");
    assert_eq!(read(&answer(&paths)).unwrap_err(), "\"invented.py\" is none of the files listed");
    paths.pop();
    paths.push(paths[0]);
    assert!(read(&answer(&paths)).unwrap_err().ends_with("has two entries"));
    paths.truncate(1);
    assert!(read(&answer(&paths)).unwrap_err().ends_with("other files have no entry"));
    let bare = json!({ "requirements": " ", "files": [] }).to_string();
    assert_eq!(read(&bare).unwrap_err(), "it has no requirements");
}

/// What is quoted of a repository stands between marks that it does not hold, and templates of one's own can
/// quote as well.
#[test]
fn a_repository_cannot_end_its_own_quotation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.jinja");
    std::fs::write(&path, "{{ repository }}\n{{ quote('names', overview) }}\n").unwrap();
    let own = author(json!({ "prompts": { "plan": path } }));
    for (author, quoted) in [(author(json!({})), 2), (own, 1)] {
        let text = planning(&author, &shop(), 0, 1);
        let (_, user) = text.split_once("<user>").unwrap();
        let lines: Vec<_> = user.lines().collect();
        let begins = |line: &&str| line.get(16..).is_some_and(|rest| rest.starts_with(" begin "));
        let marks: Vec<_> = lines.iter().filter(|line| begins(line)).map(|at| &at[..16]).collect();
        assert_eq!(marks.len(), quoted, "{text}");
        for mark in marks {
            assert_eq!(user.matches(mark).count(), 2, "{mark} begins and ends\n{user}");
        }
    }
}

/// What a model is told first says nothing of the repository that it is about.
#[test]
fn all_questions_begin_with_the_same_words() {
    let author = author(json!({}));
    let told = author.templates.render("system", &context! {}).unwrap();
    assert!(planning(&author, &shop(), 1, 2).starts_with(&format!("<system>\n{told}\n<user>")));
}

#[test]
fn bodies_and_values_are_not_shown_to_who_is_blinded() {
    let structure = shop();
    let facts = Facts::of(&structure);
    for file in 0..structure.repository.files.len() as u32 {
        let shown = target::show(&facts, file, Mode::Blinded, 10_000);
        assert!(!shown.contains("pass") && !shown.contains("10"), "{shown}");
    }
    assert!(target::show(&facts, 0, Mode::Blinded, 10_000).contains("def add(self, item: Item"));
    assert_eq!(target::show(&facts, 0, Mode::Hindsight, 10_000), **structure.text(0));
}

#[test]
fn what_determines_answers_is_the_identity() {
    let identity = |fields| author(fields).identity();
    let usual = identity(json!({}));
    assert!(usual.starts_with("openai/1 m "), "{usual}");
    for same in [json!({ "max_in_flight": 9 }), json!({ "patience_seconds": 1 })] {
        assert_eq!(identity(same), usual);
    }
    for other in [
        json!({ "model": "n" }),
        json!({ "temperature": 0.5 }),
        json!({ "max_tokens": 9 }),
        json!({ "thought_words": 9 }),
        json!({ "context_tokens": 2000 }),
        json!({ "plan_files": 9 }),
        json!({ "reasoning": "use" }),
        json!({ "extra": { "top_k": 5 } }),
    ] {
        assert_ne!(identity(other.clone()), usual, "{other}");
    }
}

#[test]
fn a_template_that_cannot_be_used_is_reported() {
    let folder = std::env::temp_dir().join("no such folder");
    let config: OpenAiConfig = serde_json::from_value(json!({
        "model": "m", "urls": ["http://localhost:1/v1"], "prompts": { "need": "need.jinja" }
    }))
    .unwrap();
    let environment =
        ModelEnvironment { base: &folder, answers: Answers::Asked("answers"), key: &|_| None };
    let errors = config.author(&environment).err().unwrap();
    assert_eq!((errors.len(), errors[0].key), (1, "prompts"));
    assert!(errors[0].message.starts_with("the template \"need.jinja\" for \"need\""));
}

proptest! {
    /// More room never shows less, and no more is shown than there is room for.
    #[test]
    fn detail_keeps_to_its_budget(small in 120..4000_usize, more in 0..4000_usize) {
        let structure = shop();
        let facts = Facts::of(&structure);
        let order = &structure.graph.order;
        let (less, all) = (
            overview::describe(&facts, order, small),
            overview::describe(&facts, order, small + more),
        );
        prop_assert!(less.len() <= small && all.len() <= small + more);
        prop_assert!(less.len() <= all.len());
        for &file in order {
            prop_assert!(less.contains(facts.path(file)));
        }
    }

    #[test]
    fn a_cut_text_keeps_its_ends(lines in prop::collection::vec("[a-zé]{0,30}", 0..60), budget in 30..400_usize) {
        let text = lines.join("\n");
        let cut = target::ends(&text, budget);
        if text.len() <= budget {
            prop_assert_eq!(cut, text);
        } else {
            prop_assert!(cut.len() <= budget + 40);
            prop_assert!(cut.contains("left out ...]"));
        }
    }
}
