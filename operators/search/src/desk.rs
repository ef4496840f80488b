//! One file at work.

mod place;
mod round;

use std::sync::Arc;

use backstory_core::{
    Authored, Decision, Draft, Failure, FailureKind, Gains, Halt, Quality, Request, Scene,
    Searched, Searching, Stage, Step, Trial, TrialScore, Unscored, Variant, Weighing,
};
use backstory_quality::{Shown, measure};

use crate::around::Around;
use crate::config::Steps;
use crate::frame::{self, Frame};
use crate::gains::gain;
use crate::gate::Verdict;
use crate::inferable::Inferable;
use crate::weighed::Weighed;
use crate::{Rule, Search, Searcher};

use place::Place;

/// A rough mean over languages and tokenizers; the limit guards against excess and needs no more.
const BYTES_PER_TOKEN: u64 = 4;

/// Searches all thoughts of a draft.
pub(crate) async fn search(searcher: &Searcher, searching: &Searching<'_>) -> Searched {
    let mut desk = Desk {
        searcher,
        searching: *searching,
        rule: searcher.config.rule(),
        counted_from: 0,
        draft: Draft { gains: vec![], ..searching.draft.clone() },
        dropped: 0,
        trials: vec![],
        requests: vec![],
        standing: None,
    };
    let result = desk.work().await;
    let Desk { draft, trials, requests, .. } = desk;
    Searched { draft: Authored { result: result.map(|()| draft), requests }, trials }
}

struct Desk<'a> {
    searcher: &'a Searcher,
    searching: Searching<'a>,
    rule: Rule,
    /// Tokens of the file that start before this byte do not count.
    counted_from: u32,
    /// As it is by now.
    draft: Draft,
    /// Thoughts that it lacks by now; all that are still to be searched come later.
    dropped: usize,
    trials: Vec<Trial>,
    requests: Vec<Request>,
    /// What is known of the draft as it is by now, once it has been scored. It holds for the next thought,
    /// too: the text is the same.
    standing: Option<Standing>,
}

/// The draft, scored.
struct Standing {
    weighed: Weighed,
    /// The step that its tokens are counted from.
    from: usize,
}

impl Desk<'_> {
    async fn work(&mut self) -> Result<(), Halt> {
        let Searching { structure, plan, draft, .. } = self.searching;
        let config = &self.searcher.config;
        let most = config.plan_tokens.map(|tokens| u64::from(tokens) * BYTES_PER_TOKEN);
        let opening = frame::opening(structure, plan, draft, most);
        let excluded = match self.counted() {
            Ok(from) => {
                self.counted_from = from as u32;
                None
            }
            Err(why) => Some(why),
        };
        let thoughts = draft.steps.iter().enumerate();
        let thoughts = thoughts.filter(|(_, step)| matches!(step, Step::Think(_)));
        for (number, (simulated, _)) in thoughts.enumerate() {
            let step = simulated - self.dropped;
            let last = Around::of(&self.searching, draft, simulated).last;
            let wanted = match config.steps {
                Steps::All => true,
                Steps::BeforeReading => !last,
                Steps::BeforeWriting => last,
            };
            let gains = match &excluded {
                _ if !wanted => Some(Gains::default()),
                Some(why) => {
                    self.exclude(step, why.clone());
                    Some(Gains::default())
                }
                None => self.step(&opening, step, number).await?,
            };
            self.draft.gains.extend(gains);
        }
        self.measure();
        Ok(())
    }

    /// Searches the thought at `step`, which comes as the `number`th of those simulated. None if it is
    /// dropped.
    async fn step(
        &mut self,
        opening: &[Arc<str>],
        step: usize,
        number: usize,
    ) -> Result<Option<Gains>, Halt> {
        let frame = Frame::of(self.searching.structure, opening, &self.draft, step);
        let Some(mut place) = self.place(frame, step, number).await? else {
            return Ok(Some(Gains::default()));
        };
        let rounds = self.rounds(&mut place).await?;
        let gains = place.compared().gains(rounds);
        match self.rule.verdict(&gains) {
            Verdict::Stays => Ok(Some(gains)),
            Verdict::Dropped(why) => {
                self.drop(place, why);
                Ok(None)
            }
            Verdict::Rejected(why) => {
                let path = Arc::clone(self.searching.structure.path(self.draft.file));
                let message = format!("a thought was refused: {why}");
                let failure = Failure::file(path, Stage::Search, FailureKind::Gate, message);
                Err(Halt::Failed(failure))
            }
        }
    }

    /// Takes a thought out of the draft. What is scored then is what was scored without it.
    fn drop(&mut self, place: Place, why: String) {
        self.trials[place.standing].decision = Decision::Dropped(why);
        self.draft.steps.remove(place.step);
        self.dropped += 1;
        let without = |(weighed, _)| Standing { weighed, from: place.step };
        self.standing = place.none.map(without);
    }

    /// From which byte on the file counts, or why it is not searched at all.
    fn counted(&self) -> Result<usize, String> {
        let Searching { structure, draft, .. } = self.searching;
        let Search { max_file_bytes, only_inferable, .. } = self.searcher.config;
        let text = structure.text(draft.file);
        let bytes = text.len() as u64;
        if text.trim().is_empty() {
            return Err("the file has no content".into());
        }
        if let Some(most) = max_file_bytes.filter(|&most| bytes > most) {
            return Err(format!("the file has {bytes} bytes, more than {most}"));
        }
        if !only_inferable {
            return Ok(0);
        }
        let language = structure.repository.files[draft.file as usize].language;
        match Inferable::of(language, text) {
            Inferable::From(from) => Ok(from),
            Inferable::Nothing(why) => Err(why),
        }
    }

    fn exclude(&mut self, step: usize, why: String) {
        let text = self.thought(step).to_owned();
        let trial = self.trial(step, Variant::First, text);
        self.trials.push(Trial { decision: Decision::Excluded(why), ..trial });
    }

    /// The rounds of one thought: what each has gained.
    async fn rounds(&mut self, place: &mut Place) -> Result<Vec<f32>, Halt> {
        let mut gains = vec![];
        let mut kept = false;
        for round in 0.. {
            if !self.rule.asks(round, &place.current, kept) {
                break;
            }
            let Some(proposals) = self.propose(place.step, round).await? else { break };
            let before = place.current.clone();
            kept = self.compare(place, round, proposals).await?;
            gains.push(gain(&before, &place.current));
        }
        Ok(gains)
    }

    /// One result for each text. What is not finite is no likelihood.
    async fn weigh(
        &mut self,
        frame: &Frame,
        texts: &[Option<&str>],
    ) -> Result<Vec<Result<Weighed, String>>, Halt> {
        let Weighing { likelihoods: mut answers, request } =
            self.searcher.judge.weigh(frame.case(texts)).await;
        let file = Some(self.draft.file);
        self.requests.extend(request.map(|request| Request { file, ..request }));
        let missing = || Err(Unscored::Refused("the scorer gave no answer".into()));
        answers.resize_with(texts.len(), missing);
        let usable = |answer: Result<_, Unscored>| match answer
            .map(|found| Weighed::new(found, self.counted_from))
        {
            Ok(found) if found.likelihood.log_probs.is_empty() => {
                Ok(Err("the file has no tokens that count".into()))
            }
            Ok(found) if !found.likelihood.nats().is_finite() => {
                Ok(Err("its score is not finite".into()))
            }
            Ok(found) => Ok(Ok(found)),
            Err(Unscored::Refused(why)) => Ok(Err(why)),
            Err(Unscored::Unavailable(why) | Unscored::Unrecorded(why)) => {
                Err(Halt::Unavailable(why))
            }
        };
        answers.into_iter().map(usable).collect()
    }

    /// What is recorded of a candidate.
    fn score(&self, weighed: &Weighed, text: Option<&str>) -> TrialScore {
        let tokens = text.and_then(|_| weighed.likelihood.tokens.get(frame::THOUGHT)).copied();
        self.record(weighed, tokens.unwrap_or_default())
    }

    fn record(&self, weighed: &Weighed, thought_tokens: u32) -> TrialScore {
        let bytes = self.searching.structure.text(self.draft.file).len() as u64;
        weighed.score(thought_tokens, bytes, &self.rule)
    }

    fn trial(&self, step: usize, variant: Variant, text: String) -> Trial {
        Trial {
            file: self.draft.file,
            step: (step + self.dropped) as u32,
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

    /// What is known of each of some texts in the place of the thought at a step, if there is any text.
    fn qualities<'t>(
        &self,
        step: usize,
        texts: impl Iterator<Item = &'t str> + Clone,
    ) -> Vec<Option<Quality>> {
        let some = texts.clone().map(|text| !text.trim().is_empty());
        some.zip(self.measured(step, texts))
            .map(|(some, quality)| some.then_some(quality))
            .collect()
    }

    fn measured<'t>(&self, step: usize, texts: impl Iterator<Item = &'t str>) -> Vec<Quality> {
        let Searching { structure, plan, .. } = self.searching;
        let file = self.draft.file;
        let around = Around::of(&self.searching, &self.draft, step);
        let shown = Shown::at(structure, plan, file, around.moment());
        texts.map(|text| measure(text, structure.text(file), &shown)).collect()
    }

    /// Measures all thoughts anew: a thought is also measured by what the one before it says.
    fn measure(&mut self) {
        let steps = self.draft.steps.iter().enumerate();
        let thoughts = steps.filter_map(|(step, thought)| match thought {
            Step::Think(thought) => Some((step, &**thought)),
            _ => None,
        });
        let measured = |(step, thought)| self.measured(step, std::iter::once(thought));
        self.draft.qualities = thoughts.flat_map(measured).collect();
    }
}
