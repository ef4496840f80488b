//! `score`: what a model makes of a text after each of several thoughts.

use std::path::Path;

use serde_json::Value;

use crate::common::{Place, ROOT};
use crate::made;

/// A model of random weights and three texts.
fn place() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.at("model")).unwrap();
    let tokenizer = Path::new(ROOT).join("datasets/tokenizer.json");
    made::with_tokenizer(&place.at("model"), &tokenizer);
    place.write("context.txt", "A shop sells things. Orders over 100 get a discount.\n");
    place.write("thought.txt", "A tenth off from 100, in whole units.\n");
    place
        .write("order.py", "def discount(total):\n    return total // 10 if total >= 100 else 0\n");
    place
}

const ARGUMENTS: [&str; 7] =
    ["score", "--model", "model", "--context", "context.txt", "--target", "order.py"];

#[test]
fn a_target_after_each_thought() {
    let place = place();
    let thoughts = ["--thought", "thought.txt", "--thought", "order.py"];
    let arguments = [&ARGUMENTS[..], &thoughts].concat();
    insta::assert_snapshot!("scored", place.run(&arguments).exits(0).report());
    let json = place.run(&[&arguments[..], &["--json", "--threads", "1"]].concat()).exits(0).json();
    let scores = json["scores"].as_array().unwrap();
    let number = |at: usize, key: &str| scores[at][key].as_f64().unwrap();
    assert_eq!((scores.len(), &scores[0]["thought"]), (3, &Value::Null));
    for at in 0..3 {
        let same = scores[at]["tokens"] == scores[0]["tokens"];
        assert!(same, "the same tokens after each thought");
        let gain = (number(0, "nats") - number(at, "nats")) / number(at, "tokens");
        assert!((number(at, "gain_vs_none") - gain).abs() < 1e-9);
        // A model that knows nothing finds every token of 8,192 about as likely.
        assert!((5.0..25.0).contains(&(number(at, "nats") / number(at, "tokens"))));
    }
    assert_eq!(json["scorer"]["executor"], "cpu-f32");
}

#[test]
fn what_cannot_be_scored_is_said() {
    let place = place();
    let run = |changed: &[(&str, &str)]| {
        let mut arguments = ARGUMENTS.to_vec();
        for (key, value) in changed {
            let at = arguments.iter().position(|argument| argument == key).unwrap();
            arguments[at + 1] = value;
        }
        place.run(&arguments)
    };
    insta::assert_snapshot!("score_no_model", run(&[("--model", "nowhere")]).exits(2).report());
    insta::assert_snapshot!("score_no_target", run(&[("--target", "no.py")]).exits(2).report());
    let server = run(&[("--model", "http://localhost:1")]).exits(2);
    insta::assert_snapshot!("score_no_tokenizer", server.report());
    place.write("empty.py", "");
    insta::assert_snapshot!("score_empty", run(&[("--target", "empty.py")]).exits(1).report());
    place.write("long.txt", "word ".repeat(9000));
    insta::assert_snapshot!("score_long", run(&[("--context", "long.txt")]).exits(1).report());
    let tokenizer = ["--tokenizer", "model/tokenizer.json"];
    let arguments = ["score", "--model", "http://127.0.0.1:1", "--context", "context.txt"];
    let target = ["--target", "order.py"];
    let away = place.run(&[&arguments[..], &target, &tokenizer].concat()).exits(5);
    assert!(away.stderr.contains("127.0.0.1:1"), "{}", away.report());
}
