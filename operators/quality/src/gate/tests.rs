#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::json;

use super::*;

fn gate(measure: Measure, above: Option<f64>, below: Option<f64>) -> Gate {
    Gate { measure, above, below, then: Then::Reject, attempts: 0 }
}

fn copied(copy_13: f32) -> Quality {
    Quality { copy_13, ..Quality::default() }
}

#[test]
fn a_refusal_says_the_number_and_the_limit() {
    let above = gate(Measure::Copy13, Some(0.3), None);
    let said = |copy_13| above.check(&copied(copy_13));
    assert_eq!(said(0.41).unwrap(), "copy-13 is 0.41, above 0.3");
    assert_eq!(said(1.0).unwrap(), "copy-13 is 1.00, above 0.3");
    assert_eq!(said(0.30001).unwrap(), "copy-13 is 0.30001, above 0.3");
    assert_eq!(said(0.3), None);
    assert_eq!(said(0.0), None);

    let band = gate(Measure::Words, Some(400.0), Some(20.0));
    let said = |words| band.check(&Quality { words, ..Quality::default() });
    assert_eq!(said(401).unwrap(), "words is 401, above 400");
    assert_eq!(said(19).unwrap(), "words is 19, below 20");
    assert_eq!((said(20), said(400)), (None, None));
}

#[test]
fn digits_never_cross_the_limit() {
    let above = gate(Measure::Copy13, Some(0.302), None);
    assert_eq!(above.check(&copied(0.304)).unwrap(), "copy-13 is 0.304, above 0.302");
    let below = gate(Measure::Copy13, None, Some(0.302));
    assert_eq!(below.check(&copied(0.3)).unwrap(), "copy-13 is 0.30, below 0.302");
}

#[test]
fn all_that_is_wrong_is_reported() {
    let gates = [
        gate(Measure::Copy8, None, None),
        gate(Measure::Copy8, Some(f64::NAN), None),
        gate(Measure::Words, None, Some(f64::INFINITY)),
        gate(Measure::Repetition, Some(30.0), None),
        gate(Measure::Ungrounded, None, Some(-1.0)),
        gate(Measure::Words, Some(20.0), Some(400.0)),
        gate(Measure::Words, Some(20.0), Some(20.0)),
    ];
    let errors = validate(&gates).unwrap_err();
    assert!(errors.iter().all(|error| error.key == "gates" && error.hint.is_some()));
    let messages: Vec<_> = errors.iter().map(|error| &*error.message).collect();
    let expected = [
        "the gate on copy-8 has neither \"above\" nor \"below\"",
        "NaN is no limit for copy-8",
        "inf is no limit for words",
        "repetition can never reach 30",
        "ungrounded can never reach -1",
        "the gate on words refuses everything: above 20, and below 400",
    ];
    assert_eq!(messages, expected);
    assert_eq!(validate(&gates[6..]), Ok(()));
    assert_eq!(validate(&[]), Ok(()));
}

#[test]
fn gates_are_read_from_plans() {
    let read = serde_json::from_value::<Gate>;
    let full = json!({"measure": "longest-copy", "above": 40, "then": "mark", "attempts": 2});
    let expected =
        Gate { then: Then::Mark, attempts: 2, ..gate(Measure::LongestCopy, Some(40.0), None) };
    assert_eq!(read(full).unwrap(), expected);
    let least = json!({"measure": "copy-8", "below": 0.1, "then": "reject"});
    assert_eq!(read(least).unwrap(), gate(Measure::Copy8, None, Some(0.1)));
    for wrong in [
        json!({"measure": "copy-9", "above": 0.1, "then": "mark"}),
        json!({"measure": "copy-8", "above": 0.1}),
        json!({"measure": "copy-8", "over": 0.1, "then": "mark"}),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn names_are_those_of_plans_and_the_manual_knows_them() {
    for measure in Measure::ALL {
        assert_eq!(serde_json::to_value(measure).unwrap(), measure.name());
    }
    for then in [Then::Reject, Then::Mark] {
        assert_eq!(serde_json::to_value(then).unwrap(), then.name());
    }
    let schema = serde_json::to_value(schemars::schema_for!(Gate)).unwrap();
    assert_eq!(schema["required"], json!(["measure", "then"]));
    assert_eq!(schema["additionalProperties"], false);
    let keys = schema["properties"].as_object().unwrap();
    assert!(keys.values().all(|key| key["description"].is_string()));
}
