//! `backstory score`.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use backstory_score::{
    ConnectError, CpuOptions, HttpConfig, HttpScorer, Identity, LoadError, LocalModel, LocalScorer,
    ScoreError, ScoreRequest, Scorer, TargetScore, Tokenizer,
};
use clap::Args;
use serde_json::{Value, json};

use super::style::{Paint, count, perplexity, table};
use super::{CliError, Exit, reading_runtime};

/// Arguments of `score`.
#[derive(Args)]
pub struct ScoreArgs {
    /// A folder that holds a model as Hugging Face keeps it, or the URL of a server
    #[arg(long, value_name = "DIR|URL")]
    model: String,
    /// What comes first
    #[arg(long, value_name = "FILE")]
    context: PathBuf,
    /// What is scored
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
    /// What stands between the two, one after the other instead of each other
    #[arg(long = "thought", value_name = "FILE")]
    thoughts: Vec<PathBuf>,
    /// The tokenizer.json of the model; the one in the folder if left out
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// The environment variable that holds the key to the server
    #[arg(long, value_name = "NAME")]
    api_key: Option<String>,
    /// Threads to compute with; one per core if left out
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Print the scores as JSON
    #[arg(long)]
    json: bool,
}

/// What a candidate is called, and what came of it.
type Scored = (String, Result<TargetScore, ScoreError>);

/// Scores the target after no thought and after each thought, and prints how much each helps.
pub fn score(args: &ScoreArgs) -> Result<Exit, CliError> {
    let url = args.model.contains("://");
    let tokenizer = match (&args.tokenizer, url) {
        (Some(path), _) => path.clone(),
        (None, false) => Path::new(&args.model).join("tokenizer.json"),
        (None, true) => {
            let message = "a server gets tokens, not texts\nhint: --tokenizer FILE names the \
                           tokenizer.json of its model";
            return Err(CliError::Usage(message.to_owned()));
        }
    };
    let tokenizer = Tokenizer::open(&tokenizer)?;
    let (context, target) = (read(&args.context)?, read(&args.target)?);
    let thoughts = args.thoughts.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let candidates = [""].into_iter().chain(thoughts.iter().map(String::as_str));
    let request = tokenizer.request(&[&context], &candidates.collect::<Vec<_>>(), &target);
    let request = request.map_err(|error| CliError::Usage(error.to_string()))?;

    let runtime = reading_runtime()?;
    let scorer: Box<dyn Scorer> = if url {
        Box::new(runtime.block_on(connect(args, &tokenizer))?)
    } else {
        Box::new(load(args, &tokenizer, &request)?)
    };
    let thought_tokens = request.candidates.iter().map(|it| it.len()).collect::<Vec<_>>();
    let results = runtime.block_on(scorer.score(request));
    let thoughts = args.thoughts.iter().map(|path| path.display().to_string());
    let names = ["no thought".to_owned()].into_iter().chain(thoughts);
    let found = names.zip(results).collect::<Vec<_>>();
    let text = if args.json {
        as_json(&scorer.identity(), &found, &thought_tokens).to_string()
    } else {
        as_text(&found, &thought_tokens, Paint::for_stdout())
    };
    writeln!(io::stdout(), "{text}")?;
    let whole = found.iter().all(|(_, score)| score.is_ok());
    Ok(if whole { Exit::Done } else { Exit::Rejected })
}

fn read(path: &Path) -> Result<String, CliError> {
    let text = std::fs::read_to_string(path);
    text.map_err(|error| CliError::Usage(format!("\"{}\" cannot be read: {error}", path.display())))
}

fn load(
    args: &ScoreArgs,
    tokenizer: &Tokenizer,
    request: &ScoreRequest,
) -> Result<LocalScorer, LoadError> {
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    // A start token besides.
    let slots = request.tokens() + 1;
    let options = CpuOptions { threads, slots, ..CpuOptions::default() };
    LocalModel::open(Path::new(&args.model), tokenizer, tokenizer.start_token())?.load(options)
}

async fn connect(args: &ScoreArgs, tokenizer: &Tokenizer) -> Result<HttpScorer, CliError> {
    let config = json!({
        "urls": [args.model],
        "api_key": args.api_key,
        "start_token": tokenizer.start_token(),
    });
    let config: HttpConfig = serde_json::from_value(config).map_err(io::Error::other)?;
    Ok(backstory_score::connect(&config, tokenizer).await?)
}

/// Nats per token of the target that a thought gains over none.
fn gain(scored: &[Scored], score: &TargetScore) -> Option<f64> {
    let (_, Ok(none)) = scored.first()? else { return None };
    Some((none.nats() - score.nats()) / score.tokens() as f64)
}

fn as_json(identity: &Identity, found: &[Scored], thought_tokens: &[usize]) -> Value {
    let candidates = found.iter().zip(thought_tokens).enumerate();
    let scores = candidates.map(|(at, ((name, score), tokens))| {
        let thought = (at > 0).then_some(name);
        match score {
            Ok(score) => json!({
                "thought": thought,
                "thought_tokens": tokens,
                "nats": score.nats(),
                "tokens": score.tokens(),
                "perplexity": score.perplexity(),
                "bits_per_byte": score.bits_per_byte(),
                "gain_vs_none": gain(found, score),
            }),
            Err(error) => json!({
                "thought": thought,
                "thought_tokens": tokens,
                "nats": null,
                "error": error.to_string(),
            }),
        }
    });
    json!({ "scorer": identity, "scores": scores.collect::<Vec<_>>() })
}

fn as_text(scored: &[Scored], thought_tokens: &[usize], paint: Paint) -> String {
    let head = ["", "thought tokens", "nats", "target tokens", "perplexity", "bits/byte", "gain"];
    let row = |((name, score), tokens): (&Scored, &usize)| match score {
        Ok(score) => vec![
            name.clone(),
            count(*tokens as u64),
            format!("{:.3}", score.nats()),
            count(score.tokens() as u64),
            perplexity(score.perplexity()),
            score.bits_per_byte().map_or("-".to_owned(), |bits| format!("{bits:.4}")),
            gain(scored, score).map_or("-".to_owned(), |gain| format!("{gain:+.4}")),
        ],
        Err(error) => vec![name.clone(), count(*tokens as u64), format!("no score: {error}")],
    };
    let mut lines = table(&head, &scored.iter().zip(thought_tokens).map(row).collect::<Vec<_>>());
    lines[0] = paint.bold(&lines[0]);
    lines.push(String::new());
    lines.push("gain: nats per token of the target over no thought; more is better".to_owned());
    lines.join("\n")
}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<ConnectError> for CliError {
    fn from(error: ConnectError) -> Self {
        Self::Model(error.to_string())
    }
}
