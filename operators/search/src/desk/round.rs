//! One round: what is proposed, what of it is compared, and which one is kept.

use std::collections::BTreeSet;

use backstory_core::{
    AuthorError, Decision, Digest, Halt, Likelihood, Outcome, Rewriting, Step, Trial, Variant,
};
use backstory_quality::{Shown, Then, measure};

use super::{Desk, Standing};
use crate::around::Around;
use crate::frame::Frame;
use crate::{Words, objective};

/// A rewrite.
pub(super) struct Proposal {
    text: String,
    /// Index of the request that it answers.
    request: Option<usize>,
}

/// The best candidate so far.
struct Best {
    candidate: usize,
    likelihood: Likelihood,
    objective: f64,
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
        frame: &Frame,
        step: usize,
        round: u32,
        proposals: Vec<Proposal>,
    ) -> Result<bool, Halt> {
        let Some((_, current)) = self.current(step) else { return Ok(false) };
        let refusals = self.refusals(step, &proposals);
        let open = proposals.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none());
        let texts: Vec<_> = open.map(|(proposal, _)| Some(&*proposal.text)).collect();
        let answers = if texts.is_empty() { vec![] } else { self.weigh(frame, &texts).await? };
        let mut answers = answers.into_iter();
        let mut best: Option<Best> = None;
        let from = self.trials.len();
        for (candidate, (proposal, refusal)) in proposals.into_iter().zip(refusals).enumerate() {
            let answer = if refusal.is_some() { None } else { answers.next() };
            let (score, decision) = match (answer, refusal) {
                (Some(Ok(likelihood)), _) => {
                    let score = self.score(&likelihood, Some(&proposal.text));
                    let objective = score.objective;
                    if best.as_ref().is_none_or(|best| objective > best.objective) {
                        best = Some(Best { candidate, likelihood, objective });
                    }
                    (Some(score), Decision::NotBetter)
                }
                (Some(Err(why)), _) => (None, Decision::Unscored(why)),
                (None, refusal) => (None, refusal.unwrap_or(Decision::Repeated)),
            };
            let key = self.settle(&proposal, &decision);
            let (round, candidate) = (round, candidate as u32);
            let current = Some(current.objective);
            let trial = self.trial(step, Variant::Rewrite, proposal.text);
            self.trials.push(Trial { round, candidate, key, score, current, decision, ..trial });
        }
        let better = |best: &Best| {
            let tokens = current.target_tokens;
            objective::is_better(best.objective, current.objective, tokens, &self.rule)
        };
        let Some(best) = best.filter(better) else { return Ok(false) };
        let trial = &mut self.trials[from + best.candidate];
        trial.decision = Decision::Kept;
        self.draft.steps[step] = Step::Think(trial.text.clone());
        self.standing = Some(Standing { likelihood: best.likelihood, from: step });
        Ok(true)
    }

    /// Per proposal, why it is not compared.
    fn refusals(&self, step: usize, proposals: &[Proposal]) -> Vec<Option<Decision>> {
        let of_step = self.trials.iter().filter(|trial| trial.step as usize == step);
        let told =
            of_step.filter(|trial| matches!(trial.variant, Variant::First | Variant::Rewrite));
        let mut tried: BTreeSet<&str> = told.map(|trial| trial.text.trim()).collect();
        let refusal = |proposal| {
            let Proposal { text, .. }: &Proposal = proposal;
            let repeated = !tried.insert(text);
            let words = text.split_whitespace().count() as u32;
            let Words { min, max } = self.searcher.config.words.unwrap_or_default();
            if words < min.unwrap_or(1).max(1) {
                Some(Decision::TooShort)
            } else if repeated {
                Some(Decision::Repeated)
            } else if max.is_some_and(|max| words > max) {
                Some(Decision::TooLong)
            } else {
                self.gate(step, text).map(Decision::Gate)
            }
        };
        proposals.iter().map(refusal).collect()
    }

    /// Why a gate refuses a text in the place of a thought.
    fn gate(&self, step: usize, text: &str) -> Option<String> {
        let gates = &self.searcher.config.gates;
        let mut rejecting = gates.iter().filter(|gate| gate.then == Then::Reject).peekable();
        rejecting.peek()?;
        let structure = self.searching.structure;
        let around = Around::of(&self.searching, &self.draft, step);
        let (file, moment) = (self.draft.file, around.moment());
        let shown = Shown::at(structure, self.searching.plan, file, moment);
        let quality = measure(text, structure.text(file), &shown);
        rejecting.find_map(|gate| gate.check(&quality))
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
