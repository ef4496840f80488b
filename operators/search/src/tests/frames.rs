//! What is scored, as text.

use backstory_core::Story;
use backstory_flatten::Flatten;

use super::*;

fn text(case: &Case, candidate: usize) -> String {
    let parts = case.context.iter().chain(&case.candidates[candidate]).chain([&case.target]);
    parts.map(|part| &**part).collect()
}

/// The trajectory of the repository's first file, up to its end, is what is scored.
#[test]
fn what_is_scored_is_what_the_trajectory_tells() {
    let structure = structure(&[("a.py", "a = 1\n"), ("b.py", "b = 2\n")]);
    let plan = plan(&structure);
    let think = |file, text: &str| vec![Step::Think(text.into()), Step::Write(file)];
    let drafts = vec![draft(0, think(0, "First.")), draft(1, think(1, "Second."))];
    let opening = crate::frame::opening(&structure, &plan, &drafts[0], None);
    let frame = crate::frame::Frame::of(&structure, &opening, &drafts[0], 0);
    let scored = text(&frame.case(&[Some("First.")]), 0);

    let flatten: Flatten = serde_json::from_value(json!({ "arm": "a" })).unwrap();
    let environment = Environment { base: Path::new("."), author: &|_| None, scorer: &|_| None };
    let Ok(Work::Flatten(flatten)) = flatten.build(&environment) else { panic!("no work") };
    let story = Story {
        plan: Arc::new(plan),
        drafts: drafts.into_iter().map(Arc::new).collect(),
        author: String::new(),
        mode: Mode::default(),
    };
    let told = flatten.flatten(&structure, Some(&story)).unwrap().text;
    let from = told.find("<requirements>").unwrap();
    assert_eq!(told[from..][..scored.len()], scored);
}

#[test]
fn reads_are_told_and_no_thought_leaves_no_trace() {
    let structure = structure(&[("a.py", "a = 1\n"), ("b.py", "b = 2\n")]);
    let plan = plan(&structure);
    let steps = vec![
        Step::Think("Need.".into()),
        Step::Read(0),
        Step::Observation(0),
        Step::Think("Design.".into()),
        Step::Write(1),
    ];
    let draft = draft(1, steps);
    let opening = crate::frame::opening(&structure, &plan, &draft, Some(60));
    let frame = crate::frame::Frame::of(&structure, &opening, &draft, 3);
    let case = frame.case(&[Some("Other."), None]);
    let expected = "<requirements>\nSell things.\n</requirements>\n\
        <plan>\n1. a.py: Purpose of a.py.\n   Offers:\n   - add(item)\n\
        2. b.py: Purpose of b.py.\n   Offers:\n   - add(item)\n</plan>\n\
        <think>\nNeed.\n</think>\n<read>a.py</read>\n<file path=\"a.py\">\na = 1\n</file>\n\
        <think>\nOther.\n</think>\n<write path=\"b.py\">\nb = 2\n";
    assert_eq!(text(&case, 0), expected);
    assert_eq!(text(&case, 1), expected.replace("<think>\nOther.\n</think>\n", ""));
}

#[test]
fn a_plan_that_does_not_fit_is_cut_to_what_matters() {
    let files = [("a.py", "a"), ("b.py", "b"), ("c.py", "c")];
    let structure = structure(&files);
    let draft = draft(2, vec![Step::Think(String::new()), Step::Read(0), Step::Write(2)]);
    let told =
        |most| crate::frame::opening(&structure, &plan(&structure), &draft, most)[1].to_string();
    assert_eq!(told(None), told(Some(1000)));
    let short = told(Some(50));
    assert!(short.contains("1. a.py") && short.contains("3. c.py") && !short.contains("b.py"));
}
