//! The kinds of `[scorers]` in a plan file.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;

use backstory_core::{Answers, BuildError, Digest, Hasher, Judge, ModelEnvironment};
use backstory_keep::{LocationError, Place};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::lazy::{LazyScorer, Made};
use crate::{
    ConnectError, CpuOptions, HttpConfig, HttpScorer, Identity, KeptScorer, LoadError, LocalModel,
    Scorer, TextScorer, Tokenizer,
};

/// A language model on this machine, computed by the processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalConfig {
    /// The folder of the model as Hugging Face keeps it: `config.json` and `*.safetensors`. Dense models of
    /// the Llama, Qwen2 and Qwen3 architectures.
    #[schemars(extend("format" = "path"))]
    pub folder: PathBuf,
    /// The `tokenizer.json` of the model; the one in its folder if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub tokenizer: Option<PathBuf>,
    /// The digest of the model's files, as `backstory score --json` prints it. Another model is refused, and
    /// where nothing is scored any more, none has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The token that is put before every context; what the tokenizer puts before a text if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_token: Option<u32>,
    /// Threads to compute with; one per core if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<NonZeroU32>,
    /// Tokens to compute at once. More keep the processor busier and take more memory.
    #[serde(default = "usual_pass")]
    pub pass_tokens: NonZeroU32,
    /// Tokens whose attention state is remembered, so that what texts have in common is computed once. The
    /// longest text has to fit.
    #[serde(default = "usual_cache")]
    pub cache_tokens: NonZeroU32,
    /// Where scores are kept: a folder, relative to the plan file, or a place in a bucket; in the output if
    /// left out. What is there is never scored again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub scores: Option<String>,
}

fn usual_pass() -> NonZeroU32 {
    positive(CpuOptions::default().pass_tokens)
}

fn usual_cache() -> NonZeroU32 {
    positive(CpuOptions::default().slots)
}

fn positive(number: usize) -> NonZeroU32 {
    u32::try_from(number).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

/// A language model on servers: `SGLang`, vLLM, or any that echoes a prompt with its log-probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerConfig {
    /// The servers and how they are reached.
    #[serde(flatten)]
    pub http: HttpConfig,
    /// The `tokenizer.json` of the model: servers get tokens, not texts.
    #[schemars(extend("format" = "path"))]
    pub tokenizer: PathBuf,
    /// Where scores are kept: a folder, relative to the plan file, or a place in a bucket; in the output if
    /// left out. What is there is never scored again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub scores: Option<String>,
}

impl LocalConfig {
    /// The `kind` in a plan file.
    pub const KIND: &'static str = "local";
    /// What it does, one line.
    pub const SUMMARY: &'static str =
        "computes a language model on the processor, every score kept";
    /// What it takes that a run waits for.
    pub const EFFECT: Option<&'static str> = Some("scores");

    /// Makes the judge. Reads the model's files to know which model it is; loads it once it has to be ready.
    pub fn build(
        self,
        environment: &ModelEnvironment<'_>,
    ) -> Result<Arc<dyn Judge>, Vec<BuildError>> {
        let folder = environment.base.join(&self.folder);
        let tokenizer = self.tokenizer.as_ref().map(|path| environment.base.join(path));
        let named = if tokenizer.is_some() { "tokenizer" } else { "folder" };
        let tokenizer = tokenizer.unwrap_or_else(|| folder.join("tokenizer.json"));
        let tokenizer = Tokenizer::open(&tokenizer).map_err(|error| vec![told(named, &error)])?;
        let start_token = self.start_token.or(tokenizer.start_token());
        let place = place(environment, self.scores.as_deref()).map_err(|error| vec![error])?;
        let digest = self.digest()?;
        if let Some(digest) = digest.filter(|_| !asks(environment)) {
            let identity = LocalModel::identity_of(digest, &tokenizer, start_token);
            return Ok(judge(identity, None, tokenizer, place));
        }
        let model = LocalModel::open(&folder, &tokenizer, start_token)
            .map_err(|error| vec![told("folder", &error)])?;
        let identity = model.identity().clone();
        if digest.is_some_and(|digest| digest != identity.model) {
            let message = format!("the model in \"{}\" has another one", folder.display());
            let hint =
                format!("name the folder of the model, or take digest = \"{}\"", identity.model);
            return Err(vec![BuildError { key: "digest", message, hint: Some(hint) }]);
        }
        let scorer = asks(environment).then(|| Arc::new(self.lazy(model)) as Arc<dyn Scorer>);
        Ok(judge(identity, scorer, tokenizer, place))
    }

    fn digest(&self) -> Result<Option<Digest>, Vec<BuildError>> {
        let digest = self.digest.as_ref().map(|digest| digest.parse()).transpose();
        digest.map_err(|_| {
            let message = "that is no digest".into();
            let hint =
                "give the 64 digits that `backstory score --json` prints of the model".into();
            vec![BuildError { key: "digest", message, hint: Some(hint) }]
        })
    }

    fn lazy(&self, model: LocalModel) -> LazyScorer {
        let threads = self.threads.map_or_else(
            || available_parallelism().map_or(1, usize::from),
            |threads| threads.get() as usize,
        );
        let options = CpuOptions {
            threads,
            pass_tokens: self.pass_tokens.get() as usize,
            slots: self.cache_tokens.get() as usize,
        };
        let identity = model.identity().clone();
        LazyScorer::new(identity, move || made(model.load(options)))
    }
}

impl ServerConfig {
    /// The `kind` in a plan file.
    pub const KIND: &'static str = "http";
    /// What it does, one line.
    pub const SUMMARY: &'static str = "has servers score, every score kept";
    /// What it takes that a run waits for.
    pub const EFFECT: Option<&'static str> = Some("scores");

    /// Makes the judge. Asks no server: they are probed once it has to be ready.
    pub fn build(
        self,
        environment: &ModelEnvironment<'_>,
    ) -> Result<Arc<dyn Judge>, Vec<BuildError>> {
        let mut errors = if asks(environment) { self.http.check() } else { vec![] };
        if self.http.model.is_none() {
            errors.push(BuildError {
                key: "model",
                message: "the model has no name".into(),
                hint: Some("name it as the servers do: it tells its scores from others".into()),
            });
        }
        let tokenizer = Tokenizer::open(&environment.base.join(&self.tokenizer))
            .map_err(|error| errors.push(told("tokenizer", &error)));
        let place = place(environment, self.scores.as_deref()).map_err(|error| errors.push(error));
        let (Ok(tokenizer), Ok(place)) = (tokenizer, place) else { return Err(errors) };
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut http = self.http;
        http.start_token = http.start_token.or(tokenizer.start_token());
        let identity = identity(&http, &tokenizer);
        let tokenizer = Arc::new(tokenizer);
        let lazy = || lazy(identity.clone(), http, Arc::clone(&tokenizer));
        let scorer = asks(environment).then(|| Arc::new(lazy()) as Arc<dyn Scorer>);
        Ok(judge(identity, scorer, tokenizer, place))
    }
}

fn lazy(identity: Identity, http: HttpConfig, tokenizer: Arc<Tokenizer>) -> LazyScorer {
    LazyScorer::new(identity, move || made(Handle::current().block_on(connect(&http, &tokenizer))))
}

fn made(scorer: Result<impl Scorer + 'static, impl ToString>) -> Made {
    match scorer {
        Ok(scorer) => Ok(Arc::new(scorer)),
        Err(error) => Err(error.to_string()),
    }
}

/// Connects to servers, and sees that they read a sample as the tokens that `tokenizer` makes of it.
pub async fn connect(
    config: &HttpConfig,
    tokenizer: &Tokenizer,
) -> Result<HttpScorer, ConnectError> {
    let scorer = HttpScorer::connect(config).await?;
    let sample = "fn main() {\n    println!(\"naïve – 123\");\n}\n";
    if let Ok(tokens) = tokenizer.encode(sample) {
        scorer.check_tokens(sample, &tokens).await?;
    }
    Ok(scorer)
}

/// What is known of a model on servers before they are asked.
fn identity(http: &HttpConfig, tokenizer: &Tokenizer) -> Identity {
    let mut hasher = Hasher::new();
    for part in [&http.model, &http.revision] {
        hasher.field(part.as_deref().unwrap_or_default());
    }
    Identity {
        model: hasher.finish(),
        tokenizer: Some(tokenizer.digest()),
        start_token: http.start_token,
        executor: ServerConfig::KIND.to_owned(),
    }
}

fn judge(
    identity: Identity,
    scorer: Option<Arc<dyn Scorer>>,
    tokenizer: impl Into<Arc<Tokenizer>>,
    place: Place,
) -> Arc<dyn Judge> {
    Arc::new(TextScorer::new(Arc::new(KeptScorer::new(identity, scorer, place)), tokenizer))
}

/// Whether anything may be scored that was not scored before.
fn asks(environment: &ModelEnvironment<'_>) -> bool {
    matches!(environment.answers, Answers::Asked(_) | Answers::Recorded { asks: true, .. })
}

fn place(environment: &ModelEnvironment<'_>, named: Option<&str>) -> Result<Place, BuildError> {
    let place = Place::of(environment.answers, named, environment.base);
    place.map_err(|LocationError { message, hint }| BuildError {
        key: "scores",
        message,
        hint: Some(hint),
    })
}

fn told(key: &'static str, error: &LoadError) -> BuildError {
    let hint = match (error, key) {
        (LoadError::Read { .. }, "tokenizer") => Some("name the tokenizer.json of the model"),
        (LoadError::Read { .. }, _) => {
            Some("name a folder with config.json, tokenizer.json and *.safetensors of a model")
        }
        _ => None,
    };
    BuildError { key, message: error.to_string(), hint: hint.map(str::to_owned) }
}
