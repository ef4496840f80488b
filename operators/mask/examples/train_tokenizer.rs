//! Trains a small byte-level BPE tokenizer on folders of source code.
//!
//! ```text
//! cargo run --release -p backstory-mask --example train_tokenizer -- \
//!     FOLDER... --entries 8192 --megabytes 20 --out datasets/tokenizer.json
//! ```
//!
//! Equal folders give an equal file: files are chosen by the digest of their path below FOLDER, never by
//! chance or in the order of a file system. `--megabytes` bounds the text taken per language, so that
//! the language one happens to have most of does not own the vocabulary. No single package gives more
//! than a hundredth of that, and no file of more than 128 KiB is taken: tables and generated code say
//! nothing about how people write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backstory_core::Digest;
use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    AddedToken, SplitDelimiterBehavior, TokenizerBuilder, TokenizerImpl,
    processors::PostProcessorWrapper,
};
use tokenizers_reference as tokenizers;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Words with at most one leading sign, numbers in groups of up to three digits, runs of signs with
/// the line break after them, runs of white space: that of Llama 3.
const SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// In the order of their ids, which come before all others.
const SPECIAL: [&str; 2] = ["<|begin|>", "<|end|>"];

/// Longer entries are rulers and separators.
const LONGEST_ENTRY: usize = 24;

const LARGEST_FILE: u64 = 128 * 1024;

/// Extension to language: what is counted together against the budget.
const LANGUAGES: [(&str, &str); 8] = [
    ("go", "go"),
    ("js", "javascript"),
    ("md", "prose"),
    ("mjs", "javascript"),
    ("py", "python"),
    ("rs", "rust"),
    ("ts", "javascript"),
    ("tsx", "javascript"),
];

struct Arguments {
    folders: Vec<PathBuf>,
    entries: usize,
    budget: u64,
    out: PathBuf,
}

fn main() -> Result<(), Error> {
    let arguments = parse(std::env::args().skip(1))?;
    let mut texts = vec![];
    for (language, files) in candidates(&arguments.folders) {
        let chosen = choose(files, arguments.budget);
        let bytes: usize = chosen.iter().map(String::len).sum();
        report(&format!("{language}: {} files, {bytes} bytes", chosen.len()));
        texts.extend(chosen);
    }
    let json = train(&texts, arguments.entries)?;
    std::fs::write(&arguments.out, json + "\n")?;
    Ok(())
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, Error> {
    let mut arguments = Arguments {
        folders: vec![],
        entries: 8192,
        budget: 20_000_000,
        out: "tokenizer.json".into(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--entries" => arguments.entries = value()?.parse()?,
            "--megabytes" => arguments.budget = value()?.parse::<u64>()? * 1_000_000,
            "--out" => arguments.out = value()?.into(),
            _ => arguments.folders.push(word.into()),
        }
    }
    if arguments.folders.is_empty() {
        return Err("name at least one folder of source code".into());
    }
    Ok(arguments)
}

struct Candidate {
    path: PathBuf,
    /// First folder below FOLDER.
    package: String,
    rank: Digest,
}

/// Per language, all files that may be taken.
fn candidates(folders: &[PathBuf]) -> BTreeMap<&'static str, Vec<Candidate>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for folder in folders {
        for entry in ignore::WalkBuilder::new(folder).standard_filters(false).build().flatten() {
            let small =
                entry.metadata().is_ok_and(|file| file.is_file() && file.len() <= LARGEST_FILE);
            if let (true, Some(language)) = (small, language(entry.path())) {
                found.entry(language).or_default().push(candidate(folder, entry.path()));
            }
        }
    }
    found
}

fn language(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?;
    LANGUAGES.iter().find(|(known, _)| *known == extension).map(|(_, language)| *language)
}

fn candidate(folder: &Path, path: &Path) -> Candidate {
    let below = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
    let package = below.split('/').next().unwrap_or_default().to_owned();
    Candidate { path: path.to_owned(), package, rank: Digest::of(below.as_bytes()) }
}

/// Texts by rank until the budget is spent; equal texts once.
fn choose(mut files: Vec<Candidate>, budget: u64) -> Vec<String> {
    files.sort_by_key(|file| file.rank);
    let mut seen = std::collections::BTreeSet::new();
    let mut spent_by_package = BTreeMap::<String, u64>::new();
    let mut spent = 0;
    let mut texts = vec![];
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file.path) else { continue };
        let package = spent_by_package.entry(file.package).or_default();
        let bytes = text.len() as u64;
        if *package + bytes > budget / 100
            || spent + bytes > budget
            || !seen.insert(Digest::of(&text))
        {
            continue;
        }
        *package += bytes;
        spent += bytes;
        texts.push(text);
    }
    texts
}

fn train(texts: &[String], entries: usize) -> Result<String, Error> {
    let mut tokenizer = untrained()?;
    let special = SPECIAL.map(|token| AddedToken::from(token, true));
    let mut trainer = BpeTrainer::builder()
        .vocab_size(entries)
        .min_frequency(2)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .max_token_length(Some(LONGEST_ENTRY))
        .special_tokens(special.to_vec())
        .build();
    tokenizer.train(&mut trainer, texts.iter())?;
    tokenizer.to_string(false)
}

type Untrained = TokenizerImpl<BPE, NFC, Sequence, PostProcessorWrapper, ByteLevelDecoder>;

fn untrained() -> Result<Untrained, Error> {
    let split =
        Split::new(SplitPattern::Regex(SPLIT.into()), SplitDelimiterBehavior::Isolated, false)?;
    // The splitting is done by then: this one maps bytes to the alphabet.
    let bytes = ByteLevel::new(false, true, false);
    TokenizerBuilder::new()
        .with_model(BPE::default())
        .with_normalizer(None)
        .with_pre_tokenizer(Some(Sequence::new(vec![
            PreTokenizerWrapper::Split(split),
            PreTokenizerWrapper::ByteLevel(bytes),
        ])))
        .with_post_processor(None)
        .with_decoder(Some(ByteLevelDecoder::new(false, true, false)))
        .build()
}

#[expect(clippy::print_stderr, reason = "a command's progress")]
fn report(line: &str) {
    eprintln!("{line}");
}
