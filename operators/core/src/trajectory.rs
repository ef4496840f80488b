use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a stretch of a trajectory is. Every byte of the flat text has exactly one kind.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SpanKind {
    /// What the agent is told about its task and tools.
    System,
    /// The requirements.
    Requirements,
    /// The file-level plan.
    Plan,
    /// A thought.
    Think,
    /// The path of a file the agent asks to read.
    Read,
    /// A file's content as observed: equal to the file.
    Observation,
    /// A file's content as written: equal to the file.
    Write,
    /// The environment's fixed reply to a write.
    Result,
    /// Text of the template that the agent itself would produce: tags, tool-call brackets.
    Markup,
    /// Text of the template that the environment would produce: headings, observation brackets.
    Frame,
    /// Tokens outside the text, such as a begin-of-text token.
    Special,
}

impl SpanKind {
    /// All kinds, in declaration order.
    pub const ALL: [Self; 11] = [
        Self::System,
        Self::Requirements,
        Self::Plan,
        Self::Think,
        Self::Read,
        Self::Observation,
        Self::Write,
        Self::Result,
        Self::Markup,
        Self::Frame,
        Self::Special,
    ];

    /// The name used in plans and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Requirements => "requirements",
            Self::Plan => "plan",
            Self::Think => "think",
            Self::Read => "read",
            Self::Observation => "observation",
            Self::Write => "write",
            Self::Result => "result",
            Self::Markup => "markup",
            Self::Frame => "frame",
            Self::Special => "special",
        }
    }
}

impl fmt::Display for SpanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SpanKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| format!("\"{name}\" is no kind of span"))
    }
}

/// A stretch of the flat text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What it is.
    pub kind: SpanKind,
    /// The file it belongs to, as index into the repository's files.
    pub file: Option<u32>,
    /// Number of the step it belongs to, from 0: a thought, a tool call with its reply.
    pub step: u32,
}

/// A tool call of an assistant message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Unique within the trajectory.
    pub id: String,
    /// `read_file` or `write_file`.
    pub name: &'static str,
    /// A JSON object, as a string: readers of chat data fail on mixed structs.
    pub arguments: String,
}

/// One message of the chat form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: &'static str,
    /// What it says; none for a message that only calls a tool.
    pub content: Option<String>,
    /// The thought before it; on assistant messages only.
    pub reasoning_content: Option<String>,
    /// Calls made by it; on assistant messages only.
    pub tool_calls: Vec<ToolCall>,
    /// The call that it answers; on tool messages only.
    pub tool_call_id: Option<String>,
    /// The tool that answers; on tool messages only.
    pub name: Option<&'static str>,
}

/// One repository as one text, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trajectory {
    /// The flat text.
    pub text: String,
    /// Spans that cover the text from its first byte to its last without gap or overlap; none is empty,
    /// except the content of a file that is empty.
    pub spans: Vec<Span>,
    /// The chat form, made from the same spans; empty where the trajectory is one document.
    pub messages: Vec<Message>,
}
