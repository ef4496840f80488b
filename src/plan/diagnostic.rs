//! Messages about a plan: what is wrong, where it was typed, what to do.
//!
//! Responsible for carrying places from the text to the reader and for drawing them. Not responsible
//! for finding problems.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode,
};

/// Columns that [`Diagnostics::to_plain_string`] wraps at.
const PLAIN_WIDTH: usize = 100;

/// Two places this many lines apart are drawn in one picture.
const ONE_PICTURE: usize = 8;

/// The text with stars in place of keys to servers, byte for byte. The value of `api_key` is to be the name
/// of an environment variable; whatever else stands there may be the key itself.
fn without_keys(contents: &str) -> String {
    let mut kept = String::with_capacity(contents.len());
    let mut rest = contents;
    while let Some(at) = rest.find("api_key") {
        let (before, after) = rest.split_at(at + "api_key".len());
        let start = after.find(|c: char| !matches!(c, ' ' | '\t' | '=' | '"' | '\''));
        let (between, value) = after.split_at(start.unwrap_or(after.len()));
        let end = value.find(['"', '\'', '\n', '\r', ',', '#']).unwrap_or(value.len());
        let (value, after) = value.split_at(end);
        let is_name = value.trim_end().bytes().all(|byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_${}".contains(&byte)
        });
        let is_key = between.contains('=') && !is_name;
        kept.extend([before, between]);
        if is_key {
            kept.extend(std::iter::repeat_n('*', value.len()));
        } else {
            kept.push_str(value);
        }
        rest = after;
    }
    kept + rest
}

/// Something that was typed: the plan file or one `--set` argument.
#[derive(Debug)]
pub(super) struct Text {
    /// Problems are listed in the order of their texts.
    pub rank: usize,
    /// The folder that relative paths in this text start from.
    pub base: PathBuf,
    contents: String,
    /// `contents` as it may be shown on a terminal and kept in a log: as many bytes, no control characters,
    /// no keys to servers.
    source: NamedSource<String>,
}

impl Text {
    pub fn new(name: &str, contents: &str, base: PathBuf, rank: usize) -> Arc<Self> {
        let shown: String = without_keys(contents).chars().flat_map(shown).collect();
        let source = NamedSource::new(name, shown);
        Arc::new(Self { rank, base, contents: contents.to_owned(), source })
    }

    pub fn contents(&self) -> &str {
        &self.contents
    }

    /// Whether this is a `--set` argument.
    pub fn is_argument(&self) -> bool {
        self.rank > 0
    }
}

/// A character, or as many question marks as it has bytes if a terminal would obey it.
fn shown(character: char) -> impl Iterator<Item = char> {
    let obeyed = character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    let (shown, count) = if obeyed { ('?', character.len_utf8()) } else { (character, 1) };
    std::iter::repeat_n(shown, count)
}

/// Where something was typed.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub text: Arc<Text>,
    pub span: Range<usize>,
}

impl Place {
    pub fn new(text: &Arc<Text>, span: Range<usize>) -> Self {
        Self { text: Arc::clone(text), span }
    }

    /// What stands there.
    pub fn snippet(&self) -> &str {
        self.text.contents().get(self.span.clone()).unwrap_or_default()
    }

    fn line(&self) -> usize {
        let before = self.text.contents.get(..self.span.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }
}

/// A place and what to write under it.
#[derive(Clone, Debug)]
struct Labelled {
    place: Place,
    label: String,
}

impl Labelled {
    fn new(place: &Place, label: impl Into<String>) -> Self {
        Self { place: place.clone(), label: label.into() }
    }

    fn span(&self, primary: bool) -> LabeledSpan {
        let (label, span) = (Some(self.label.clone()), self.place.span.clone());
        if primary {
            LabeledSpan::new_primary_with_span(label, span)
        } else {
            LabeledSpan::new_with_span(label, span)
        }
    }
}

/// One thing that is wrong with a plan.
#[derive(Clone, Debug)]
pub struct Problem {
    severity: Severity,
    message: String,
    place: Option<Box<Labelled>>,
    other: Option<Box<Labelled>>,
    hint: Option<String>,
}

impl Problem {
    pub(super) fn error(message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { severity, message, place: None, other: None, hint: None }
    }

    pub(super) fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    pub(super) fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.place = Some(Box::new(Labelled::new(place, label)));
        self
    }

    /// A second place that has to do with it: drawn if it is near the first, otherwise told.
    pub(super) fn and_at(mut self, other: &Place, label: &str) -> Self {
        let Some(first) = &mut self.place else { return self };
        let line = other.line();
        if !Arc::ptr_eq(&other.text, &first.place.text) {
            let name = other.text.source.name();
            first.label = format!("{}; {label} is in line {line} of {name}", first.label);
        } else if first.place.line().abs_diff(line) > ONE_PICTURE {
            first.label = format!("{}; {label} is in line {line}", first.label);
        } else {
            self.other = Some(Box::new(Labelled::new(other, label)));
        }
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn hint_if(self, hint: Option<String>) -> Self {
        Self { hint: hint.or(self.hint), ..self }
    }

    pub(super) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Problems read in the order in which their places were typed.
    fn position(&self) -> (usize, usize) {
        self.place.as_ref().map_or((0, 0), |at| (at.place.text.rank, at.place.span.start))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl miette::Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|at| &at.place.text.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = self.place.as_ref()?.span(true);
        let other = self.other.as_ref().map(|other| other.span(false));
        Some(Box::new(std::iter::once(first).chain(other)))
    }
}

/// Everything that is wrong with a plan, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    problems: Vec<Problem>,
}

impl Diagnostics {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(Problem::position);
        Self { problems }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    /// The problems as a person reads them, with the lines they are about.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let theme =
            if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
        let mut text = String::new();
        for problem in &self.problems {
            if handler.render_report(&mut text, problem).is_err() {
                text.push_str(&problem.message);
            }
            text.push('\n');
        }
        text
    }

    /// [`Self::render`] without colour, in a fixed width.
    pub fn to_plain_string(&self) -> String {
        self.render(false, PLAIN_WIDTH)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [problem] => f.write_str(&problem.message),
            problems => write!(f, "{} problems in the plan", problems.len()),
        }
    }
}

impl std::error::Error for Diagnostics {}

impl From<Problem> for Diagnostics {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

#[cfg(test)]
mod tests {
    use super::without_keys;

    #[test]
    fn keys_are_stars_and_names_are_not() {
        for same in ["api_key = \"AUTHOR_KEY\"", "api_key='${KEY}'", "# an api_key is a name", ""] {
            assert_eq!(without_keys(same), same);
        }
        assert_eq!(without_keys("a=1\napi_key = \"sk-é1\" # b"), "a=1\napi_key = \"******\" # b");
        assert_eq!(without_keys("{api_key='k', x=1}"), "{api_key='*', x=1}");
        assert_eq!(without_keys("models.m.api_key=sk-1"), "models.m.api_key=****");
        assert_eq!(without_keys("api_key = \"never ended\nb"), "api_key = \"***********\nb");
    }
}
