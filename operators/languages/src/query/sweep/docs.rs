//! Which comment documents what.

use std::ops::Range;

use super::super::text;
use super::{Open, Owner, Sweep};
use crate::sketch::touches;
use crate::syntax::trim_end;

impl Sweep<'_> {
    /// The header documents the file, if nothing else does.
    pub(super) fn leave_header(&mut self) {
        let header = self.header.take();
        if let Some(header) = header.filter(|header| !is_license(text(self.source, header))) {
            self.outline.doc.get_or_insert(header);
        }
    }

    /// The first code after the header. What stands directly on it is about that code.
    pub(super) fn begin(&mut self, place: &Range<u32>) {
        let source = self.source;
        if !self.begun {
            self.header = self.header.take().filter(|header| !touches(source, header, place));
        }
        self.begun = true;
    }

    pub(super) fn comment(&mut self, place: Range<u32>) {
        let place = trim_end(self.source, place, &[]);
        let words = text(self.source, &place);
        if words.starts_with("#!") || !self.rules.docs.iter().any(|mark| words.starts_with(mark)) {
            return;
        }
        if self.rules.docs_below && self.is_below(&place) {
            let last = self.last.expect("it is below something");
            self.outline.definitions[last as usize].doc.get_or_insert(place);
            return;
        }
        if !self.is_first_on_line(place.start) {
            return;
        }
        let group = match self.comments.take() {
            Some(group) if touches(self.source, &group, &place) => group.start..place.end,
            _ => place,
        };
        let first = self.header.as_ref().is_none_or(|header| header.start == group.start);
        if !self.begun && first {
            self.header = Some(group.clone());
        }
        self.comments = Some(group);
    }

    /// Whether nothing but white space is before it on its line.
    fn is_first_on_line(&self, start: u32) -> bool {
        let before = &self.source.as_bytes()[..start as usize];
        let other = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        other.is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    }

    /// Whether a comment belongs to the definition above it: on the same line, or with a blank line
    /// after it.
    fn is_below(&self, comment: &Range<u32>) -> bool {
        let Some(last) = self.last else { return false };
        let above = &self.outline.definitions[last as usize].range;
        let between = text(self.source, &(above.end..comment.start));
        let after = &self.source[comment.end as usize..];
        let after = after.bytes().take_while(u8::is_ascii_whitespace);
        let blank = || after.filter(|&byte| byte == b'\n').take(2).count() == 2;
        above.end <= comment.start
            && touches(self.source, above, comment)
            && (!between.contains('\n') || blank())
    }

    /// A comment about what it stands in.
    pub(super) fn doc_inside(&mut self, place: Range<u32>) {
        let place = trim_end(self.source, place, &[]);
        let doc = match self.open.last() {
            None => &mut self.outline.doc,
            Some(Open { definition: Some(definition), local: false, .. }) => {
                &mut self.outline.definitions[*definition as usize].doc
            }
            Some(_) => return,
        };
        match doc {
            Some(doc) if touches(self.source, doc, &place) => doc.end = place.end,
            Some(_) => {}
            None => *doc = Some(place),
        }
    }

    /// What documents a definition at this place.
    pub(super) fn doc_of(&mut self, place: &Range<u32>, owner: Owner) -> Option<Range<u32>> {
        let comments = self.comments.take();
        let comments =
            comments.filter(|group| touches(self.source, group, &(place.start..place.start)));
        let doc = self.doc.take().filter(|(_, of)| *of == owner).map(|(doc, _)| doc).or(comments);
        if doc.is_some() && self.header == doc {
            self.header = None;
        }
        self.begun = true;
        doc
    }
}

fn is_license(comment: &str) -> bool {
    ["Copyright", "copyright", "License", "LICENSE"].iter().any(|word| comment.contains(word))
}
