//! The format of Graphviz: folders as clusters, kinds of edges as styles of lines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use backstory_core::EdgeKind;

use super::Deps;

/// A folder with what is directly in it.
#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    files: Vec<(&'a str, u32)>,
}

/// Writes a directed graph that `dot` draws with dependencies below.
pub fn dot(deps: &Deps, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "digraph dependencies {{")?;
    writeln!(out, "  graph [rankdir=TB, ranksep=0.6, nodesep=0.2, fontname=\"sans-serif\"];")?;
    writeln!(out, "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef2ff\"];")?;
    writeln!(out, "  node [color=\"#6366f1\", fontname=\"sans-serif\", fontsize=11];")?;
    writeln!(out, "  edge [color=\"#6b7280\", arrowsize=0.6];")?;
    let circle_of = deps.circle_of();
    clusters(deps, &circle_of, out)?;
    for edge in &deps.edges {
        let circle = circle_of[edge.from as usize];
        let red = circle.is_some() && circle == circle_of[edge.to as usize];
        let colour = if red { ", color=\"#dc2626\"" } else { "" };
        let (from, to) = (quoted(deps.path(edge.from)), quoted(deps.path(edge.to)));
        let (style, kind) = (style(edge.kind), edge.kind.name());
        writeln!(out, "  {from} -> {to} [style={style}, tooltip=\"{kind}\"{colour}];")?;
    }
    writeln!(out, "}}")
}

/// The line of a kind.
fn style(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Import => "solid",
        EdgeKind::SamePackage => "bold",
        EdgeKind::ReExport | EdgeKind::TypeChecking => "dashed",
        EdgeKind::Inactive | EdgeKind::Package => "dotted",
    }
}

fn tree(deps: &Deps) -> Folder<'_> {
    let mut top = Folder::default();
    for (index, file) in (0..).zip(&deps.files) {
        let (mut folder, mut rest) = (&mut top, &*file.path);
        while let Some((name, below)) = rest.split_once('/') {
            folder = folder.folders.entry(name).or_default();
            rest = below;
        }
        folder.files.push((rest, index));
    }
    top
}

/// Writes the folders, without recursion: a path may have thousands of parts.
fn clusters(deps: &Deps, circle_of: &[Option<u32>], out: &mut impl Write) -> io::Result<()> {
    let top = tree(deps);
    let (mut open, mut number) = (vec![], 0);
    write_files(deps, circle_of, &top, 1, out)?;
    open.push(top.folders.iter());
    while let Some(folders) = open.last_mut() {
        if let Some((name, folder)) = folders.next() {
            let indent = "  ".repeat(open.len());
            writeln!(out, "{indent}subgraph cluster_{number} {{")?;
            writeln!(out, "{indent}  label={}; color=\"#c7d2fe\"; style=rounded;", quoted(name))?;
            number += 1;
            write_files(deps, circle_of, folder, open.len() + 1, out)?;
            open.push(folder.folders.iter());
        } else {
            open.pop();
            if !open.is_empty() {
                writeln!(out, "{}}}", "  ".repeat(open.len()))?;
            }
        }
    }
    Ok(())
}

fn write_files(
    deps: &Deps,
    circle_of: &[Option<u32>],
    folder: &Folder<'_>,
    depth: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    for &(name, file) in &folder.files {
        let circle = circle_of[file as usize].is_some();
        let colour = if circle { ", color=\"#dc2626\"" } else { "" };
        let (path, name) = (quoted(deps.path(file)), quoted(name));
        writeln!(out, "{indent}{path} [label={name}{colour}];")?;
    }
    Ok(())
}

/// A name as Graphviz reads it.
fn quoted(name: &str) -> String {
    // A backslash begins an escape in labels.
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
