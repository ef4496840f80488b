//! One file at work.

mod round;

use std::sync::Arc;

use backstory_core::{
    Authored, Decision, Draft, Gains, Halt, Likelihood, Request, Scene, Searched, Searching, Step,
    Trial, TrialScore, Unscored, Variant,
};
use backstory_quality::{Shown, measure};

use crate::around::Around;
use crate::config::Steps;
use crate::frame::{self, Frame};
use crate::gains::{Compared, gain};
use crate::{Rule, Searcher, objective, swap};

/// A rough mean over languages and tokenizers; the limit guards against excess and needs no more.
const BYTES_PER_TOKEN: u64 = 4;

/// Searches all thoughts of a draft.
pub(crate) async fn search(
    searcher: &Searcher,
    searching: &Searching<'_>,
) -> Authored<Searched, Halt> {
    let mut desk = Desk {
        searcher,
        searching: *searching,
        rule: searcher.config.rule(),
        draft: Draft { gains: vec![], ..searching.draft.clone() },
        trials: vec![],
        requests: vec![],
        standing: None,
    };
    let result = desk.work().await;
    let Desk { draft, trials, requests, .. } = desk;
    Authored { result: result.map(|()| Searched { draft, trials }), requests }
}

struct Desk<'a> {
    searcher: &'a Searcher,
    searching: Searching<'a>,
    rule: Rule,
    /// As it is by now.
    draft: Draft,
    trials: Vec<Trial>,
    requests: Vec<Request>,
    /// What is known of the draft as it is by now, once it has been scored. It holds for the next thought,
    /// too: the text is the same.
    standing: Option<Standing>,
}

/// The draft, scored.
struct Standing {
    likelihood: Likelihood,
    /// The step that its tokens are counted from.
    from: usize,
}

/// What the thought as simulated is compared with.
struct References {
    none: Option<Likelihood>,
    swap: Option<Likelihood>,
}

impl Desk<'_> {
    async fn work(&mut self) -> Result<(), Halt> {
        let Searching { structure, plan, draft, .. } = self.searching;
        let config = &self.searcher.config;
        let most = config.plan_tokens.map(|tokens| u64::from(tokens) * BYTES_PER_TOKEN);
        let opening = frame::opening(structure, plan, draft, most);
        let thoughts = draft.steps.iter().enumerate();
        let thoughts = thoughts.filter(|(_, step)| matches!(step, Step::Think(_)));
        for (number, (step, _)) in thoughts.enumerate() {
            let last = Around::of(&self.searching, draft, step).last;
            let wanted = match config.steps {
                Steps::All => true,
                Steps::BeforeReading => !last,
                Steps::BeforeWriting => last,
            };
            let gains =
                if wanted { self.step(&opening, step, number).await? } else { Gains::default() };
            self.draft.gains.push(gains);
        }
        self.measure();
        Ok(())
    }

    /// Searches the thought at `step`, which comes as the `number`th.
    async fn step(
        &mut self,
        opening: &[Arc<str>],
        step: usize,
        number: usize,
    ) -> Result<Gains, Halt> {
        if let Some(why) = self.exclusion() {
            self.exclude(step, why);
            return Ok(Gains::default());
        }
        let frame = Frame::of(self.searching.structure, opening, &self.draft, step);
        let references = self.refer(&frame, step, number).await?;
        let Some((first, References { none, swap })) = references else {
            return Ok(Gains::default());
        };
        let rounds = self.rounds(&frame, step, &first).await?;
        let kept = self.standing.as_ref().map_or(&first, |standing| &standing.likelihood);
        let compared = Compared {
            first: &first,
            kept,
            none: none.as_ref(),
            swap: swap.as_ref(),
            thought: self.thought(step),
            target: self.searching.structure.text(self.draft.file),
        };
        Ok(Gains { rounds, ..compared.gains() })
    }

    /// Why the file is not searched at all.
    fn exclusion(&self) -> Option<String> {
        let text = self.searching.structure.text(self.draft.file);
        if text.trim().is_empty() {
            return Some("the file has no content".into());
        }
        let most = self.searcher.config.max_file_bytes?;
        let bytes = text.len() as u64;
        (bytes > most).then(|| format!("the file has {bytes} bytes, more than {most}"))
    }

    fn exclude(&mut self, step: usize, why: String) {
        let text = self.thought(step).to_owned();
        let trial = self.trial(step, Variant::First, text);
        self.trials.push(Trial { decision: Decision::Excluded(why), ..trial });
    }

    /// Scores what candidates are compared with. None if the thought as simulated cannot be scored; then
    /// there is nothing to compare with.
    async fn refer(
        &mut self,
        frame: &Frame,
        step: usize,
        number: usize,
    ) -> Result<Option<(Likelihood, References)>, Halt> {
        let first = self.thought(step).to_owned();
        let control = self.searching.control;
        let swap = control.and_then(|control| swap::thought(control, number, &first));
        let mut asked = vec![(Variant::None, None)];
        asked.extend(swap.map(|text| (Variant::Swap, Some(text))));
        if self.standing.is_none() {
            asked.insert(0, (Variant::First, Some(&*first)));
        }
        let texts: Vec<_> = asked.iter().map(|(_, text)| *text).collect();
        let mut answers = asked.iter().zip(self.weigh(frame, &texts).await?).peekable();
        if let Some((_, answer)) = answers.next_if(|((variant, _), _)| *variant == Variant::First) {
            match answer {
                Ok(likelihood) => self.standing = Some(Standing { likelihood, from: step }),
                Err(why) => {
                    self.exclude(step, why);
                    return Ok(None);
                }
            }
        }
        let Some((likelihood, score)) = self.current(step) else { return Ok(None) };
        let trial = self.trial(step, Variant::First, first.clone());
        self.trials.push(Trial { score: Some(score), ..trial });
        let mut references = References { none: None, swap: None };
        for (&(variant, text), answer) in answers {
            let trial = self.trial(step, variant, text.unwrap_or_default().to_owned());
            let (score, decision) = match &answer {
                Ok(found) => (Some(self.score(found, text)), Decision::Reference),
                Err(why) => (None, Decision::Unscored(why.clone())),
            };
            self.trials.push(Trial { score, decision, ..trial });
            match variant {
                Variant::Swap => references.swap = answer.ok(),
                _ => references.none = answer.ok(),
            }
        }
        Ok(Some((likelihood, references)))
    }

    /// The rounds of one thought: what each has gained.
    async fn rounds(
        &mut self,
        frame: &Frame,
        step: usize,
        first: &Likelihood,
    ) -> Result<Vec<f32>, Halt> {
        let config = &self.searcher.config;
        let mut gains = vec![];
        let mut before = first.clone();
        for round in 0..config.rounds {
            let perplexity = (before.nats() / before.log_probs.len() as f64).exp();
            if config.stop_perplexity.is_some_and(|enough| perplexity <= enough) {
                break;
            }
            let Some(proposals) = self.propose(step, round).await? else { break };
            let kept = self.compare(frame, step, round, proposals).await?;
            let after = self.standing.as_ref().map_or(first, |standing| &standing.likelihood);
            gains.push(gain(&before, after));
            before = after.clone();
            if config.stop_without_gain && !kept {
                break;
            }
        }
        Ok(gains)
    }

    /// One result for each text. What is not finite is no likelihood.
    async fn weigh(
        &self,
        frame: &Frame,
        texts: &[Option<&str>],
    ) -> Result<Vec<Result<Likelihood, String>>, Halt> {
        let mut answers = self.searcher.judge.weigh(frame.case(texts)).await;
        let missing = || Err(Unscored::Refused("the scorer gave no answer".into()));
        answers.resize_with(texts.len(), missing);
        let usable = |answer: Result<Likelihood, Unscored>| match answer {
            Ok(found) if found.log_probs.is_empty() => Ok(Err("the file has no tokens".into())),
            Ok(found) if !found.nats().is_finite() => Ok(Err("its score is not finite".into())),
            Ok(found) => Ok(Ok(found)),
            Err(Unscored::Refused(why)) => Ok(Err(why)),
            Err(Unscored::Unavailable(why)) => Err(Halt::Unavailable(why)),
        };
        answers.into_iter().map(usable).collect()
    }

    /// The likelihood of the draft as it is by now, and what is recorded of it as that of the thought at `step`.
    fn current(&self, step: usize) -> Option<(Likelihood, TrialScore)> {
        let Standing { likelihood, from } = self.standing.as_ref()?;
        let structure = self.searching.structure;
        let before = self.draft.steps[*from..step].iter();
        let part = before.map(|step| frame::parts(structure, step).len()).sum::<usize>();
        let tokens = likelihood.tokens.get(part + frame::THOUGHT).copied().unwrap_or_default();
        Some((likelihood.clone(), self.record(likelihood, tokens)))
    }

    /// What is recorded of a candidate.
    fn score(&self, likelihood: &Likelihood, text: Option<&str>) -> TrialScore {
        let tokens = text.and_then(|_| likelihood.tokens.get(frame::THOUGHT)).copied();
        self.record(likelihood, tokens.unwrap_or_default())
    }

    fn record(&self, likelihood: &Likelihood, thought_tokens: u32) -> TrialScore {
        let bytes = self.searching.structure.text(self.draft.file).len() as u64;
        objective::score(likelihood, thought_tokens, bytes, &self.rule)
    }

    fn trial(&self, step: usize, variant: Variant, text: String) -> Trial {
        Trial {
            file: self.draft.file,
            step: step as u32,
            variant,
            round: 0,
            candidate: 0,
            text,
            quality: None,
            key: None,
            score: None,
            current: None,
            decision: Decision::Reference,
        }
    }

    fn thought(&self, step: usize) -> &str {
        match self.draft.steps.get(step) {
            Some(Step::Think(thought)) => thought,
            _ => "",
        }
    }

    /// What the thought at a step is asked for.
    fn scene<'s>(&'s self, around: &'s Around<'_>) -> Scene<'s> {
        let Searching { structure, plan, mode, .. } = self.searching;
        let file = self.draft.file;
        Scene { structure, plan, file, moment: around.moment(), mode, attempt: 0 }
    }

    /// Measures all thoughts anew: a thought is also measured by what the one before it says.
    fn measure(&mut self) {
        let Searching { structure, plan, .. } = self.searching;
        let file = self.draft.file;
        let of_step = |(step, thought): (usize, &Step)| {
            let Step::Think(thought) = thought else { return None };
            let around = Around::of(&self.searching, &self.draft, step);
            let shown = Shown::at(structure, plan, file, around.moment());
            Some(measure(thought, structure.text(file), &shown))
        };
        let steps = self.draft.steps.iter().enumerate();
        let qualities: Vec<_> = steps.filter_map(of_step).collect();
        self.draft.marks =
            backstory_quality::marks(&self.searcher.config.gates, structure.path(file), &qualities);
        self.draft.qualities = qualities;
    }
}
