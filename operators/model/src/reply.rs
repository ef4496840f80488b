//! An answer, its reasoning split off.

use serde::{Deserialize, Serialize};

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// A usable answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The answer, without reasoning and without space around it.
    pub content: String,
    /// What the model reasoned before it, if the server or the model told it apart.
    pub reasoning: Option<String>,
    /// Why the model stopped, as the server said: `stop`. An answer that was cut off is no reply.
    pub finish_reason: Option<String>,
}

impl Reply {
    /// Splits reasoning off `content`; `reasoning` is what the server has split off already.
    pub(crate) fn new(
        content: &str,
        reasoning: Option<String>,
        finish_reason: Option<String>,
    ) -> Self {
        let (inner, content) = split(content);
        let parts = reasoning.into_iter().chain(inner.into_iter().map(String::from));
        let parts: Vec<_> = parts.filter(|part| !part.trim().is_empty()).collect();
        let reasoning = (!parts.is_empty()).then(|| parts.join("\n\n"));
        Self { content: content.to_owned(), reasoning, finish_reason }
    }
}

/// Reasoning and the rest. Only what leads the text is reasoning: an answer may speak of such tags itself.
fn split(text: &str) -> (Vec<&str>, &str) {
    let mut rest = text.trim();
    let mut parts = vec![];
    while let Some(inner) = rest.strip_prefix(OPEN) {
        let (part, after) = inner.split_once(CLOSE).unwrap_or((inner, ""));
        parts.push(part.trim());
        rest = after.trim();
    }
    // Templates of some servers open the block themselves, so that only its end is seen. JSON is an answer
    // from its first character on.
    if parts.is_empty()
        && !rest.starts_with(['{', '['])
        && let Some((part, after)) = rest.split_once(CLOSE)
        && !part.contains(OPEN)
    {
        parts.push(part.trim());
        rest = after.trim();
    }
    (parts, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &str, reasoning: Option<&str>) -> (String, Option<String>) {
        let reply = Reply::new(content, reasoning.map(String::from), None);
        (reply.content, reply.reasoning)
    }

    #[test]
    fn leading_blocks_are_reasoning() {
        let hm = Some("hm".to_owned());
        assert_eq!(of("<think>hm</think>\nyes", None), ("yes".into(), hm.clone()));
        assert_eq!(of(" <think>hm</think><think></think>yes", None), ("yes".into(), hm.clone()));
        assert_eq!(of("hm\n</think>\n\n{}", None), ("{}".into(), hm.clone()));
        assert_eq!(of("<think>\nhm", None), (String::new(), hm.clone()));
        assert_eq!(of("yes", Some("hm")), ("yes".into(), hm));
        assert_eq!(of("<think>b</think>yes", Some("a")).1, Some("a\n\nb".into()));
        assert_eq!(of("<think>\n</think>yes", Some(" ")), ("yes".into(), None));
    }

    #[test]
    fn answers_may_speak_of_tags() {
        for text in ["say <think>x</think> here", r#"{"a": "</think>"}"#, "[\"</think>\"]"] {
            assert_eq!(of(text, None), (text.into(), None));
        }
    }
}
