//! A resolved plan as text: every name, every input and every default written out.
//!
//! The text is a plan file again. It keeps paths as they were typed and says where they start, so that
//! it reads back to a plan of the same [`super::Resolved::hash`].

use serde_json::{Map, Value as Json, json};

use super::kind::Kind;
use super::load::{Configured, Loaded};
use super::variables;
use super::wiring::{Input, SOURCE};

/// The plan as TOML. Settings of the engine are left out: no row depends on them.
pub(super) fn echo(plan: &Loaded) -> String {
    let operators = plan.operators.iter().map(|step| {
        let input = match step.input {
            Input::Source => SOURCE,
            Input::Operator(at) => &plan.operators[at].table.name,
        };
        table(&step.table, &[("name", &step.table.name), ("input", input)])
    });
    let inputs: Vec<_> =
        plan.sink.inputs.iter().map(|at| &plan.operators[*at].table.name).collect();
    let mut whole = json!({
        "base": plan.base.to_string_lossy(),
        "source": table(&plan.source, &[]),
        "models": named(&plan.models),
        "scorers": named(&plan.scorers),
        "operator": operators.collect::<Vec<_>>(),
        "sink": { "uri": plan.sink.uri, "inputs": inputs },
    });
    clean(&mut whole);
    // Every value came from TOML or from a default that TOML can say.
    toml::to_string(&whole).unwrap_or_default()
}

fn named<K: Kind>(tables: &[Configured<K>]) -> Map<String, Json> {
    tables.iter().map(|named| (named.name.clone(), table(named, &[]))).collect()
}

fn table<K: Kind>(table: &Configured<K>, common: &[(&str, &str)]) -> Json {
    let mut keys = Map::new();
    keys.insert("kind".to_owned(), table.kind.config().name.into());
    keys.extend(common.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())));
    let own = table.config.as_object().into_iter().flatten();
    keys.extend(own.map(|(key, value)| (key.clone(), value.clone())));
    keys.into()
}

/// TOML has no null, and a dollar starts a variable.
fn clean(value: &mut Json) {
    match value {
        Json::String(text) => *text = variables::escape(text),
        Json::Array(values) => values.iter_mut().for_each(clean),
        Json::Object(keys) => {
            keys.retain(|_, value| !value.is_null());
            keys.values_mut().for_each(clean);
        }
        _ => {}
    }
}
