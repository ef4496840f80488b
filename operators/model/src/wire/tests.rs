#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::json;

use super::*;
use crate::check::servers;

fn server() -> Server {
    let config = json!({ "model": "m", "urls": ["http://a/v1"], "api_key": "KEY" });
    let config: ModelConfig = serde_json::from_value(config).unwrap();
    servers(&config, &|_| Some("sk-secret".into())).unwrap().remove(0)
}

fn of(value: &Value) -> Verdict {
    understand(&server(), value.to_string().as_bytes())
}

#[test]
fn answers_in_all_their_forms() {
    let expect = |content: &str, reasoning: Option<&str>, value: Value| {
        let Verdict::Answered { reply, truncated: false, .. } = of(&value) else {
            panic!("{value}: {:?}", of(&value));
        };
        assert_eq!((reply.content.as_str(), reply.reasoning.as_deref()), (content, reasoning));
    };
    let message = |message: Value| json!({ "choices": [{ "message": message }], "usage": null });
    expect("yes", None, message(json!({ "content": "yes" })));
    expect("yes", None, message(json!({ "content": [{ "type": "text", "text": "yes" }] })));
    expect("yes", Some("hm"), message(json!({ "content": "yes", "reasoning_content": "hm" })));
    expect("yes", Some("hm"), message(json!({ "content": "yes", "reasoning": "hm" })));
    expect("yes", Some("hm"), message(json!({ "content": "hm</think>yes", "tool_calls": [] })));
}

#[test]
fn usage_is_read_where_it_can_be() {
    let usage = |usage: Value| {
        let value = json!({ "choices": [{ "message": { "content": "a" } }], "usage": usage });
        let Verdict::Answered { usage, .. } = of(&value) else { panic!("{value}") };
        usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens))
    };
    assert_eq!(usage(json!({ "prompt_tokens": 3, "completion_tokens": 4 })), Some((3, 4)));
    assert_eq!(usage(json!({ "prompt_tokens": 3, "completion_tokens": null })), Some((3, 0)));
    assert_eq!(usage(json!({ "prompt_tokens": -1 })), None);
    assert_eq!(usage(json!("many")), None);
}

#[test]
fn a_cut_off_answer_may_be_empty() {
    let choice = json!({ "message": { "content": null }, "finish_reason": "length" });
    let verdict = of(&json!({ "choices": [choice] }));
    assert!(matches!(verdict, Verdict::Answered { truncated: true, .. }), "{verdict:?}");
}

#[test]
fn nonsense_is_told_without_keys() {
    let told = |value: Value| match of(&value) {
        Verdict::Nonsense { message, .. } => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(told(json!({})), "an answer without a choice");
    assert_eq!(told(json!({ "choices": [{}] })), "a choice without a message");
    assert_eq!(told(json!({ "choices": [{ "message": {} }] })), "an empty answer");
    let refusal = json!({ "choices": [{ "message": { "refusal": "no sk-secret" } }] });
    assert_eq!(told(refusal), "the model refuses: no …");
    let error = json!({ "error": { "message": "bad\n key sk-secret" } });
    assert_eq!(told(error), "an error instead of an answer: bad key …");
}

#[test]
fn explanations_are_found_and_short() {
    assert_eq!(explanation(br#"{"error":{"message":"a"}}"#), "a");
    assert_eq!(explanation(br#"{"error":"a"}"#), "a");
    assert_eq!(explanation(br#"{"detail":"a"}"#), "a");
    assert_eq!(explanation(b"a\xff"), "a\u{fffd}");
    assert_eq!(short(&"ä ".repeat(999)).chars().count(), LONGEST_MESSAGE + 1);
}
