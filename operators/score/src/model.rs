//! Reading models in the form of Hugging Face: `config.json` and `*.safetensors` in one folder.
//!
//! Supported are dense decoders of the Llama, Qwen2 and Qwen3 architectures in bf16, f16 or f32. What
//! would be computed otherwise than `transformers` computes it is refused by name, never ignored.

mod checkpoint;
mod config;
mod rope;

pub use checkpoint::Checkpoint;
pub use config::Config;
pub use rope::Rope;

use std::path::PathBuf;

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read \"{path}\": {source}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not what its name says.
    #[error("\"{path}\" is malformed: {message}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The model needs something that is not implemented.
    #[error("{what} is not supported: {hint}")]
    Unsupported {
        /// What the model asks for, as `config.json` says it.
        what: String,
        /// What can be done.
        hint: &'static str,
    },
    /// The configuration promises a tensor that no file has.
    #[error("no tensor \"{name}\" in \"{folder}\": is the download complete?", folder = .folder.display())]
    MissingTensor {
        /// The tensor.
        name: String,
        /// The folder of the model.
        folder: PathBuf,
    },
    /// A tensor's shape is not what the configuration promises.
    #[error(
        "tensor \"{name}\" is {found:?}, config.json says {expected:?}: are they of one model?"
    )]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape by the configuration.
        expected: Vec<usize>,
    },
    /// The tokenizer has tokens that the model does not know.
    #[error(
        "the tokenizer has {has} tokens, the model knows {knows}: take the tokenizer.json of the model"
    )]
    Vocabulary {
        /// Tokens of the tokenizer.
        has: usize,
        /// Tokens of the model.
        knows: usize,
    },
    /// No thread, no memory.
    #[error("cannot start: {0}")]
    Start(String),
}
