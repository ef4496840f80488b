//! One round: what is proposed, what of it is compared, and which one is kept.

use std::collections::BTreeSet;

use backstory_core::{
    AuthorError, Decision, Digest, Halt, Outcome, Quality, Rewriting, Step, Trial, TrialScore,
    Variant,
};

use super::{Desk, Place, Standing};
use crate::around::Around;
use crate::weighed::Weighed;

/// A rewrite.
pub(super) struct Proposal {
    text: String,
    /// Index of the request that it answers.
    request: Option<usize>,
}

/// What became of a rewrite.
struct Tried {
    quality: Option<Quality>,
    decision: Decision,
    found: Option<(Weighed, TrialScore)>,
}

impl Desk<'_> {
    /// Asks for rewrites; none if there is nothing else to say.
    pub(super) async fn propose(
        &mut self,
        step: usize,
        round: u32,
    ) -> Result<Option<Vec<Proposal>>, Halt> {
        let candidates = self.searcher.config.candidates;
        let around = Around::of(&self.searching, &self.draft, step);
        let scene = self.scene(&around);
        let rewriting = Rewriting { scene, draft: &self.draft, step, round, candidates };
        let authored = self.searcher.author.rewrite(&rewriting).await;
        let earlier = self.requests.len();
        self.requests.extend(authored.requests);
        let mut texts = match authored.result {
            Ok(texts) if texts.is_empty() => return Ok(None),
            Ok(texts) => texts,
            // The thought that is there will do; what went wrong is on record with the request.
            Err(AuthorError::Unusable(_)) => vec![],
            Err(AuthorError::Unavailable(why)) => return Err(Halt::Unavailable(why)),
        };
        let used = |&at: &usize| self.requests[at].outcome == Outcome::Used;
        let used: Vec<_> = (earlier..self.requests.len()).filter(used).collect();
        let told = used.len() == texts.len();
        texts.truncate(candidates as usize);
        let proposal = |(at, text): (usize, String)| Proposal {
            text: text.trim().to_owned(),
            request: if told { used.get(at).copied() } else { None },
        };
        Ok(Some(texts.into_iter().enumerate().map(proposal).collect()))
    }

    /// Scores the proposals and keeps the best one if it is good enough. Says whether one was kept.
    pub(super) async fn compare(
        &mut self,
        place: &mut Place,
        round: u32,
        proposals: Vec<Proposal>,
    ) -> Result<bool, Halt> {
        let tried = self.try_out(place, &proposals).await?;
        let current = Some(place.current.objective);
        let mut best: Option<(usize, Weighed, TrialScore)> = None;
        for (candidate, (proposal, tried)) in proposals.into_iter().zip(tried).enumerate() {
            let Tried { quality, decision, found } = tried;
            let key = self.settle(&proposal, &decision);
            let score = found.as_ref().map(|(_, score)| score.clone());
            let (round, candidate) = (round, candidate as u32);
            let trial = self.trial(place.step, Variant::Rewrite, proposal.text);
            let trial = Trial { round, candidate, quality, key, score, current, decision, ..trial };
            let Some((weighed, score)) = found else {
                self.trials.push(trial);
                continue;
            };
            if best.as_ref().is_none_or(|(.., best)| score.objective > best.objective) {
                best = Some((self.trials.len(), weighed, score));
            }
            self.trials.push(trial);
        }
        let Place { current, .. } = place;
        let better = |(.., best): &(usize, Weighed, TrialScore)| {
            self.rule.is_better(best.objective, current.objective, current.target_tokens)
        };
        let Some((standing, weighed, score)) = best.filter(better) else { return Ok(false) };
        let trial = &mut self.trials[standing];
        trial.decision = Decision::Kept;
        self.draft.steps[place.step] = Step::Think(trial.text.clone());
        self.standing = Some(Standing { weighed, from: place.step });
        (place.standing, place.current) = (standing, score);
        Ok(true)
    }

    /// Measures the proposals, and scores those that are compared.
    async fn try_out(&mut self, place: &Place, proposals: &[Proposal]) -> Result<Vec<Tried>, Halt> {
        let texts = || proposals.iter().map(|proposal| &*proposal.text);
        let qualities = self.qualities(place.step, texts());
        let refusals = self.refusals(place.step, texts().zip(&qualities));
        let open = texts().zip(&refusals).filter(|(_, refusal)| refusal.is_none());
        let open: Vec<_> = open.map(|(text, _)| Some(text)).collect();
        let answers =
            if open.is_empty() { vec![] } else { self.weigh(&place.frame, &open).await? };
        let mut answers = answers.into_iter();
        let tried = |((text, quality), refusal): ((&str, Option<Quality>), Option<Decision>)| {
            let (decision, found) = match refusal {
                Some(refusal) => (refusal, None),
                None => match answers.next() {
                    Some(Ok(weighed)) => {
                        let score = self.scored(place, text, &weighed);
                        (Decision::NotBetter, Some((weighed, score)))
                    }
                    Some(Err(why)) => (Decision::Unscored(why), None),
                    None => (Decision::Unscored("the scorer gave no answer".into()), None),
                },
            };
            Tried { quality, decision, found }
        };
        Ok(texts().zip(qualities).zip(refusals).map(tried).collect())
    }

    fn scored(&self, place: &Place, text: &str, weighed: &Weighed) -> TrialScore {
        let none = place.none.as_ref();
        let leak_adjusted = none.and_then(|(none, _)| self.leak_adjusted(text, none, weighed));
        TrialScore { leak_adjusted, ..self.score(weighed, Some(text)) }
    }

    /// Per proposal, why it is not compared.
    fn refusals<'p, 'q>(
        &self,
        step: usize,
        proposals: impl Iterator<Item = (&'p str, &'q Option<Quality>)>,
    ) -> Vec<Option<Decision>> {
        let step = (step + self.dropped) as u32;
        let of_step = self.trials.iter().filter(|trial| trial.step == step);
        let told =
            of_step.filter(|trial| matches!(trial.variant, Variant::First | Variant::Rewrite));
        let mut tried: BTreeSet<&str> = told.map(|trial| trial.text.trim()).collect();
        proposals
            .map(|(text, quality)| self.rule.refuses(text, quality.as_ref(), !tried.insert(text)))
            .collect()
    }

    /// Says of the request for a proposal that a gate refused its answer, if one did. Gives its key.
    fn settle(&mut self, proposal: &Proposal, decision: &Decision) -> Option<Digest> {
        let request = &mut self.requests[proposal.request?];
        if let Decision::Gate(why) = decision {
            request.outcome = Outcome::Refused;
            request.message = Some(why.clone());
        }
        Some(request.key)
    }
}
