//! A scorer and an author made of hashes, and a search without any care for cost.

use super::*;

/// Gives each word of the file a surprise by its hash, and less if the word or a letter of it is before it.
/// All numbers are multiples of 1/64, so that their sums are exact.
pub(super) struct Hashed(pub(super) u64);

#[async_trait]
impl Judge for Hashed {
    fn identity(&self) -> String {
        format!("hashed/{}", self.0)
    }

    async fn weigh(&self, case: Case) -> Vec<Result<Likelihood, Unscored>> {
        case.candidates.iter().map(|parts| self.one(&case, parts)).collect()
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

/// log-probabilities of the file under a draft, all of it scored anew, and the tokens of the thought.
pub(super) fn score(
    judge: &dyn Judge,
    structure: &Structure,
    draft: &Draft,
    step: usize,
) -> Option<(Vec<f64>, u32)> {
    let opening = crate::frame::opening(structure, &plan(structure), draft, None);
    let frame = crate::frame::Frame::of(structure, &opening, draft, step);
    let Step::Think(thought) = &draft.steps[step] else { panic!("no thought") };
    let found = block_on(judge.weigh(frame.case(&[Some(thought)]))).remove(0).ok()?;
    Some((found.log_probs, found.tokens[1]))
}

/// The draft that a search has to end with.
pub(super) fn search(
    config: &Search,
    author: &dyn Author,
    judge: &dyn Judge,
    structure: &Structure,
    draft: &Draft,
) -> Draft {
    let mut draft = draft.clone();
    let value = |draft: &Draft, step| {
        let (log_probs, tokens) = score(judge, structure, draft, step)?;
        let clip = config.clip.unwrap_or(f64::INFINITY);
        let sum = log_probs.iter().map(|log_prob| log_prob.max(-clip)).sum::<f64>();
        Some(sum - config.price_per_token * f64::from(tokens))
    };
    for step in [0, 3] {
        let Some(mut best) = value(&draft, step) else { continue };
        let mut tried = vec![];
        for round in 0..config.rounds {
            let plan = plan(structure);
            let around = crate::around::Around::of(
                &Searching {
                    structure,
                    plan: &plan,
                    draft: &draft,
                    mode: Mode::Blinded,
                    control: None,
                },
                &draft,
                step,
            );
            let (file, moment) = (draft.file, around.moment());
            let scene =
                Scene { structure, plan: &plan, file, moment, mode: Mode::Blinded, attempt: 0 };
            let candidates = config.candidates;
            let rewriting = Rewriting { scene, draft: &draft, step, round, candidates };
            tried.push(rewriting.current().to_owned());
            let texts = block_on(author.rewrite(&rewriting)).result.unwrap();
            let mut winner = draft.clone();
            let mut highest = None;
            for text in texts {
                let count = text.split_whitespace().count() as u32;
                let band = config.words.unwrap_or_default();
                let fits =
                    count >= band.min.unwrap_or(1).max(1) && count <= band.max.unwrap_or(u32::MAX);
                let known = tried.contains(&text);
                tried.push(text.clone());
                if known || !fits {
                    continue;
                }
                let mut other = draft.clone();
                other.steps[step] = Step::Think(text);
                let Some(value) = value(&other, step) else { continue };
                if highest.is_none_or(|highest| value > highest) {
                    (highest, winner) = (Some(value), other);
                }
            }
            let tokens = structure.text(file).split_whitespace().count() as f64;
            match highest {
                Some(value) if (value - best) / tokens > config.margin => {
                    (best, draft) = (value, winner);
                }
                _ if config.stop_without_gain => break,
                _ => {}
            }
        }
    }
    draft
}
