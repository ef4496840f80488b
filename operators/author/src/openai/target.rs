//! What is shown of the file that a thought is about.

use backstory_core::{DefinitionKind, Mode};

use crate::facts::{Facts, Offer};
use crate::openai::overview::topic;
use crate::prose::count;

/// The file in hindsight; its skeleton to who is blinded. `budget` is in bytes.
pub(crate) fn show(facts: &Facts<'_>, file: u32, mode: Mode, budget: usize) -> String {
    match mode {
        Mode::Hindsight => ends(facts.structure.text(file), budget),
        Mode::Blinded => ends(&skeleton(facts, file), budget),
    }
}

/// The text, without lines from its middle if it is longer than `budget` bytes.
pub(crate) fn ends(text: &str, budget: usize) -> String {
    if text.len() <= budget {
        return text.to_owned();
    }
    let head = &text[..text.floor_char_boundary(budget * 2 / 3)];
    let head = head.rfind('\n').map_or(head, |end| &head[..end]);
    let tail = &text[text.ceil_char_boundary(text.len() - budget / 3)..];
    let tail = tail.find('\n').map_or("", |start| &tail[start + 1..]);
    let left_out = text[head.len()..text.len() - tail.len()].lines().count();
    format!("{head}\n[... {} left out ...]\n{tail}", count(left_out, "line"))
}

/// A signature with its topic; of what has a value, all that stands before the value.
fn without_value(offer: &Offer<'_>) -> String {
    use DefinitionKind::{Alias, Constant, Variable};
    let topic = topic(offer);
    match offer.definition.kind {
        Alias | Constant | Variable => match topic.split_once('=') {
            Some((before, _)) => before.trim_end_matches([' ', ':']).to_owned(),
            None => topic,
        },
        _ => topic,
    }
}

/// Imports, signatures and the first sentences of comments: no body, no value, no name that only a body
/// has.
fn skeleton(facts: &Facts<'_>, file: u32) -> String {
    let outline = facts.structure.outline(file);
    let mut lines = vec![];
    for import in &outline.imports {
        let names: Vec<_> = import.names.iter().map(|name| name.name.as_str()).collect();
        lines.push(match names[..] {
            [] => format!("imports {}", import.path),
            _ => format!("imports {} from {}", names.join(", "), import.path),
        });
    }
    lines.dedup();
    lines.extend(facts.definitions(file).map(|definition| without_value(&definition)));
    if lines.is_empty() {
        lines.push("(no imports and no definitions)".to_owned());
    }
    lines.join("\n")
}
