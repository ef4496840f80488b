//! What holds for the queries of all languages.

use super::role::Role;
use super::{Outliner, Queried, each};
use crate::Limits;
use crate::syntax::parse;
use crate::testing::render_at;

impl Queried {
    /// [`sampled`] of this language.
    pub(crate) fn sampled(&self, samples: &[(&str, &str)]) -> String {
        sampled(|_| &self.outliner, self.name, samples)
    }
}

/// The outlines of sample texts as [`render_at`] writes them, after checks of the query itself: it compiles,
/// it knows its vocabulary, and each of its patterns finds something in one of the samples. The path decides
/// between outliners of one query.
pub(crate) fn sampled<'o>(
    outliner: impl Fn(&str) -> &'o Outliner,
    language: &str,
    samples: &[(&str, &str)],
) -> String {
    let found: Vec<_> = samples.iter().map(|(path, text)| found(outliner(path), text)).collect();
    let outliner = outliner("");
    let query = outliner.query.as_ref().expect("the query compiles");
    let line =
        |pattern| outliner.source[..query.start_byte_for_pattern(pattern)].lines().count() + 1;
    let patterns = 0..query.pattern_count();
    let dead = patterns.filter(|&pattern| found.iter().all(|found| !found[pattern]));
    let dead: Vec<_> = dead.map(line).collect();
    assert_eq!(dead, [0; 0], "the patterns in these lines of outline.scm find nothing");
    let renders = samples.iter().map(|(path, text)| render_at(language, path, text));
    renders.collect::<Vec<_>>().join("\n")
}

/// Which patterns find something in a text.
fn found(outliner: &Outliner, text: &str) -> Vec<bool> {
    let query = outliner.query.as_ref().unwrap_or_else(|error| panic!("{error}"));
    for (name, role) in query.capture_names().iter().zip(&outliner.roles) {
        assert_ne!(*role, Role::Unknown, "@{name} is not in the vocabulary");
    }
    let mut found = vec![false; query.pattern_count()];
    let tree = parse(&outliner.language, text, Limits::default()).expect("within the limits");
    each(query, &tree, text, Limits::default(), |one| found[one.pattern_index] = true)
        .expect("within the limits");
    found
}
