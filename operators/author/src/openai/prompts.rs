//! The texts that models are asked with: templates in files, each replaceable from the plan file.

use std::path::{Path, PathBuf};

use backstory_core::{BuildError, Digest, Hasher};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quote::quote;

/// Templates of one's own, in the language of Jinja. Each replaces the one of that name in
/// `operators/author/prompts`, and can print what that one prints. `{{ quote(name, text) }}` prints a text
/// between marks that it cannot end itself: whatever comes from the repository belongs there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Prompts {
    /// What a model is told first, whatever it is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub system: Option<PathBuf>,
    /// The repository; included by the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub repository: Option<PathBuf>,
    /// Asks for requirements and plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub plan: Option<PathBuf>,
    /// Asks for a further part of the plan of a large repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub plan_part: Option<PathBuf>,
    /// Asks for an answer again that could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub repair: Option<PathBuf>,
    /// Requirements, plan and the file that a thought is about; included by `need`, `design`
    /// and `rewrite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub scene: Option<PathBuf>,
    /// Asks for the thought before reading, and for what to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub need: Option<PathBuf>,
    /// Asks for the thought before writing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub design: Option<PathBuf>,
    /// Asks for another thought in the place of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub rewrite: Option<PathBuf>,
}

/// Name, source of ours, and the file that replaces it.
type Source<'a> = (&'static str, &'static str, &'a Option<PathBuf>);

impl Prompts {
    fn sources(&self) -> [Source<'_>; 9] {
        macro_rules! source {
            ($name:ident) => {
                (
                    stringify!($name),
                    include_str!(concat!("../../prompts/", stringify!($name), ".jinja")),
                    &self.$name,
                )
            };
        }
        [
            source!(system),
            source!(repository),
            source!(plan),
            source!(plan_part),
            source!(repair),
            source!(scene),
            source!(need),
            source!(design),
            source!(rewrite),
        ]
    }

    /// Reads the templates. Paths start at `base`.
    pub(crate) fn load(&self, base: &Path) -> Result<Templates, Vec<BuildError>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.unwrap_or_default());
        environment.add_function("quote", quote);
        let mut hasher = Hasher::new();
        let mut rewrite = Hasher::new();
        let mut errors = vec![];
        for (name, ours, path) in self.sources() {
            let source = match path {
                None => Ok(ours.to_owned()),
                Some(path) => std::fs::read_to_string(base.join(path))
                    .map_err(|error| unusable(name, path, &error.to_string())),
            };
            let added = source.and_then(|source| {
                let of_rewrites = name == "rewrite";
                // Ours stays out of what plans and thoughts are asked with, which it does not change; another
                // one is a part of who writes.
                if !of_rewrites || path.is_some() {
                    hasher.field(name).field(&source);
                }
                if of_rewrites {
                    rewrite.field(&source);
                }
                let path = path.clone().unwrap_or_default();
                let added = environment.add_template_owned(name, source);
                added.map_err(|error| unusable(name, &path, &error.to_string()))
            });
            errors.extend(added.err());
        }
        let digest = hasher.finish();
        let rewrite = rewrite.field(digest.0).finish();
        let templates = Templates { environment, digest, rewrite };
        if errors.is_empty() { Ok(templates) } else { Err(errors) }
    }
}

fn unusable(name: &str, path: &Path, why: &str) -> BuildError {
    BuildError {
        key: "prompts",
        message: format!(
            "the template \"{}\" for \"{name}\" cannot be used: {why}",
            path.display()
        ),
        hint: Some("name a file that can be read, in the language of Jinja".to_owned()),
    }
}

/// All templates, ready to render.
pub(crate) struct Templates {
    environment: Environment<'static>,
    /// Of the sources that plans and thoughts are asked with.
    pub(crate) digest: Digest,
    /// Of the sources that rewrites are asked with.
    pub(crate) rewrite: Digest,
}

impl Templates {
    /// The text of one template. The error is for a row in `errors`.
    pub(crate) fn render(&self, name: &str, values: &Value) -> Result<String, String> {
        let template = self.environment.get_template(name).map_err(|error| error.to_string())?;
        let text = template.render(values);
        text.map_err(|error| format!("the template \"{name}\" cannot be rendered: {error:#}"))
    }
}
