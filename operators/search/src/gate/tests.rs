#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::json;

use super::*;

fn gate(measure: GainMeasure, above: Option<f64>, below: Option<f64>, then: GainThen) -> GainGate {
    GainGate { measure, above, below, then }
}

fn gains(vs_none: f32, vs_first: f32) -> Gains {
    Gains { vs_none: Some(vs_none), vs_first: Some(vs_first), ..Gains::default() }
}

#[test]
fn a_refusal_says_the_gain_and_the_limit() {
    let silence = gate(GainMeasure::VsNone, None, Some(0.0), GainThen::Drop);
    let said = |vs_none| silence.check(&gains(vs_none, 1.0));
    assert_eq!(said(-0.25).unwrap(), "vs-none is -0.25, below 0");
    assert_eq!(said(-0.0001).unwrap(), "vs-none is -0.0001, below 0");
    assert_eq!((said(0.0), said(0.5)), (None, None));
    assert_eq!(silence.check(&Gains::default()), None, "what is not known passes");
    let above = gate(GainMeasure::SwapControl, Some(0.1), None, GainThen::Mark);
    let swap = |gain| above.check(&Gains { swap_control: Some(gain), ..Gains::default() });
    assert_eq!((swap(0.1), swap(0.2).unwrap()), (None, "swap-control is 0.20, above 0.1".into()));
}

#[test]
fn the_hardest_gate_decides() {
    let marked = gate(GainMeasure::VsNone, None, Some(1.0), GainThen::Mark);
    let dropped = gate(GainMeasure::VsNone, None, Some(0.5), GainThen::Drop);
    let also = gate(GainMeasure::VsFirst, None, Some(0.5), GainThen::Drop);
    let rejected = gate(GainMeasure::VsFirst, None, Some(0.1), GainThen::Reject);
    let gates = [marked, dropped, also, rejected];
    assert_eq!(verdict(&gates, &gains(0.75, 1.0)), Verdict::Stays);
    let why = "vs-none is 0.25, below 0.5".to_owned();
    assert_eq!(verdict(&gates, &gains(0.25, 0.25)), Verdict::Dropped(why));
    let why = "vs-first is 0.00, below 0.1".to_owned();
    assert_eq!(verdict(&gates, &gains(0.25, 0.0)), Verdict::Rejected(why));
    let said = marks(&gates[..1], "a.py", &[gains(2.0, 0.0), gains(0.0, 0.0)]);
    assert_eq!(said, ["a.py, thought 2: vs-none is 0.00, below 1"]);
}

#[test]
fn all_that_is_wrong_is_reported() {
    let gate = |above, below| gate(GainMeasure::LeakAdjusted, above, below, GainThen::Drop);
    let said = |gate: GainGate| {
        let error = gate.problem()?;
        assert!(error.key == "gain_gates" && error.hint.is_some());
        Some(error.message)
    };
    let neither = "the gate on leak-adjusted has neither \"above\" nor \"below\"";
    assert_eq!(said(gate(None, None)).unwrap(), neither);
    assert_eq!(said(gate(Some(f64::NAN), None)).unwrap(), "NaN is no limit for leak-adjusted");
    let all = "the gate on leak-adjusted refuses everything: above -1, and below 1";
    assert_eq!(said(gate(Some(-1.0), Some(1.0))).unwrap(), all);
    assert_eq!((said(gate(None, Some(-3.0))), said(gate(Some(1.0), Some(1.0)))), (None, None));
}

#[test]
fn names_are_those_of_plans_and_the_manual_knows_them() {
    for measure in GainMeasure::ALL {
        assert_eq!(serde_json::to_value(measure).unwrap(), measure.name());
    }
    for then in [GainThen::Drop, GainThen::Mark, GainThen::Reject] {
        assert_eq!(serde_json::to_value(then).unwrap(), then.name());
    }
    let read = serde_json::from_value::<GainGate>;
    let full = json!({ "measure": "vs-none", "above": 2, "below": 0.5, "then": "drop" });
    let expected = gate(GainMeasure::VsNone, Some(2.0), Some(0.5), GainThen::Drop);
    assert_eq!(read(full).unwrap(), expected);
    assert!(read(json!({ "measure": "words", "below": 1, "then": "drop" })).is_err());
    assert!(read(json!({ "measure": "vs-none", "then": "drop", "attempts": 1 })).is_err());
    let schema = serde_json::to_value(schemars::schema_for!(GainGate)).unwrap();
    assert_eq!(schema["required"], json!(["measure", "then"]));
    let keys = schema["properties"].as_object().unwrap();
    assert!(keys.values().all(|key| key["description"].is_string()));
}
