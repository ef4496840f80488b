use serde::{Deserialize, Serialize};

/// What is known of a thought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Tokens of the thought, as a lexer would see them: identifiers, numbers, single signs. White space
    /// and quotes are none; a sign that stands four times or more in a row is one token, so that rules
    /// drawn with it count little.
    pub tokens: u32,
    /// Share of the thought's 8-grams of tokens that occur in the target file: found / (`tokens` - 7), from
    /// 0 to 1; 0 below 8 tokens.
    pub copy_8: f32,
    /// Share of the thought's 13-grams of tokens that occur in the target file: found / (`tokens` - 12),
    /// from 0 to 1; 0 below 13 tokens.
    pub copy_13: f32,
    /// Tokens of the longest run of the thought that occurs in the target file. A word or two are no
    /// quotation.
    pub longest_copy: u32,
    /// Names of the thought that occur in the target file and in nothing shown before: sorted, distinct, at
    /// most [`Quality::MOST_UNGROUNDED`]. A name is what looks like code and not like a word: with an underscore, a
    /// digit or a capital inside, four capitals or more, called (`name(`), qualified (`a.b`, `a::b`), or
    /// anything in backticks; or a path (`a/b.rs`). A path occurs in a text whose words are the same and
    /// joined in the same way, two by two. Single letters, numbers, key words and built-in types of
    /// usual languages, and names of the trade such as `JSON` are none.
    pub ungrounded: Vec<String>,
    /// How many such names there are, listed or not.
    pub n_ungrounded: u32,
    /// Phrases of the thought that betray sight of the answer, in lower case: sorted, distinct.
    pub hindsight_talk: Vec<String>,
    /// How often such phrases stand in the thought; those that overlap count once.
    pub n_hindsight_talk: u32,
    /// Share of the thought's 4-grams of words that stood in it before: repeated / (`words` - 3), from 0 to
    /// 1; 0 below 4 words. Near 1 where a model ran in circles.
    pub repetition: f32,
    /// Words of the thought: what stands between white space.
    pub words: u32,
    /// Characters of the thought: Unicode scalar values.
    pub chars: u32,
}

impl Quality {
    /// Most names that [`Quality::ungrounded`] lists.
    pub const MOST_UNGROUNDED: usize = 64;
}
