//! What the drawing of a repository shows: its files, or, of a large one, its folders.

use std::collections::BTreeMap;

use backstory_core::EdgeKind;

use super::Deps;
use super::folders::{self, Folders};
use crate::drawing::{Arrow, Line, Node, Picture};

/// More files than these are no picture any more.
const MOST_FILES: usize = 300;
/// Folders have more arrows.
const MOST_FOLDERS: usize = 120;

/// Draws files, or folders if there are more than some hundred files. `title` is what the picture shows.
pub fn svg(deps: &Deps, title: &str) -> String {
    let (mut picture, striking) = if deps.files.len() <= MOST_FILES {
        (files(deps), "in a circle")
    } else {
        (folders(deps, &folders::cut(deps, MOST_FOLDERS)), "needs what stands above")
    };
    title.clone_into(&mut picture.title);
    picture.legend = legend(&picture, striking);
    picture.svg()
}

fn files(deps: &Deps) -> Picture {
    let circles = deps.circle_of();
    let positions = deps.positions();
    let (groups, group_of) = groups(deps.files.iter().map(|file| parent(&file.path)));
    let node = |(number, file): (usize, &super::File)| Node {
        label: name(&file.path).to_owned(),
        title: file.path.to_string(),
        group: group_of[number],
        rank: positions[number],
        striking: circles[number].is_some(),
    };
    let arrow = |edge: &backstory_core::Edge| {
        let (from, to) = (edge.from as usize, edge.to as usize);
        Arrow {
            from,
            to,
            line: line(edge.kind),
            weight: 1,
            title: format!(
                "{} → {} ({})",
                deps.path(edge.from),
                deps.path(edge.to),
                edge.kind.name()
            ),
            striking: edge.kind == EdgeKind::Import
                && circles[from].is_some()
                && circles[from] == circles[to],
            firm: edge.kind != EdgeKind::Package,
        }
    };
    Picture {
        note: format!(
            "{}, {}",
            counted(deps.files.len(), "file"),
            counted(deps.edges.len(), "edge")
        ),
        groups,
        nodes: deps.files.iter().enumerate().map(node).collect(),
        arrows: deps.edges.iter().map(arrow).collect(),
        ..Picture::default()
    }
}

fn folders(deps: &Deps, folders: &Folders) -> Picture {
    let arrows = folders.arrows(deps);
    let ranks = folders::ranks(folders.names.len(), &arrows);
    let (groups, group_of) = groups(folders.names.iter().map(|name| parent(name)));
    let node = |number: usize| {
        let count = counted(folders.counts[number], "file");
        let label = match name(&folders.names[number]) {
            "" => "(top)",
            name => name,
        };
        Node {
            label: format!("{label} · {}", folders.counts[number]),
            title: format!("{}: {count}", folders.names[number]),
            group: group_of[number],
            rank: ranks[number],
            striking: false,
        }
    };
    let arrow = |(&(from, to), &(kind, weight)): (&(usize, usize), &(EdgeKind, u64))| Arrow {
        from,
        to,
        line: line(kind),
        weight,
        title: format!(
            "{} → {}: {}",
            folders.names[from],
            folders.names[to],
            counted(weight as usize, "edge")
        ),
        striking: ranks[to] > ranks[from] && kind != EdgeKind::Package,
        firm: kind != EdgeKind::Package,
    };
    Picture {
        note: format!(
            "{} in {}: too many to draw, so each box is a folder with the number of its files",
            counted(deps.files.len(), "file"),
            counted(folders.names.len(), "folder")
        ),
        groups,
        nodes: (0..folders.names.len()).map(node).collect(),
        arrows: arrows.iter().map(arrow).collect(),
        ..Picture::default()
    }
}

/// Names of groups, sorted, and the group of each.
fn groups<'a>(names: impl Iterator<Item = &'a str> + Clone) -> (Vec<String>, Vec<usize>) {
    let numbers: BTreeMap<&str, usize> = names.clone().map(|name| (name, 0)).collect();
    let numbers: BTreeMap<&str, usize> = numbers.into_keys().zip(0..).collect();
    let group_of = names.map(|name| numbers[name]).collect();
    let shown = |name: &&str| if name.is_empty() { "(top)".to_owned() } else { (*name).to_owned() };
    (numbers.keys().map(shown).collect(), group_of)
}

fn line(kind: EdgeKind) -> Line {
    match kind {
        EdgeKind::Import | EdgeKind::SamePackage => Line::Solid,
        EdgeKind::ReExport | EdgeKind::TypeChecking => Line::Dashed,
        EdgeKind::Inactive | EdgeKind::Package => Line::Dotted,
    }
}

/// What the lines that occur mean.
fn legend(picture: &Picture, striking: &str) -> Vec<(Line, bool, String)> {
    let has = |line, striking| {
        picture.arrows.iter().any(|arrow| (arrow.line, arrow.striking) == (line, striking))
    };
    let any = picture.arrows.iter().any(|arrow| arrow.striking);
    let all = [
        (Line::Solid, "needs"),
        (Line::Dashed, "through a re-export, or for types only"),
        (Line::Dotted, "inactive, or the package around it"),
    ];
    let all = all.into_iter().filter(|(line, _)| has(*line, false));
    let mut legend: Vec<_> = all.map(|(line, meaning)| (line, false, meaning.to_owned())).collect();
    if any {
        legend.push((Line::Solid, true, striking.to_owned()));
    }
    legend
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
