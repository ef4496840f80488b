//! Colours, and the shapes of messages.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::plan::Diagnostics;

/// Paints text, or leaves it alone.
#[derive(Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colours if standard output is a terminal and `NO_COLOR` is not set.
    pub fn for_stdout() -> Self {
        Self { on: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// Never any colours.
    pub fn plain() -> Self {
        Self { on: false }
    }

    fn for_stderr() -> Self {
        Self { on: io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// `text` in a style.
    pub fn style(self, style: Style, text: &str) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// `text` in a colour.
    pub fn colour(self, colour: AnsiColor, text: &str) -> String {
        self.style(colour.on_default(), text)
    }

    /// `text` in bold.
    pub fn bold(self, text: &str) -> String {
        self.style(Style::new().bold(), text)
    }

    /// `text` faintly.
    pub fn dim(self, text: &str) -> String {
        self.style(Style::new().dimmed(), text)
    }
}

/// Prints what is wrong with a plan on standard error.
pub fn print_diagnostics(diagnostics: &Diagnostics) {
    let text = diagnostics.render(Paint::for_stderr().on, 100);
    // There is nowhere left to complain if standard error is closed.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Prints an error on standard error; lines that begin with `hint:` are set apart.
pub fn print_error(message: &str) {
    let paint = Paint::for_stderr();
    let mut text = format!("{}: ", paint.colour(AnsiColor::Red, "error"));
    for (number, line) in message.lines().enumerate() {
        let line = line.strip_prefix("hint: ").map_or_else(
            || line.to_owned(),
            |hint| format!("  {}: {hint}", paint.colour(AnsiColor::Cyan, "hint")),
        );
        text.push_str(if number == 0 { "" } else { "\n" });
        text.push_str(&line);
    }
    let _ = writeln!(io::stderr(), "{text}");
}

/// A perplexity in six digits: from one on, and large where a model knows little.
pub fn perplexity(number: f64) -> String {
    let before = number.max(1.0).log10().floor() as usize;
    format!("{number:.*}", 5_usize.saturating_sub(before))
}

/// A count with thousands set apart: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 arm`, `2 arms`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Lines of a table, its head first: texts on the left, all other columns flush right. The last cell of a row
/// that is shorter than the head runs over the columns after it.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let head = head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
    let mut widths = head.iter().map(|cell| cell.chars().count()).collect::<Vec<_>>();
    for row in rows {
        let open_end = usize::from(row.len() < head.len());
        for (width, cell) in widths.iter_mut().zip(&row[..row.len() - open_end]) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        padded.collect::<Vec<_>>().join("  ")
    };
    [&head].into_iter().chain(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let shown = [0, 12, 999, 1_000, 1_234_567].map(count);
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
    }
}
