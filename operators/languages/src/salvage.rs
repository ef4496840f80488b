//! What can be told of a definition whose body the parser could make nothing of: its keyword and its name
//! stand in the open.

use tree_sitter::Node;

/// Keywords whose surroundings are looked at, which takes longer the more broken code there is.
const MOST_KEYWORDS: u32 = 64;

#[derive(Default)]
pub(crate) struct Salvage {
    looked: u32,
}

impl Salvage {
    /// What stands behind `word`, if that is one of the keywords, and in broken code.
    pub(crate) fn behind<'t>(&mut self, word: Node<'t>, keywords: &[&str]) -> Option<Node<'t>> {
        if !keywords.contains(&word.kind()) || self.looked == MOST_KEYWORDS {
            return None;
        }
        self.looked += 1;
        let is_broken = |_: &Node<'_>| word.parent().is_some_and(|around| around.is_error());
        word.next_named_sibling().filter(is_broken)
    }
}
