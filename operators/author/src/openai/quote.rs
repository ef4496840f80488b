//! Sets what is quoted off from what is said.
//!
//! The mark around a text is made of the text alone: the prompts of a repository have in common what they
//! show, whatever else changes in it.

use backstory_core::Digest;

/// Digits of a mark.
const DIGITS: usize = 16;

/// The text between two lines that say where it begins, under a name, and where it ends.
pub(super) fn quote(name: &str, text: &str) -> String {
    let mark = mark(text, DIGITS);
    // A path may hold anything.
    let name = name.replace(['\n', '\r'], " ");
    format!("{mark} begin {name}\n{text}\n{mark} end")
}

/// The first digits of the digest of a text, or of the first digest of that one, and so on, that do not stand
/// in the text.
fn mark(text: &str, digits: usize) -> String {
    let mut digest = Digest::of(text);
    loop {
        let mut mark = digest.to_string();
        mark.truncate(digits);
        if !text.contains(&mark) {
            return mark;
        }
        digest = Digest::of(digest.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_stands_between_its_marks() {
        assert_eq!(
            quote("a.py", "pass\n"),
            "39120d3cbeb5353a begin a.py\npass\n\n39120d3cbeb5353a end"
        );
        assert_eq!(quote("a\nb", "").lines().count(), 3);
    }

    proptest! {
        /// Two digits, since nobody can write a text that holds the first 16 of its own digest.
        #[test]
        fn no_text_holds_its_mark(text in "[0-9a-f]{0,200}") {
            let mark = mark(&text, 2);
            prop_assert_eq!(mark.len(), 2);
            prop_assert!(!text.contains(&mark));
        }
    }
}
