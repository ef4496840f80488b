//! Whether a story is told in order and to the byte.

use std::sync::Arc;

use backstory_core::{Draft, Plan, Span, SpanKind, Step, Structure};

/// Whether a story keeps its order: there is one draft per file of the plan, in the plan's order, and the
/// plan has every file of the repository once; every draft writes its own file, once and at its end; and every
/// read is of a file that was written before, and followed by the observation of just that file. Linear in
/// the number of steps.
pub fn order_ok(structure: &Structure, plan: &Plan, drafts: &[Arc<Draft>]) -> bool {
    let mut written = vec![false; structure.repository.files.len()];
    let planned = plan.files.iter().map(|entry| entry.file);
    let follows_plan = planned.eq(drafts.iter().map(|draft| draft.file));
    let in_order = drafts.iter().all(|draft| {
        reads_what_is_there(draft, &written)
            && written
                .get_mut(draft.file as usize)
                .is_some_and(|written| !std::mem::replace(written, true))
    });
    follows_plan && in_order && written.iter().all(|&written| written)
}

/// Whether a draft reads what is `written`, sees what it reads, and ends with its only write.
fn reads_what_is_there(draft: &Draft, written: &[bool]) -> bool {
    let Some((Step::Write(file), mut steps)) = draft.steps.split_last() else { return false };
    while let [step, rest @ ..] = steps {
        steps = match (step, rest) {
            (Step::Think(_), _) => rest,
            (Step::Read(read), [Step::Observation(seen), rest @ ..])
                if read == seen && written.get(*read as usize) == Some(&true) =>
            {
                rest
            }
            _ => return false,
        };
    }
    *file == draft.file
}

/// Whether every span of a trajectory that is an observation or a write is equal to the file that it names,
/// byte by byte. Linear in the text.
pub fn bytes_equal(structure: &Structure, text: &str, spans: &[Span]) -> bool {
    let files = &structure.repository.files;
    let content = |span: &&Span| matches!(span.kind, SpanKind::Observation | SpanKind::Write);
    spans.iter().filter(content).all(|span| {
        let file = span.file.and_then(|file| files.get(file as usize));
        let said = text.as_bytes().get(span.start as usize..span.end as usize);
        file.zip(said).is_some_and(|(file, said)| file.text.as_bytes() == said)
    })
}

#[cfg(test)]
mod tests;
