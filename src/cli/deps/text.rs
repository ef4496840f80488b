//! The format for eyes: files in order with what each needs, then what is wrong, then a summary.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::AnsiColor::{Red, Yellow};
use backstory_core::{Edge, EdgeKind};

use crate::cli::style::{Paint, count, plural};
use crate::deps::Deps;

/// Writes everything.
pub fn text(deps: &Deps, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    files(deps, paint, out)?;
    if !deps.unresolved.is_empty() {
        writeln!(out, "\n{}", paint.colour(Red, "not resolved"))?;
    }
    for missing in &deps.unresolved {
        let place = format!("{}:{}", deps.path(missing.file), missing.line);
        let import = plain(&missing.import);
        writeln!(
            out,
            "  {}  {import}  {}",
            paint.bold(&plain(&place)),
            paint.dim(&plain(&missing.why))
        )?;
    }
    if !deps.failures.is_empty() {
        writeln!(out, "\n{}", paint.colour(Red, "not read"))?;
    }
    for failure in &deps.failures {
        let path = failure.path.as_deref().unwrap_or_default();
        writeln!(out, "  {}  {}", paint.bold(&plain(path)), paint.dim(&plain(&failure.message)))?;
    }
    writeln!(out, "\n{}", summary(deps, paint))
}

fn files(deps: &Deps, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let circle_of = deps.circle_of();
    let positions = deps.positions();
    let mut circle = None;
    for &file in &deps.order {
        let own = circle_of[file as usize];
        if own != circle {
            if circle.is_some() {
                writeln!(out, "{}", paint.colour(Yellow, "└"))?;
            }
            if let Some(own) = own {
                let count = deps.components[own as usize].len() as u64;
                let head = format!("┌ circle of {}", plural(count, "file", "files"));
                writeln!(out, "{}", paint.colour(Yellow, &head))?;
            }
            circle = own;
        }
        let bar =
            if own.is_some() { format!("{} ", paint.colour(Yellow, "│")) } else { String::new() };
        writeln!(out, "{bar}{}{}", paint.bold(&plain(deps.path(file))), opaque(deps, paint, file))?;
        for edge in needs(deps, file) {
            let later = positions[edge.to as usize] > positions[file as usize];
            let later = if later {
                format!(" {}", paint.colour(Yellow, "↓ later"))
            } else {
                String::new()
            };
            let kind = match edge.kind {
                EdgeKind::Import => String::new(),
                kind => format!(" {}", paint.dim(&format!("({kind})", kind = kind.name()))),
            };
            writeln!(out, "{bar}    {}{kind}{later}", plain(deps.path(edge.to)))?;
        }
    }
    if circle.is_some() {
        writeln!(out, "{}", paint.colour(Yellow, "└"))?;
    }
    Ok(())
}

/// A text without what a terminal would take for a command, or for the end of a line.
fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        return text.replace(char::is_control, "\u{fffd}").into();
    }
    text.into()
}

/// The edges of one file; all are sorted by it.
fn needs(deps: &Deps, file: u32) -> &[Edge] {
    let begin = deps.edges.partition_point(|edge| edge.from < file);
    let end = deps.edges.partition_point(|edge| edge.from <= file);
    &deps.edges[begin..end]
}

fn opaque(deps: &Deps, paint: Paint, file: u32) -> String {
    let place = deps.opaque.binary_search_by_key(&file, |(file, _)| *file);
    let why = place.ok().map(|place| &*deps.opaque[place].1);
    why.map(|why| format!("  {}", paint.dim(why))).unwrap_or_default()
}

fn summary(deps: &Deps, paint: Paint) -> String {
    let mut lines = vec![];
    let mut languages = BTreeMap::<&str, u64>::new();
    for file in &deps.files {
        *languages.entry(file.language).or_default() += 1;
    }
    let languages = parts(languages.iter().map(|(name, count)| (*name, *count)));
    lines.push(plural(deps.files.len() as u64, "file", "files") + &languages);
    let kinds = parts(deps.kinds().into_iter().map(|(kind, count)| (kind.name(), count)));
    lines.push(plural(deps.edges.len() as u64, "edge", "edges") + &kinds);
    let circles = deps.components.len() as u64;
    if circles > 0 {
        let within = deps.components.iter().map(|files| files.len() as u64).sum();
        let within = plural(within, "file", "files");
        lines.push(format!("{} of {within}", plural(circles, "circle", "circles")));
    }
    let missing = deps.unresolved.len() as u64;
    if missing > 0 {
        lines.push(plural(missing, "import", "imports") + " not resolved");
    }
    let opaque = deps.opaque.len() as u64;
    if opaque > 0 {
        lines.push(plural(opaque, "file", "files") + " not understood");
    }
    let left_out = deps.left_out.iter().map(|(reason, count)| (reason.name(), *count));
    let left_out = left_out.map(|(name, number)| format!("{} {name}", count(number)));
    let left_out = left_out.collect::<Vec<_>>().join(", ");
    if !left_out.is_empty() {
        lines.push(paint.dim(&format!("left out: {left_out}")));
    }
    lines.join("\n")
}

/// The parts of a sum: `: 3 go, 1 rust`.
fn parts<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    let part = |(name, number): (&str, u64)| format!("{} {name}", count(number));
    let parts = counts.map(part).collect::<Vec<_>>().join(", ");
    if parts.is_empty() { parts } else { format!(": {parts}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use backstory_core::{Failure, FailureKind, LeftOut, Stage};

    use super::*;
    use crate::deps::{File, Missing};

    #[test]
    fn what_is_wrong_comes_last_and_moves_no_cursor() {
        let file = |path: &str| File { path: Arc::from(path), language: "c" };
        let (import, why) = ("\"gone\u{1b}[2J.h\"".to_owned(), "no file of this name".to_owned());
        let (stage, kind) = (Stage::Source, FailureKind::NotUtf8);
        let deps = Deps {
            files: vec![file("a\n.c"), file("b.h")],
            edges: vec![Edge { from: 0, to: 1, kind: EdgeKind::Inactive }],
            order: vec![1, 0],
            components: vec![],
            unresolved: vec![Missing { file: 0, import, line: 7, why }],
            opaque: vec![(1, "binary".into())],
            left_out: BTreeMap::from([(LeftOut::Symlink, 1_200)]),
            failures: vec![Failure::file("d\u{fffd}", stage, kind, "rename it")],
        };
        let mut out = vec![];
        text(&deps, Paint::for_stdout(), &mut out).expect("memory takes everything");
        insta::assert_snapshot!(String::from_utf8_lossy(&out));
    }
}
