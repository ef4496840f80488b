//! A scorer and an author made of hashes, and a search without any care for cost.

use backstory_quality::{Gate, Then};

use super::*;

/// Gives each word of the file a surprise by its hash, and less if the word or a letter of it is before it.
/// All numbers are multiples of 1/64, so that their sums are exact.
pub(super) struct Hashed(pub(super) u64);

#[async_trait]
impl Judge for Hashed {
    fn identity(&self) -> String {
        format!("hashed/{}", self.0)
    }

    async fn weigh(&self, case: Case) -> Weighing {
        let likelihoods = case.candidates.iter().map(|parts| self.one(&case, parts)).collect();
        Weighing { likelihoods, request: None }
    }
}

impl Hashed {
    fn one(&self, case: &Case, parts: &[Arc<str>]) -> Result<Likelihood, Unscored> {
        let before: String = case.context.iter().chain(parts).map(|part| &**part).collect();
        // One candidate in sixteen cannot be scored.
        if number(&[&before], self.0).is_multiple_of(16) && parts.len() > 1 {
            return Err(Unscored::Refused("too long".into()));
        }
        let seen: BTreeSet<&str> = before.split_whitespace().collect();
        let log_prob = |word: &str| {
            let noise = (number(&[&before, word], self.0) % 16) as f64 / 64.0;
            let surprise = (number(&[word], self.0) % 512) as f64 / 64.0;
            if seen.contains(word) { -noise } else { -surprise - noise }
        };
        Ok(Likelihood {
            log_probs: case.target.split_whitespace().map(log_prob).collect(),
            ends: ends(&case.target),
            tokens: words(parts),
        })
    }
}

/// Says words of the file, by the hash of what it is asked; at times nothing, or what stands there already.
pub(super) struct Dice(pub(super) u64);

#[async_trait]
impl Author for Dice {
    fn identity(&self) -> String {
        format!("dice/{}", self.0)
    }

    async fn plan(&self, _: &Structure) -> Authored<Plan> {
        unreachable!("a search asks for no plan")
    }

    async fn think(&self, _: &Scene<'_>) -> Authored<Thought> {
        unreachable!("a search asks for no new thoughts")
    }

    async fn rewrite(&self, rewriting: &Rewriting<'_>) -> Authored<Vec<String>> {
        let current = rewriting.current();
        let vocabulary: Vec<_> =
            rewriting.scene.structure.text(rewriting.scene.file).split_whitespace().collect();
        let text = |candidate: u32| {
            let seed = format!("{} {} {candidate}", rewriting.step, rewriting.round);
            let dice = |at: usize| number(&[&seed, current, &at.to_string()], self.0) as usize;
            match dice(99) % 8 {
                0 => current.to_owned(),
                1 => String::new(),
                _ => {
                    let word = |at| vocabulary[dice(at) % vocabulary.len()];
                    (0..dice(98) % 6).map(word).collect::<Vec<_>>().join(" ")
                }
            }
        };
        let texts: Vec<_> = (0..rewriting.candidates).map(text).collect();
        let requests = texts.iter().map(|text| request(text)).collect();
        Authored { result: Ok(texts), requests }
    }
}

fn number(texts: &[&str], seed: u64) -> u64 {
    let mut hasher = Hasher::new();
    for text in texts {
        hasher.field(text);
    }
    hasher.field(seed.to_le_bytes()).finish().prefix()
}

/// Words of the file that count: all but those of a licence on its first line.
pub(super) fn counted(config: &Search, text: &str) -> usize {
    let left_out = text.starts_with('#') && config.only_inferable;
    text.lines().skip(usize::from(left_out)).flat_map(str::split_whitespace).count()
}

/// A search that scores every text anew, all of it, whenever it looks at it.
pub(super) struct Naive<'a> {
    pub(super) config: &'a Search,
    pub(super) author: Dice,
    pub(super) judge: Hashed,
    pub(super) structure: &'a Structure,
}

/// A thought, and all thoughts that stood in its place.
struct Seat {
    step: usize,
    round: u32,
    tried: Vec<String>,
}

impl<'a> Naive<'a> {
    pub(super) fn new(config: &'a Search, structure: &'a Structure, seed: u64) -> Self {
        Self { config, author: Dice(seed), judge: Hashed(seed), structure }
    }

    /// log-probabilities of what counts of the file after a draft, with the thought at a step or without it, and
    /// the tokens of the thought.
    pub(super) fn score(&self, draft: &Draft, step: usize, with: bool) -> Option<(Vec<f64>, u32)> {
        let plan = plan(self.structure);
        let opening = crate::frame::opening(self.structure, &plan, draft, None);
        let frame = crate::frame::Frame::of(self.structure, &opening, draft, step);
        let Step::Think(thought) = &draft.steps[step] else { panic!("no thought") };
        let case = frame.case(&[with.then_some(&**thought)]);
        let Likelihood { mut log_probs, tokens, .. } =
            block_on(self.judge.weigh(case)).likelihoods.remove(0).ok()?;
        let counted = counted(self.config, self.structure.text(draft.file));
        log_probs.drain(..log_probs.len() - counted);
        Some((log_probs, if with { tokens[1] } else { 0 }))
    }

    fn nats(&self, draft: &Draft, step: usize, with: bool) -> Option<f64> {
        Some(-self.score(draft, step, with)?.0.iter().sum::<f64>())
    }

    fn value(&self, draft: &Draft, step: usize) -> Option<f64> {
        let (log_probs, tokens) = self.score(draft, step, true)?;
        let clip = self.config.clip.unwrap_or(f64::INFINITY);
        let sum = log_probs.iter().map(|log_prob| log_prob.max(-clip)).sum::<f64>();
        Some(sum - self.config.price_per_token * f64::from(tokens))
    }

    fn tokens(&self, draft: &Draft) -> f64 {
        counted(self.config, self.structure.text(draft.file)) as f64
    }

    /// The draft that a search has to end with.
    pub(super) fn search(&self, simulated: &Draft) -> Draft {
        let mut draft = simulated.clone();
        let last = simulated.steps.len() - 2;
        let steps = match self.config.steps {
            Steps::All => vec![0, last],
            Steps::BeforeReading => vec![0],
            Steps::BeforeWriting => vec![last],
        };
        for step in steps {
            let step = step + draft.steps.len() - simulated.steps.len();
            if self.value(&draft, step).is_none() {
                continue;
            }
            let first = draft.clone();
            draft = self.rounds(draft, step);
            if self.drops(&first, &draft, step) {
                draft.steps.remove(step);
            }
        }
        draft
    }

    fn rounds(&self, mut draft: Draft, step: usize) -> Draft {
        let mut seat = Seat { step, round: 0, tried: vec![] };
        for round in 0..self.config.rounds {
            seat.round = round;
            match self.round(&draft, &mut seat) {
                Some(winner) => draft = winner,
                None if self.config.stop_without_gain => break,
                None => {}
            }
        }
        draft
    }

    /// The draft with the best of the rewrites, if it is better.
    fn round(&self, draft: &Draft, seat: &mut Seat) -> Option<Draft> {
        let mut best: Option<(f64, Draft)> = None;
        for text in self.rewrites(draft, seat) {
            let known = seat.tried.contains(&text);
            seat.tried.push(text.clone());
            if known || !self.passes(&text) {
                continue;
            }
            let mut other = draft.clone();
            other.steps[seat.step] = Step::Think(text);
            let Some(value) = self.value(&other, seat.step) else { continue };
            if best.as_ref().is_none_or(|(best, _)| value > *best) {
                best = Some((value, other));
            }
        }
        let current = self.value(draft, seat.step).unwrap();
        let better = |best: &f64| (best - current) / self.tokens(draft) > self.config.margin;
        best.filter(|(best, _)| better(best)).map(|(_, winner)| winner)
    }

    fn rewrites(&self, draft: &Draft, seat: &mut Seat) -> Vec<String> {
        let plan = plan(self.structure);
        let (structure, mode) = (self.structure, Mode::Blinded);
        let searching = Searching { structure, plan: &plan, draft, mode, control: None };
        let Seat { step, round, .. } = *seat;
        let around = crate::around::Around::of(&searching, draft, step);
        let (file, moment) = (draft.file, around.moment());
        let scene = Scene { structure, plan: &plan, file, moment, mode, attempt: 0 };
        let candidates = self.config.candidates;
        let rewriting = Rewriting { scene, draft, step, round, candidates };
        seat.tried.push(rewriting.current().to_owned());
        block_on(self.author.rewrite(&rewriting)).result.unwrap()
    }

    fn passes(&self, text: &str) -> bool {
        let count = text.split_whitespace().count() as u32;
        let Words { min, max } = self.config.words.unwrap_or_default();
        let refused = |gate: &Gate| {
            gate.then == Then::Reject && gate.above.is_some_and(|above| f64::from(count) > above)
        };
        count >= min.unwrap_or(1).max(1)
            && count <= max.unwrap_or(u32::MAX)
            && !self.config.gates.iter().any(refused)
    }

    fn drops(&self, first: &Draft, draft: &Draft, step: usize) -> bool {
        let kept = self.nats(draft, step, true).unwrap();
        let refused = |gate: &GainGate| {
            let from = match gate.measure {
                GainMeasure::VsNone => self.nats(draft, step, false),
                _ => self.nats(first, step, true),
            };
            gate.then == GainThen::Drop
                && from
                    .zip(gate.below)
                    .is_some_and(|(from, below)| (from - kept) / self.tokens(draft) < below)
        };
        self.config.gain_gates.iter().any(refused)
    }
}
