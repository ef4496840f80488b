//! What a server says of itself: which software it is, which model it has, how long a text may be.

use backstory_core::{Digest, Hasher};
use serde::Deserialize;
use serde_json::{Value, json};

use super::dialect::Dialect;
use super::line::Line;
use super::wire::Trouble;
use super::{ConnectError, HttpConfig, ServerKind};

/// What a server says of itself, as far as scores depend on it.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub kind: ServerKind,
    /// The name that requests call the model by.
    pub model: String,
    /// Whatever else tells what computes, by name.
    facts: Vec<(&'static str, String)>,
    /// The longest text, in tokens, if it is known.
    pub limit: Option<usize>,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    #[serde(default)]
    owned_by: Option<String>,
    #[serde(default)]
    root: Option<String>,
    #[serde(default)]
    max_model_len: Option<usize>,
}

impl About {
    /// Asks the server at the other end of `line`.
    pub async fn ask(line: &Line<'_>, config: &HttpConfig) -> Result<Self, ConnectError> {
        let unreachable = |trouble| line.unreachable(&trouble);
        let models = line.get("v1/models").await.map_err(unreachable)?;
        let models = models.and_then(|models| serde_json::from_value::<Models>(models).ok());
        let models = models.map(|models| models.data).unwrap_or_default();
        let info = line.get_any(&["model_info", "get_model_info"]).await.map_err(unreachable)?;
        let info = info.filter(|info| info["model_path"].is_string());
        let kind = config.server.unwrap_or_else(|| kind(&models, info.as_ref()));
        let model = model(line, config, &models, info.as_ref())?;
        let card = models.iter().find(|card| card.id == model);
        let mut about = Self { kind, model, facts: vec![], limit: None };
        // The last token is never generated, and yet none of these servers takes a text without room for it.
        about
            .limit(card.and_then(|card| card.max_model_len).map(|length| length.saturating_sub(1)));
        match kind {
            ServerKind::Sglang => about.sglang(line, info.as_ref()).await.map_err(unreachable)?,
            ServerKind::Vllm => {
                let version =
                    line.get_any(&["version"]).await.map_err(unreachable)?.unwrap_or_default();
                about.fact("version", &version["version"]);
            }
            ServerKind::OpenaiEcho => {
                about.fact("owned_by", &json!(card.and_then(|card| card.owned_by.clone())));
            }
        }
        about.fact("root", &json!(card.and_then(|card| card.root.clone())));
        about.fact("revision", &json!(config.revision));
        about.limit(config.context_tokens);
        Ok(about)
    }

    async fn sglang(&mut self, line: &Line<'_>, info: Option<&Value>) -> Result<(), Trouble> {
        let info = info.unwrap_or(&Value::Null);
        for name in ["model_path", "weight_version", "model_type"] {
            self.fact(name, &info[name]);
        }
        // An administrator's key may be needed for this one.
        let server = line.get_any(&["server_info", "get_server_info"]).await?;
        let server = server.unwrap_or_default();
        for name in ["version", "revision", "dtype", "quantization", "kv_cache_dtype"] {
            self.fact(name, &server[name]);
        }
        // As many tokens or more are refused.
        let most = server["max_req_input_len"].as_u64();
        self.limit(most.map(|most| (most as usize).saturating_sub(1)));
        Ok(())
    }

    fn fact(&mut self, name: &'static str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.facts.push((name, text.clone())),
            other => self.facts.push((name, other.to_string())),
        }
    }

    fn limit(&mut self, limit: Option<usize>) {
        self.limit = self.limit.into_iter().chain(limit).min();
    }

    /// How to speak to it, as far as that is known before it was tried.
    pub fn dialect(&self) -> Dialect {
        match self.kind {
            ServerKind::Sglang => Dialect::Sglang,
            ServerKind::Vllm => Dialect::Vllm,
            ServerKind::OpenaiEcho => Dialect::Echo { generated: 0 },
        }
    }

    /// A digest of all that it says.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new();
        hasher.field("server/1").field(self.kind.name()).field(&self.model);
        for (name, value) in &self.facts {
            hasher.field(name).field(value);
        }
        hasher.finish()
    }

    /// What this and `other` say differently, for a message.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let tell = |name: &str, a: &str, b: &str| Some(format!("{name} is {a} and {b}"));
        if self.kind != other.kind {
            return tell("kind", self.kind.name(), other.kind.name());
        }
        if self.model != other.model {
            return tell("model", &self.model, &other.model);
        }
        let value = |facts: &[(&str, String)], name| {
            let found = facts.iter().find(|(other, _)| *other == name);
            found.map_or_else(|| "unknown".to_owned(), |(_, value)| value.clone())
        };
        let names = self.facts.iter().chain(&other.facts).map(|(name, _)| *name);
        names.into_iter().find_map(|name| {
            let (a, b) = (value(&self.facts, name), value(&other.facts, name));
            (a != b).then(|| tell(name, &a, &b))?
        })
    }
}

fn kind(models: &[Model], info: Option<&Value>) -> ServerKind {
    let owner = models.iter().find_map(|model| model.owned_by.as_deref());
    match owner {
        Some("sglang") => ServerKind::Sglang,
        Some("vllm") => ServerKind::Vllm,
        // Gateways before SGLang list models of their own.
        _ if info.is_some() => ServerKind::Sglang,
        _ => ServerKind::OpenaiEcho,
    }
}

/// The name of the model, from the plan or the server.
fn model(
    line: &Line<'_>,
    config: &HttpConfig,
    models: &[Model],
    info: Option<&Value>,
) -> Result<String, ConnectError> {
    let names: Vec<_> = models.iter().map(|model| model.id.clone()).collect();
    let server = || line.host.name.clone();
    match &config.model {
        Some(model) if names.is_empty() || names.contains(model) => Ok(model.clone()),
        Some(model) => {
            let known = names.join(", ");
            Err(ConnectError::NoModel { server: server(), model: model.clone(), known })
        }
        None => {
            let path = info.and_then(|info| info["model_path"].as_str()).map(str::to_owned);
            let first = names.into_iter().next().or(path);
            first.ok_or_else(|| ConnectError::Unnamed { server: server() })
        }
    }
}
