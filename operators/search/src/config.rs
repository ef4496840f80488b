use backstory_core::BuildError;
use backstory_quality::Gate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GainGate;

/// Asks a model for other ways to say each thought, and keeps one only if a scoring model finds the true file
/// more likely after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Who rewrites the thoughts: a name from the plan file's `[models]`.
    #[schemars(extend("format" = "model"))]
    pub model: String,
    /// Who says how likely files are: a name from the plan file's `[scorers]`.
    #[schemars(extend("format" = "scorer"))]
    pub scorer: String,
    /// Rewrites proposed in one round.
    #[serde(default = "two")]
    #[schemars(range(min = 1))]
    pub candidates: u32,
    /// Rounds for each thought. With 0 nothing is rewritten, and only the gains are measured.
    #[serde(default = "three")]
    pub rounds: u32,
    /// How much a rewrite has to gain to be kept, in nats per token of the file: more than this. A rewrite
    /// divides the perplexity of the file by more than exp(margin).
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub margin: f64,
    /// Which thoughts are searched: `all`, those `before-reading`, or those `before-writing`.
    #[serde(default)]
    pub steps: Steps,
    /// Ends the rounds of a thought when the perplexity of the file by token is not above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub stop_perplexity: Option<f64>,
    /// Ends the rounds of a thought after one in which no rewrite was kept.
    #[serde(default)]
    pub stop_without_gain: bool,
    /// Most nats that the surprise of a single token of the file counts for, so that one token cannot decide.
    /// Without it, all of it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// How many words a rewrite may have. Without it, any number but none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
    /// What each token of a thought costs, in nats of the file: a longer rewrite has to gain more.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub price_per_token: f64,
    /// Share of files, from 0 to 1, chosen by the hash of their paths, for which a thought about another file
    /// is scored as well. It should gain nothing.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub swap_share: f64,
    /// Limits that rewrites have to keep: one that a `reject` refuses is not scored. Those of `simulate` do not
    /// hold here. `attempts` has to be 0: the next round is the next attempt.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Limits that the gain of each thought has to keep once it has been searched, in nats per token of the
    /// file. `drop` takes the thought out, `mark` says in the row what is wrong, `reject` fails the file.
    #[serde(default)]
    pub gain_gates: Vec<GainGate>,
    /// Leaves out what no thought can tell: files that are generated, minified, tables or nothing but comments
    /// are not searched, and a licence at the top of a file does not count. With `false`, all of it counts.
    #[serde(default = "yes")]
    pub only_inferable: bool,
    /// Bytes of the largest file whose thoughts are searched. Without it, what the model can take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_file_bytes: Option<u64>,
    /// Most tokens of requirements and plan that are scored before a file, estimated as one token per four
    /// bytes. Of a plan that does not fit, only the entries of the file, of what it depends on and of what it
    /// reads are told. Without it, the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_tokens: Option<u32>,
}

/// Which thoughts are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Steps {
    /// All of them.
    #[default]
    All,
    /// All but the last before a file is written.
    BeforeReading,
    /// The last before a file is written.
    BeforeWriting,
}

/// A band of lengths. At least one end is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Fewest words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// Most words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

fn yes() -> bool {
    true
}

fn two() -> u32 {
    2
}

fn three() -> u32 {
    3
}

impl Search {
    /// All that is wrong with the numbers.
    pub fn problems(&self) -> Vec<BuildError> {
        let mut errors = backstory_quality::validate(&self.gates).err().unwrap_or_default();
        errors.extend(self.gain_gates.iter().filter_map(GainGate::problem));
        let mut check = |right: bool, key, message: String, hint: &str| {
            if !right {
                errors.push(BuildError { key, message, hint: Some(hint.into()) });
            }
        };
        let from_zero = |number: f64| number.is_finite() && number >= 0.0;
        let Self { candidates, margin, price_per_token: price, swap_share, .. } = *self;
        let none = || "a round without candidates finds nothing".to_owned();
        check(candidates > 0, "candidates", none(), "for no search at all, set \"rounds\" to 0");
        let nats = "give a number of nats from 0 up";
        check(from_zero(margin), "margin", format!("{margin} is no margin"), nats);
        check(from_zero(price), "price_per_token", format!("{price} is no price"), nats);
        let share = (0.0..=1.0).contains(&swap_share);
        check(share, "swap_share", format!("{swap_share} is no share"), "give one from 0 to 1");
        if let Some(clip) = self.clip {
            let positive = clip.is_finite() && clip > 0.0;
            check(positive, "clip", format!("{clip} is no clip"), "give nats above 0, such as 10");
        }
        if let Some(stop) = self.stop_perplexity {
            let message = format!("no perplexity reaches {stop}");
            check(stop >= 1.0, "stop_perplexity", message, "give a number from 1 up");
        }
        if let Some(Words { min, max }) = self.words {
            let given = min.is_some() || max.is_some();
            check(given, "words", "no limit is given".into(), "give \"min\", \"max\" or both");
            let open = min.unwrap_or(1) <= max.unwrap_or(u32::MAX);
            check(open, "words", "no thought is that long".into(), "let \"max\" be the larger");
        }
        let attempts = self.gates.iter().find(|gate| gate.attempts > 0);
        let message = || "a gate of a search asks for no further attempts".to_owned();
        check(attempts.is_none(), "gates", message(), "leave \"attempts\" out: rounds follow");
        errors
    }
}
