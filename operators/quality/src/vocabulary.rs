use rustc_hash::FxHashMap;

/// Few strings, numbered in the order in which they came, to look up many in: most are found, or known to be
/// absent, without being hashed as a whole.
pub(crate) struct Vocabulary<'t> {
    /// Numbers of strings of one byte: signs are half of all tokens.
    bytes: [u32; 128],
    /// At the [`mark`] of others, the number of the last that has it.
    marks: Vec<u32>,
    strings: Vec<&'t str>,
    /// All that are longer than a byte. Never iterated, so that its order is nobody's.
    numbers: FxHashMap<&'t str, u32>,
}

const NONE: u32 = u32::MAX;
const MARKS: usize = 1 << 12;

impl<'t> Vocabulary<'t> {
    pub(crate) fn new() -> Self {
        Self {
            bytes: [NONE; 128],
            marks: vec![NONE; MARKS],
            strings: vec![],
            numbers: FxHashMap::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.strings.len()
    }

    /// The number of a string, which is added if it is not here.
    pub(crate) fn add(&mut self, text: &'t str) -> u32 {
        if let Some(number) = self.get(text) {
            return number;
        }
        let number = self.strings.len() as u32;
        self.strings.push(text);
        if let &[byte] = text.as_bytes() {
            self.bytes[usize::from(byte)] = number;
        } else {
            self.marks[mark(text)] = number;
            self.numbers.insert(text, number);
        }
        number
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call costs as much as what it does")]
    pub(crate) fn get(&self, text: &str) -> Option<u32> {
        let number = match *text.as_bytes() {
            [byte] => self.bytes[usize::from(byte)],
            _ => self.marks[mark(text)],
        };
        match self.strings.get(number as usize) {
            None => None,
            Some(string) if *string == text => Some(number),
            Some(_) => self.hashed(text),
        }
    }

    #[cold]
    fn hashed(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }
}

/// A number below [`MARKS`], made of the ends of a string and its length, which words that differ seldom
/// share.
#[inline]
fn mark(text: &str) -> usize {
    let bytes = text.as_bytes();
    let end = |byte: Option<&u8>| byte.map_or(0, |&byte| u32::from(byte));
    let ends = end(bytes.first()) | end(bytes.last()) << 8 | (bytes.len() as u32) << 16;
    // The upper bits of a product by the golden ratio depend on all bits of the number.
    (ends.wrapping_mul(0x9e37_79b1) >> (32 - MARKS.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_vocabulary_is_a_list_without_repetitions(
            added in prop::collection::vec("[a-cä]{0,3}", 0..20),
            sought in prop::collection::vec("[a-cä]{0,3}", 0..20),
        ) {
            let (mut vocabulary, mut list) = (Vocabulary::new(), vec![]);
            for text in &added {
                if !list.contains(text) {
                    list.push(text.clone());
                }
                let number = list.iter().position(|other| other == text);
                prop_assert_eq!(Some(vocabulary.add(text) as usize), number);
            }
            prop_assert_eq!(vocabulary.len(), list.len());
            for text in added.iter().chain(&sought) {
                let number = list.iter().position(|other| other == text);
                prop_assert_eq!(vocabulary.get(text).map(|number| number as usize), number);
            }
        }
    }
}
