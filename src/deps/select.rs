use backstory_core::EdgeKind;

use super::Deps;

/// What is shown of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names of languages; none for all.
    pub languages: Vec<&'static str>,
    /// Kinds of edges; none for all.
    pub kinds: Vec<EdgeKind>,
}

impl Selection {
    /// Leaves what was asked for. Circles and order stay those of the whole repository: a file that is not
    /// shown may be what closes a circle.
    pub fn apply(&self, deps: Deps) -> Deps {
        let shown = |file: &super::File| {
            self.languages.is_empty() || self.languages.contains(&file.language)
        };
        let mut files = vec![];
        let mut number = vec![None; deps.files.len()];
        for (file, number) in deps.files.into_iter().zip(&mut number) {
            if shown(&file) {
                *number = Some(files.len() as u32);
                files.push(file);
            }
        }
        let number = |file: u32| number[file as usize];
        let among = |list: Vec<u32>| list.into_iter().filter_map(number).collect::<Vec<_>>();
        let edges = deps.edges.into_iter().filter_map(|mut edge| {
            (edge.from, edge.to) = (number(edge.from)?, number(edge.to)?);
            (self.kinds.is_empty() || self.kinds.contains(&edge.kind)).then_some(edge)
        });
        let unresolved = deps.unresolved.into_iter().filter_map(|mut missing| {
            missing.file = number(missing.file)?;
            Some(missing)
        });
        let opaque = deps.opaque.into_iter();
        Deps {
            edges: edges.collect(),
            order: among(deps.order),
            components: deps.components.into_iter().map(among).filter(|it| it.len() > 1).collect(),
            unresolved: unresolved.collect(),
            opaque: opaque.filter_map(|(file, why)| Some((number(file)?, why))).collect(),
            files,
            left_out: deps.left_out,
            failures: deps.failures,
        }
    }
}
