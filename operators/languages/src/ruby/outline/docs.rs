//! Comments above definitions.

use std::ops::Range;

use tree_sitter::Node;

use super::Reader;
use crate::syntax::range;

/// How comments begin that are not for people who read the docs.
const NOT_DOCS: &[&str] = &[
    "!",
    "-*-",
    "encoding:",
    "coding:",
    "frozen_string_literal:",
    "rubocop:",
    "shareable_constant_value:",
    "standard:",
    "steep:",
    "typed:",
    "warn_indent:",
    "warn_past_scope:",
    ":nodoc:",
    ":startdoc:",
    ":stopdoc:",
    "vim:",
    "simplecov:",
];

impl Reader<'_> {
    /// A comment of its own line, which may be about what follows.
    pub(super) fn comment(&mut self, node: Node<'_>) {
        let source = self.sketch.source;
        let line = &source[..node.start_byte()];
        let before = line.rfind('\n').map_or(line, |end| &line[end + 1..]);
        if !before.trim().is_empty() {
            return;
        }
        let mut text = range(node);
        text.end -= (self.sketch.text(node).len() - self.sketch.text(node).trim_end().len()) as u32;
        let content = self.sketch.text(node).trim_start_matches('#').trim_start();
        if NOT_DOCS.iter().any(|start| content.starts_with(start)) {
            return;
        }
        let first = self.sketch.outline.definitions.is_empty();
        let group = self.pending.take();
        if let Some(group) = group {
            if first && self.sketch.outline.doc.is_none() && !self.adjoins(&group, text.start) {
                self.file_doc(group.clone());
            }
            self.pending.replace(group);
        }
        self.pending.add(source, text);
    }

    /// The comments that end on the line above.
    pub(super) fn doc_before(&mut self, start: u32) -> Option<Range<u32>> {
        let group = self.pending.take()?;
        if self.adjoins(&group, start) {
            return Some(group);
        }
        if self.sketch.outline.definitions.is_empty() && self.sketch.outline.doc.is_none() {
            self.file_doc(group);
        }
        None
    }

    /// Whether nothing stands between a comment and a definition, other than a signature that Sorbet reads.
    fn adjoins(&self, group: &Range<u32>, start: u32) -> bool {
        let touches = |end: u32, start: u32| {
            let between = self.sketch.source.get(end as usize..start as usize).unwrap_or("?");
            let lines = between.bytes().filter(|&byte| byte == b'\n').count();
            between.trim().is_empty() && lines < 2
        };
        match &self.sig {
            Some(sig) if group.end <= sig.start && sig.end <= start => {
                touches(group.end, sig.start) && touches(sig.end, start)
            }
            _ => touches(group.end, start),
        }
    }

    /// Takes comments at the top of a file for its doc, if they are no license.
    fn file_doc(&mut self, group: Range<u32>) {
        let text = &self.sketch.source[group.start as usize..group.end as usize];
        let is_top = self.sketch.source[..group.start as usize]
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_top && !text.contains("opyright") && !text.contains("icense") {
            self.sketch.outline.doc = Some(group);
        }
    }
}
