//! The operator `parse`: the outline of every file.
//!
//! Responsible for the limits a plan sets and for passing a file that exceeds them on without an outline.
//! What an outline of a language holds is known by `backstory-languages`.

use std::sync::Arc;

use backstory_core::{
    BuildError, Environment, Flow, Operator, Outline, OutlineFile, SourceFile, Work,
};
use backstory_languages::{Limits, outline};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Outlines every file with tree-sitter: definitions with signature, doc comment and place, and imports.
/// Broken code gives what can be recognised. A file that exceeds a limit, or whose language has no grammar,
/// is written like the others, but nothing is known of what is in it; the former has a row in `errors`, of
/// kind `parse-limit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parse {
    /// Steps that the parser may take per byte of a file; every file has a hundred thousand steps free.
    /// Ordinary code takes 0.4 to 1.3 steps per byte, a hundred thousand nested brackets take 6. The
    /// limit counts steps, not time, so that it strikes the same files on every machine.
    #[schemars(range(min = 1))]
    pub steps_per_byte: u32,

    /// How deep classes and modules, and code with imports in it, may be nested.
    #[schemars(range(min = 1))]
    pub depth: u32,
}

impl Default for Parse {
    fn default() -> Self {
        let Limits { steps_per_byte, depth } = Limits::default();
        Self { steps_per_byte, depth }
    }
}

impl Operator for Parse {
    const KIND: &'static str = "parse";
    const SUMMARY: &'static str = "outlines files: definitions, signatures, docs, imports";
    const TAKES: &'static [Flow] = &[Flow::Files];
    const GIVES: Flow = Flow::Outlines;

    fn build(self, _environment: &Environment<'_>) -> Result<Work, Vec<BuildError>> {
        let zero = |key| BuildError {
            key,
            message: format!("`{key}` is 0, so that no file could be parsed"),
            hint: Some("give at least 1, or leave the key out".to_owned()),
        };
        let fields = [("steps_per_byte", self.steps_per_byte), ("depth", self.depth)];
        let errors: Vec<BuildError> =
            fields.into_iter().filter(|(_, value)| *value == 0).map(|(key, _)| zero(key)).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let limits = Limits { steps_per_byte: self.steps_per_byte, depth: self.depth };
        Ok(Work::Outline(Arc::new(Outliner { limits })))
    }
}

struct Outliner {
    limits: Limits,
}

impl OutlineFile for Outliner {
    fn outline(&self, file: &SourceFile) -> Outline {
        outline(file.language, &file.path, &file.text, self.limits)
            .unwrap_or_else(|error| Outline::opaque(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use backstory_core::Digest;

    use super::*;

    fn build(parse: Parse) -> Result<Work, Vec<BuildError>> {
        parse.build(&Environment { base: Path::new("."), author: &|_| None, scorer: &|_| None })
    }

    fn file(text: &str) -> SourceFile {
        let digest = Digest::of(text);
        SourceFile { path: "a/b.py".into(), language: "python", digest, text: text.into() }
    }

    fn run(parse: Parse, text: &str) -> Outline {
        match build(parse) {
            Ok(Work::Outline(work)) => work.outline(&file(text)),
            _ => panic!("not an outliner"),
        }
    }

    #[test]
    fn a_file_has_an_outline() {
        let outline = run(Parse::default(), "import a\ndef f(): pass\n");
        assert_eq!(outline.definitions.len(), 1);
        assert_eq!(outline.imports.len(), 1);
    }

    #[test]
    fn a_file_over_the_limits_is_opaque() {
        let parse = Parse { depth: 1, ..Parse::default() };
        let outline = run(parse, "class A:\n class B:\n  class C: pass");
        assert_eq!(outline, Outline::opaque("nested more than 1 deep"));
    }

    #[test]
    fn limits_of_zero_are_refused_together() {
        let parse = Parse { steps_per_byte: 0, depth: 0 };
        let keys: Vec<_> =
            build(parse).err().into_iter().flatten().map(|error| error.key).collect();
        assert_eq!(keys, ["steps_per_byte", "depth"]);
    }

    #[test]
    fn keys_are_known_and_optional() {
        assert_eq!(toml::from_str::<Parse>(""), Ok(Parse::default()));
        assert_eq!(toml::from_str::<Parse>("depth = 5").map(|parse| parse.depth), Ok(5));
        assert!(toml::from_str::<Parse>("deep = 5").is_err());
    }

    #[test]
    fn every_key_is_described() {
        let schema = schemars::schema_for!(Parse).to_value();
        let keys = schema["properties"].as_object().expect("an object");
        assert_eq!(keys.len(), 2);
        assert!(keys.values().all(|key: &serde_json::Value| key["description"].is_string()));
    }
}
