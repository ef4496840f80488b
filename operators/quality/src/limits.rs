//! What gates on numbers of any kind have in common: limits, what is said of a number that is beyond one, and
//! what can be wrong with them.

use backstory_core::BuildError;

/// Limits of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// What the number is called in plans and messages.
    pub name: &'static str,
    /// What numbers there are.
    pub numbers: Numbers,
    /// Refuses a number above this.
    pub above: Option<f64>,
    /// Refuses a number below this.
    pub below: Option<f64>,
}

/// What numbers there are of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// From 0 to 1, of single precision.
    Shares,
    /// From 0 up.
    Counts,
    /// Any, of single precision.
    Gains,
}

impl Numbers {
    /// A limit as exact as the numbers that are compared with it: 0.3 is not above 0.3.
    fn limit(self, limit: f64) -> f64 {
        if self == Self::Counts { limit } else { f64::from(limit as f32) }
    }

    fn reach(self, limit: f64) -> bool {
        match self {
            Self::Shares => (0.0..=1.0).contains(&limit),
            Self::Counts => limit >= 0.0,
            Self::Gains => true,
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Shares | Self::Counts => "say what it refuses, such as \"above = 0.3\"",
            Self::Gains => "say what it refuses, such as \"below = 0.0\"",
        }
    }
}

impl Limits {
    /// Why a number is refused, such as `copy-13 is 0.41, above 0.3`; none if it is not. The limits themselves
    /// are not refused.
    pub fn check(&self, number: f64) -> Option<String> {
        let limit = |limit: f64| self.numbers.limit(limit);
        let above = self.above.filter(|&above| number > limit(above));
        let below = self.below.filter(|&below| number < limit(below));
        let said =
            |side, than| format!("{} is {}, {side} {than}", self.name, self.shown(number, than));
        above.map(|above| said("above", above)).or(below.map(|below| said("below", below)))
    }

    /// The number with as few digits as leave it on its side of the limit, two after the point at least.
    fn shown(&self, number: f64, limit: f64) -> String {
        if self.numbers == Numbers::Counts {
            return number.to_string();
        }
        let side = number.partial_cmp(&limit);
        let tells = |text: &String| {
            text.parse::<f64>().is_ok_and(|short| short.partial_cmp(&limit) == side)
        };
        let mut short = (2..=7).map(|digits| format!("{number:.digits$}"));
        short.find(tells).unwrap_or_else(|| number.to_string())
    }

    /// What is wrong with the limits, if anything, as an error of `key`.
    pub fn problem(&self, key: &'static str) -> Option<BuildError> {
        let (message, hint) = self.wrong()?;
        Some(BuildError { key, message, hint: Some(hint.into()) })
    }

    fn wrong(&self) -> Option<(String, &'static str)> {
        let Self { name, numbers, above, below } = *self;
        let limits = || above.into_iter().chain(below);
        if limits().next().is_none() {
            let message = format!("the gate on {name} has neither \"above\" nor \"below\"");
            return Some((message, numbers.example()));
        }
        if let Some(limit) = limits().find(|limit| !limit.is_finite()) {
            return Some((format!("{limit} is no limit for {name}"), "give a finite number"));
        }
        if let Some(limit) = limits().find(|&limit| !numbers.reach(limit)) {
            let share = numbers == Numbers::Shares;
            let hint = if share { "give a share from 0 to 1" } else { "give a number from 0 up" };
            return Some((format!("{name} can never reach {limit}"), hint));
        }
        let (above, below) = above.zip(below)?;
        (above < below).then(|| {
            let message =
                format!("the gate on {name} refuses everything: above {above}, and below {below}");
            (message, "let \"above\" be the larger of the two")
        })
    }
}

/// What a gate says of a thought that it lets pass, the `number`th, from 1, of those about the file at `path`.
pub fn mark(path: &str, number: usize, why: &str) -> String {
    format!("{path}, thought {number}: {why}")
}
