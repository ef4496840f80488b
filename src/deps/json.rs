//! The format for other programs: one thing per line, so that differences read well.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Deps;

/// Writes everything. Equal repositories give equal bytes.
pub fn json(deps: &Deps, out: &mut impl Write) -> io::Result<()> {
    let path = |file: u32| deps.path(file);
    let paths = |files: &[u32]| Value::from(files.iter().map(|it| path(*it)).collect::<Vec<_>>());
    writeln!(out, "{{")?;
    list(out, "files", deps.files.iter().map(|file| json!(file.path)))?;
    let edges = deps.edges.iter();
    let edges = edges.map(|edge| json!([path(edge.from), path(edge.to), edge.kind.name()]));
    list(out, "edges", edges)?;
    list(out, "order", deps.order.iter().map(|file| json!(path(*file))))?;
    let unresolved = deps.unresolved.iter().map(
        |it| json!({ "file": path(it.file), "import": it.import, "line": it.line, "why": it.why }),
    );
    list(out, "unresolved", unresolved)?;
    list(out, "components", deps.components.iter().map(|files| paths(files)))?;
    let opaque = deps.opaque.iter();
    let opaque = opaque.map(|(file, why)| json!({ "file": path(*file), "why": why }));
    list(out, "opaque", opaque)?;
    let failed = deps.failures.iter();
    let failed = failed.map(|it| json!({ "path": it.path, "why": it.message }));
    list(out, "failed", failed)?;
    let left_out = deps.left_out.iter();
    let left_out = left_out.map(|(reason, count)| (reason.name().to_owned(), json!(count)));
    writeln!(out, "  \"left_out\": {}\n}}", Value::Object(left_out.collect()))
}

fn list(
    out: &mut impl Write,
    name: &str,
    mut items: impl Iterator<Item = Value>,
) -> io::Result<()> {
    write!(out, "  \"{name}\": [")?;
    if let Some(first) = items.next() {
        write!(out, "\n    {first}")?;
        items.try_for_each(|item| write!(out, ",\n    {item}"))?;
        write!(out, "\n  ")?;
    }
    writeln!(out, "],")
}
