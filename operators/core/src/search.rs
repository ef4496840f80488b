use serde::{Deserialize, Serialize};

use crate::{Authored, Digest, Draft, Halt, Mode, Plan, Quality, Structure};

/// A draft whose thoughts are to be searched for better ones.
#[derive(Clone, Copy, Debug)]
pub struct Searching<'a> {
    /// The repository.
    pub structure: &'a Structure,
    /// Its plan.
    pub plan: &'a Plan,
    /// The draft of one file, as simulated.
    pub draft: &'a Draft,
    /// What the author of its thoughts saw of the file; who rewrites them sees no more.
    pub mode: Mode,
    /// The draft of the file that [`crate::SearchFile::control`] asks for, as simulated, if it is there.
    pub control: Option<&'a Draft>,
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Searched {
    /// The draft with the thoughts that were kept. It lacks those that were dropped.
    pub draft: Authored<Draft, Halt>,
    /// All that was compared for it, in order, even if no draft came of it.
    pub trials: Vec<Trial>,
}

/// What a trial compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// The thought as simulated.
    First,
    /// No thought at all.
    None,
    /// A thought about another file, cut to as many words: should gain nothing.
    Swap,
    /// The thought said otherwise.
    Rewrite,
}

impl Variant {
    const ALL: [Self; 4] = [Self::First, Self::None, Self::Swap, Self::Rewrite];

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    /// The name used in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::None => "none",
            Self::Swap => "swap",
            Self::Rewrite => "rewrite",
        }
    }
}

/// What became of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision", content = "why")]
pub enum Decision {
    /// Nothing was to be decided: it is what others are compared with.
    Reference,
    /// It took the place of the current thought.
    Kept,
    /// The current thought, or another candidate of the same round, is as good.
    NotBetter,
    /// More words than the plan allows.
    TooLong,
    /// Fewer words than the plan asks for, or none.
    TooShort,
    /// The text of an earlier trial of the same step.
    Repeated,
    /// A gate of the plan refused it, for the reason given.
    Gate(String),
    /// It has no score, for the reason given.
    Unscored(String),
    /// The step is not searched, for the reason given: its file cannot be inferred, or not scored.
    Excluded(String),
    /// It stood in the end, and a gate took the thought out of the draft, for the reason given: its gains are
    /// not what the plan asks for.
    Dropped(String),
    /// A replay alone says so: by its rule, nobody would have asked for it.
    NotAsked,
}

impl Decision {
    /// The name used in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Kept => "kept",
            Self::NotBetter => "not-better",
            Self::TooLong => "too-long",
            Self::TooShort => "too-short",
            Self::Repeated => "repeated",
            Self::Gate(_) => "gate",
            Self::Unscored(_) => "unscored",
            Self::Excluded(_) => "excluded",
            Self::Dropped(_) => "dropped",
            Self::NotAsked => "not-asked",
        }
    }

    /// The one of that name, for the reason given if it takes one.
    pub fn from_name(name: &str, why: Option<String>) -> Option<Self> {
        let plain = [
            Self::Reference,
            Self::Kept,
            Self::NotBetter,
            Self::TooLong,
            Self::TooShort,
            Self::Repeated,
            Self::NotAsked,
        ];
        if let Some(plain) = plain.into_iter().find(|decision| decision.name() == name) {
            return Some(plain);
        }
        let why = why?;
        let reasoned = [
            Self::Gate(why.clone()),
            Self::Unscored(why.clone()),
            Self::Excluded(why.clone()),
            Self::Dropped(why),
        ];
        reasoned.into_iter().find(|decision| decision.name() == name)
    }

    /// The reason, where there is more to say than the name.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Gate(why) | Self::Unscored(why) | Self::Excluded(why) | Self::Dropped(why) => {
                Some(why)
            }
            _ => None,
        }
    }
}

/// One text in the place of one thought: a row of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The file, as index into the repository's files.
    pub file: u32,
    /// The thought, as index into the steps of the draft as simulated.
    pub step: u32,
    /// What it is.
    pub variant: Variant,
    /// The round, from 0; 0 for what is there before the first.
    pub round: u32,
    /// Which candidate of the round, from 0; 0 for what is no candidate.
    pub candidate: u32,
    /// The text; empty for no thought.
    pub text: String,
    /// What is known of the text in the place of the thought, by what stood before it when it was tried. Of
    /// the thought as simulated and of rewrites, if there is any text and the step is searched.
    #[serde(default)]
    pub quality: Option<Quality>,
    /// The key of the request that gave the text, if a model did and it can be told.
    pub key: Option<Digest>,
    /// What scoring it gave; none if it was not scored.
    pub score: Option<TrialScore>,
    /// The objective of the thought that it was compared with, in nats: that of the current one at the
    /// start of the round. None if there was nothing to compare.
    pub current: Option<f64>,
    /// What became of it.
    pub decision: Decision,
}

/// What scoring one text gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialScore {
    /// Negative log-likelihood of the file in nats: lower is more likely. Here and below, of those tokens of
    /// the file that count.
    pub nats: f64,
    /// The same with the surprise of each token counted up to the plan's `clip`; equal to `nats` without.
    pub clipped: f64,
    /// What was to be made large, in nats: -`clipped` - the plan's price times `thought_tokens`.
    pub objective: f64,
    /// Tokens of the file.
    pub target_tokens: u32,
    /// Bytes of these tokens.
    pub target_bytes: u64,
    /// Tokens of the text.
    pub thought_tokens: u32,
    /// Per entry of [`TrialScore::LEVELS`], what is above it: the sum over tokens of surprise - level,
    /// where that is positive, in nats. `nats` without it is what a clip at that level would have given.
    pub excess: Vec<f64>,
    /// What [`Gains::leak_adjusted`] is if the text is kept. Of the thought as simulated and of rewrites.
    #[serde(default)]
    pub leak_adjusted: Option<f32>,
}

impl TrialScore {
    /// Levels of surprise of a single token, in nats.
    pub const LEVELS: [f64; 8] = [2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0];
}

/// What a thought does for its file, in nats per token of the file: positive if the file is more likely with
/// it. Of scores as they are, without clip and price; with the steps before and after it as they were when it
/// was searched. None where there is nothing to tell.
///
/// `nats(z)` is the negative log-likelihood of the file after the thought `z`, `n` the tokens of the file; of
/// both, what counts: see [`TrialScore`].
/// `exp(-gain)` is the factor by which the thought changes the perplexity of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gains {
    /// Over no thought at all: (`nats(none)` - `nats(kept)`) / `n`.
    pub vs_none: Option<f32>,
    /// Over the thought as simulated: (`nats(first)` - `nats(kept)`) / `n`.
    pub vs_first: Option<f32>,
    /// What each round gained over the one before: (`nats(before)` - `nats(after)`) / `n`. As many as there
    /// were rounds; all together give `vs_first`.
    pub rounds: Vec<f32>,
    /// `vs_none` over those tokens of the file alone that touch no run of 8 lexer tokens or more that stands
    /// in the thought as well. If the gain vanishes, the thought only said what it copied. None if no token is
    /// left.
    pub leak_adjusted: Option<f32>,
    /// What a thought about another file gains over no thought: (`nats(none)` - `nats(swap)`) / `n`. Should
    /// be about 0; where it is not, `vs_none` is owed to the form of a thought and not to what it says.
    pub swap_control: Option<f32>,
}
