//! Encoding with a known place in the text for every token.
//!
//! The library gives ids without offsets. For a byte-level model they follow from the bytes that each
//! token stands for, so the whole text is encoded at once and the tokens are laid along it; that this
//! fits, byte by byte, proves that the text comes back. For any other model each span is encoded for
//! itself, and the whole is decoded again to see that it comes back.

use std::collections::BTreeMap;

use backstory_core::Span;
use tokenizers::pipeline::{EncodeOptions, Override, PipelineToken, PipelineTokenizer};

pub(crate) struct Tokenizer {
    pub(crate) pipeline: PipelineTokenizer,
    /// Tokens that never stand for text, with their ids.
    pub(crate) special: BTreeMap<String, u32>,
    /// There for byte-level models.
    pub(crate) bytes: Option<TokenBytes>,
}

/// The bytes that each token stands for, by id. Special tokens and unused ids stand for none.
#[derive(Default)]
pub(crate) struct TokenBytes {
    /// Where each entry starts, and where the last ends.
    starts: Vec<u32>,
    bytes: Vec<u8>,
}

impl TokenBytes {
    /// `entries` by ascending id.
    pub(crate) fn new(entries: BTreeMap<u32, Vec<u8>>) -> Self {
        let mut table = Self { starts: vec![0], bytes: vec![] };
        for (id, bytes) in entries {
            table.starts.resize(id as usize + 1, table.bytes.len() as u32);
            table.bytes.extend(bytes);
            table.starts.push(table.bytes.len() as u32);
        }
        table
    }

    pub(crate) fn get(&self, id: u32) -> &[u8] {
        match self.starts.get(id as usize..id as usize + 2) {
            Some(&[start, end]) => &self.bytes[start as usize..end as usize],
            _ => &[],
        }
    }
}

impl Tokenizer {
    /// The ids of `text`, and per span the number of tokens up to its end. Spans cover the text.
    pub(crate) fn encode(
        &self,
        text: &str,
        spans: &[Span],
    ) -> Result<(Vec<u32>, Vec<u32>), String> {
        match &self.bytes {
            Some(bytes) => self.encode_whole(bytes, text, spans),
            None => self.encode_by_span(text, spans),
        }
    }

    /// The text that `ids` stand for, special tokens left out.
    pub(crate) fn decode(&self, ids: &[u32]) -> Result<String, String> {
        let Some(bytes) = &self.bytes else {
            return self.pipeline.decode(ids, true).map_err(|error| error.to_string());
        };
        let text = ids.iter().flat_map(|&id| bytes.get(id)).copied().collect();
        String::from_utf8(text).map_err(|_| "the tokens do not stand for a text".into())
    }

    fn encode_whole(
        &self,
        bytes: &TokenBytes,
        text: &str,
        spans: &[Span],
    ) -> Result<(Vec<u32>, Vec<u32>), String> {
        // Source code has about four bytes a token; a little more room saves a copy.
        let mut tokens = Vec::with_capacity(text.len() / 3);
        self.append(text, &mut tokens)?;
        let ends = lay(bytes, text.as_bytes(), spans, &tokens)?;
        Ok((ids(tokens), ends))
    }

    fn encode_by_span(&self, text: &str, spans: &[Span]) -> Result<(Vec<u32>, Vec<u32>), String> {
        let mut tokens = vec![];
        let mut ends = Vec::with_capacity(spans.len());
        for span in spans {
            self.append(&text[span.start as usize..span.end as usize], &mut tokens)?;
            ends.push(tokens.len() as u32);
        }
        let ids = ids(tokens);
        let decoded = self.decode(&ids)?;
        if decoded == text { Ok((ids, ends)) } else { Err(not_given_back(&decoded, text, spans)) }
    }

    fn append(&self, text: &str, tokens: &mut Vec<PipelineToken>) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let options = EncodeOptions {
            add_special_tokens: false,
            encode_special_tokens: true,
            padding: Override::Off,
            truncation: Override::Off,
        };
        self.pipeline.encode_into(text, &options, tokens).map_err(|error| error.to_string())
    }
}

fn ids(tokens: Vec<PipelineToken>) -> Vec<u32> {
    tokens.into_iter().map(PipelineToken::id).collect()
}

/// Lays tokens along the text: per span, the number of tokens that begin before its end.
fn lay(
    bytes: &TokenBytes,
    text: &[u8],
    spans: &[Span],
    tokens: &[PipelineToken],
) -> Result<Vec<u32>, String> {
    let mut ends = Vec::with_capacity(spans.len());
    let mut rest = tokens.iter();
    let mut at = 0;
    for span in spans {
        while at < span.end as usize {
            let token = rest.next().map_or(&[][..], |token| bytes.get(token.id()));
            if token.is_empty() || !text[at..].starts_with(token) {
                return Err(misfit(at, span));
            }
            at += token.len();
        }
        ends.push((tokens.len() - rest.len()) as u32);
    }
    if at == text.len() && rest.len() == 0 {
        return Ok(ends);
    }
    Err("the tokenizer gives more tokens than the text has".into())
}

fn misfit(at: usize, span: &Span) -> String {
    let within = at.saturating_sub(span.start as usize);
    format!(
        "the tokenizer does not give back byte {at} of the text (byte {within} of a {} span)",
        span.kind
    )
}

fn not_given_back(decoded: &str, text: &str, spans: &[Span]) -> String {
    let at = decoded.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    match spans.iter().find(|span| at < span.end as usize) {
        Some(span) => misfit(at, span),
        None => "the tokenizer gives back more than the text".into(),
    }
}
