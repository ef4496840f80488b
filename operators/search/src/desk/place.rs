//! What texts in the place of a thought are compared with.

use backstory_core::{Decision, Halt, Trial, TrialScore, Variant};

use super::{Desk, Standing};
use crate::frame::{self, Frame};
use crate::gains::{Compared, leak_adjusted};
use crate::swap;
use crate::weighed::Weighed;

/// A thought that is searched.
pub(super) struct Place {
    /// Where it stands in the draft as it is by now.
    pub(super) step: usize,
    pub(super) frame: Frame,
    /// Which trial stands there by now.
    pub(super) standing: usize,
    /// Its score.
    pub(super) current: TrialScore,
    first: TrialScore,
    pub(super) none: Option<(Weighed, TrialScore)>,
    swap: Option<TrialScore>,
}

impl Place {
    pub(super) fn compared(&self) -> Compared<'_> {
        Compared {
            first: &self.first,
            kept: &self.current,
            none: self.none.as_ref().map(|(_, score)| score),
            swap: self.swap.as_ref(),
        }
    }
}

impl Desk<'_> {
    /// Scores the thought at `step`, which comes as the `number`th of those simulated, and what it is compared
    /// with. None if it cannot be scored; then there is nothing to compare with.
    pub(super) async fn place(
        &mut self,
        frame: Frame,
        step: usize,
        number: usize,
    ) -> Result<Option<Place>, Halt> {
        let text = self.thought(step).to_owned();
        let control = self.searching.control;
        let swap = control.and_then(|control| swap::thought(control, number, &text));
        let first = if self.standing.is_none() { Some(Some(&*text)) } else { None };
        let texts: Vec<_> = first.into_iter().chain([None]).chain(swap.map(Some)).collect();
        let mut answers = self.weigh(&frame, &texts).await?.into_iter();
        match first.and_then(|_| answers.next()) {
            Some(Ok(weighed)) => self.standing = Some(Standing { weighed, from: step }),
            Some(Err(why)) => {
                self.exclude(step, why);
                return Ok(None);
            }
            None => {}
        }
        let (none, swapped) = (answers.next(), answers.next());
        let Some((standing, first)) = self.first(step, text.clone(), none.as_ref()) else {
            return Ok(None);
        };
        let none = none.and_then(|none| self.reference(step, Variant::None, None, none));
        let swap = swapped.and_then(|swapped| self.reference(step, Variant::Swap, swap, swapped));
        let (current, swap) = (first.clone(), swap.map(|(_, score)| score));
        Ok(Some(Place { step, frame, standing, current, first, none, swap }))
    }

    /// Records the thought as simulated, which is scored by now. Gives the trial and its score.
    fn first(
        &mut self,
        step: usize,
        text: String,
        none: Option<&Result<Weighed, String>>,
    ) -> Option<(usize, TrialScore)> {
        let (weighed, mut score) = self.current(step)?;
        let none = none.and_then(|none| none.as_ref().ok());
        score.leak_adjusted = none.and_then(|none| self.leak_adjusted(&text, none, weighed));
        let quality = self.qualities(step, std::iter::once(&*text)).pop().flatten();
        let trial = self.trial(step, Variant::First, text);
        self.trials.push(Trial { score: Some(score.clone()), quality, ..trial });
        Some((self.trials.len() - 1, score))
    }

    /// Records what the thought is compared with besides rewrites.
    fn reference(
        &mut self,
        step: usize,
        variant: Variant,
        text: Option<&str>,
        answer: Result<Weighed, String>,
    ) -> Option<(Weighed, TrialScore)> {
        let trial = self.trial(step, variant, text.unwrap_or_default().to_owned());
        match answer {
            Ok(weighed) => {
                let score = self.score(&weighed, text);
                self.trials.push(Trial { score: Some(score.clone()), ..trial });
                Some((weighed, score))
            }
            Err(why) => {
                self.trials.push(Trial { decision: Decision::Unscored(why), ..trial });
                None
            }
        }
    }

    /// What a text gains over no thought where the file does not repeat it.
    pub(super) fn leak_adjusted(
        &self,
        text: &str,
        none: &Weighed,
        weighed: &Weighed,
    ) -> Option<f32> {
        leak_adjusted(text, self.searching.structure.text(self.draft.file), none, weighed)
    }

    /// The draft as it is by now, and what is recorded of it as that of the thought at `step`.
    fn current(&self, step: usize) -> Option<(&Weighed, TrialScore)> {
        let Standing { weighed, from } = self.standing.as_ref()?;
        let structure = self.searching.structure;
        let before = self.draft.steps[*from..step].iter();
        let part = before.map(|step| frame::parts(structure, step).len()).sum::<usize>();
        let tokens = weighed.likelihood.tokens.get(part + frame::THOUGHT).copied();
        Some((weighed, self.record(weighed, tokens.unwrap_or_default())))
    }
}
