use backstory_core::{Failure, FailureKind, Span, SpanKind, Stage};

use crate::events::Event;
use crate::template::Frame;

/// The flat text and its spans: every event's content between the two parts of its frame.
pub(crate) fn assemble(
    events: &[Event<'_>],
    frames: &[Frame],
) -> Result<(String, Vec<Span>), Failure> {
    let parts = || events.iter().zip(frames);
    let length = parts().map(|(event, frame)| event.content.len() + frame.len()).sum::<usize>();
    if u32::try_from(length).is_err() {
        let message = format!("the trajectory would have {length} bytes, more than 4 GiB");
        return Err(Failure::repository(Stage::Flatten, FailureKind::TooLarge, message));
    }
    let mut text =
        Text { text: String::with_capacity(length), spans: Vec::with_capacity(events.len() * 3) };
    for (event, frame) in parts() {
        text.push(frame.before(), event.around, event);
        if event.is_file() || !event.content.is_empty() {
            text.push_span(&event.content, event.kind, event);
        }
        text.push(frame.after(), event.around, event);
    }
    Ok((text.text, text.spans))
}

struct Text {
    text: String,
    spans: Vec<Span>,
}

impl Text {
    fn push(&mut self, part: &str, kind: SpanKind, event: &Event<'_>) {
        if !part.is_empty() {
            self.push_span(part, kind, event);
        }
    }

    fn push_span(&mut self, part: &str, kind: SpanKind, event: &Event<'_>) {
        let start = self.text.len() as u32;
        self.text.push_str(part);
        let end = self.text.len() as u32;
        self.spans.push(Span { start, end, kind, file: event.file, step: event.step });
    }
}
