//! What a repository says about itself in its README and manifests.

use std::collections::BTreeSet;

use backstory_core::Repository;

use crate::prose::{cut, is_underline, one_line, without_links};

/// Longest description, in characters.
const LONGEST: usize = 700;

/// A paragraph of fewer words is a caption or a slogan, not a description.
const FEWEST_WORDS: usize = 5;

/// Manifests with the key that holds what is asked for, at the top level of the repository.
const TOML: [&str; 3] = ["Cargo.toml", "pyproject.toml", "setup.cfg"];

/// What headings say above news, thanks and terms, which do not tell what a repository is for.
const ASIDES: [&str; 8] =
    ["announc", "backer", "contribut", "donat", "licen", "news", "sponsor", "what's new"];

/// Characters that READMEs spell out.
const ENTITIES: [(&str, &str); 5] =
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")];

/// The README of the repository: of several the one nearest to the top.
pub(crate) fn text(repository: &Repository) -> Option<&str> {
    let readmes = repository.context.iter().filter(|(path, _)| is_readme(path));
    let (_, text) = readmes.min_by_key(|(path, _)| (path.matches('/').count(), path.len()))?;
    Some(text)
}

/// The first paragraph of the README that says something, and the one that follows it directly.
pub(crate) fn about(repository: &Repository) -> Option<String> {
    let text = text(repository)?;
    let says = |paragraph: &String| words(paragraph) >= FEWEST_WORDS && !is_menu(paragraph);
    let mut meaningful = paragraphs(text)
        .into_iter()
        .skip_while(|paragraph| !says(paragraph))
        .take_while(|paragraph| says(paragraph) && !paragraph.ends_with(':'));
    let first = meaningful.next()?;
    let said = match meaningful.next() {
        Some(second) => format!("{first} {second}"),
        None => first,
    };
    Some(unlinked(&cut(&said, LONGEST), &targets(text)))
}

/// The labels of `[label]: address`, which are links wherever they stand in brackets, in lower case.
fn targets(text: &str) -> BTreeSet<String> {
    let label = |line: &str| {
        let (label, _) = line.trim_start().strip_prefix('[')?.split_once("]: ")?;
        Some(label.to_lowercase())
    };
    text.lines().filter_map(label).collect()
}

/// The text with these labels out of their brackets.
fn unlinked(text: &str, targets: &BTreeSet<String>) -> String {
    let mut parts = text.split('[');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((label, after)) if targets.contains(&label.to_lowercase()) => {
                kept.extend([label, after]);
            }
            _ => kept.extend(["[", part]),
        }
    }
    kept
}

fn is_readme(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("readme"))
}

fn words(text: &str) -> usize {
    text.split(' ').filter(|word| word.contains(char::is_alphabetic)).count()
}

/// Links in a row, such as `Docs • Chat • Blog`.
fn is_menu(text: &str) -> bool {
    ['•', '·', '|'].iter().any(|sign| text.matches(&format!(" {sign} ")).count() > 1)
}

/// Prose paragraphs in order: no headings, lists, tables, code, badges, links alone or HTML.
fn paragraphs(text: &str) -> Vec<String> {
    let text = without(text, "<!--", "-->");
    let mut paragraphs = vec![String::new()];
    let mut place = Place::default();
    for line in text.lines() {
        let skipped = place.skips(line);
        let last = paragraphs.len() - 1;
        if skipped || !is_prose(line) {
            // A line of signs under a line of words makes that a heading.
            if is_underline(line) {
                paragraphs[last].clear();
            }
            paragraphs.push(String::new());
        } else if line.trim().is_empty() {
            paragraphs.push(String::new());
        } else {
            paragraphs[last].push_str(line.trim());
            paragraphs[last].push(' ');
        }
    }
    let cleaned = paragraphs.iter().map(|paragraph| (paragraph.starts_with('['), plain(paragraph)));
    let fewest = |linked| if linked { FEWEST_WORDS } else { 1 };
    let says = |(linked, text): &(bool, String)| words(text) >= fewest(*linked);
    cleaned.filter(says).map(|(_, text)| text).collect()
}

/// Where a line of a README stands.
#[derive(Default)]
struct Place {
    fenced: bool,
    aside: bool,
    listed: bool,
}

impl Place {
    /// Whether the next line is no prose because of the lines before it.
    fn skips(&mut self, line: &str) -> bool {
        let start = line.trim_start();
        let fence = start.starts_with("```") || start.starts_with("~~~");
        self.fenced ^= fence;
        if !self.fenced && line.starts_with('#') {
            let heading = line.to_lowercase();
            self.aside = ASIDES.iter().any(|word| heading.contains(word));
        }
        let inside = start.is_empty() || line.len() > start.len();
        self.listed = is_item(start) || self.listed && inside;
        fence || self.fenced || self.aside || self.listed && !start.is_empty()
    }
}

/// Whether a line begins an item of a list.
fn is_item(line: &str) -> bool {
    ["- ", "* ", "+ "].iter().any(|sign| line.starts_with(sign))
        || line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

fn is_prose(line: &str) -> bool {
    const STARTS: [&str; 5] = ["#", "|", ">", "..", ":"];
    let indented = line.starts_with("    ") || line.starts_with('\t');
    let start = line.trim_start();
    let badge = start.starts_with("[![") || start.starts_with("![");
    let target = start.starts_with('[') && start.contains("]: ");
    let other = STARTS.iter().any(|sign| start.starts_with(sign));
    !indented && !badge && !target && !other && !is_underline(line)
}

/// A paragraph on one line without tags, images and the targets of links.
fn plain(paragraph: &str) -> String {
    let text = images_removed(paragraph);
    // Between backticks are no tags: every second part is code.
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(i, part)| if i % 2 == 0 { without_tags(part) } else { part.into() });
    let text = parts.collect::<Vec<_>>().join("`");
    let mut text = without_links(&text).replace("**", "").replace("__", "");
    for (entity, character) in ENTITIES {
        text = text.replace(entity, character);
    }
    one_line(&text)
}

/// The text without tags; an address in angle brackets stays.
fn without_tags(text: &str) -> String {
    let mut parts = text.split("<http");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for address in parts {
        kept.push_str("http");
        kept.push_str(&address.replacen('>', "", 1));
    }
    without(&kept, "<", ">")
}

fn images_removed(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some(start) = line.find("![") {
        let Some(end) = line[start..].find(')') else { break };
        line.replace_range(start..=start + end, "");
    }
    line
}

/// The text without anything between `open` and `close`. An `open` before white space is a sign of its
/// own, such as in `a < b`.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let inside = &rest[start + open.len()..];
        let tag = open.len() > 1 || inside.starts_with(|c: char| c.is_alphabetic() || c == '/');
        let end = inside.find(close).filter(|_| tag);
        kept.push_str(&rest[..start]);
        if let Some(end) = end {
            rest = &inside[end + close.len()..];
        } else {
            kept.push_str(open);
            rest = inside;
        }
    }
    kept + rest
}

/// The description in the manifest at the top of the repository.
pub(crate) fn description(repository: &Repository) -> Option<String> {
    let json = repository.context.get("package.json").and_then(|text| json(text, "description"));
    let found = json.or_else(|| toml(repository, "description"))?;
    let found = cut(&one_line(&found), LONGEST);
    (!found.is_empty()).then_some(found)
}

/// Versions of languages that manifests ask for, as they state them.
pub(crate) fn versions(repository: &Repository) -> Vec<String> {
    let toml = |key, name| toml(repository, key).map(|version| format!("{name} {version}"));
    let go = repository.context.get("go.mod");
    let go = go.and_then(|text| text.lines().find_map(|line| line.strip_prefix("go ")));
    let found = [
        toml("requires-python", "Python"),
        toml("rust-version", "Rust"),
        toml("edition", "Rust edition"),
        go.map(|version| format!("Go {}", version.trim())),
    ];
    found.into_iter().flatten().collect()
}

fn json(text: &str, key: &str) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_str(text).ok()?;
    manifest.get(key)?.as_str().map(str::to_owned)
}

/// The value of the first line `key = "value"`.
fn toml(repository: &Repository, key: &str) -> Option<String> {
    let manifests = TOML.iter().filter_map(|name| repository.context.get(*name));
    let mut lines = manifests.flat_map(|text| text.lines());
    let value = lines.find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    let value = value.trim();
    let quoted = value.strip_prefix('"').and_then(|value| value.split('"').next());
    match quoted {
        Some("") => None,
        Some(quoted) => Some(quoted.to_owned()),
        // In `setup.cfg` values stand without quotes; elsewhere that is a table or a reference.
        None => Some(value.to_owned()).filter(|value| !value.starts_with(['{', '[', '\''])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_prose_is_taken() {
        let text = "<h1 align=\"center\">Shop</h1>\n\n[![build](x)](y) ![logo](z)\n\nShop\n====\n\n\
            <!-- a\ncomment -->\n> Quoted.\n\nFast. Small.\n\nA **shop** keeps [items](i.md) in \
            a\ncart, if a < b, and\ncounts them.\n\n```sh\nnpm install shop\n```\n\n- one\n  and a line of it\n";
        assert_eq!(
            paragraphs(text),
            ["Shop", "Fast. Small.", "A shop keeps items in a cart, if a < b, and counts them."]
        );
    }

    #[test]
    fn news_thanks_and_menus_are_no_description() {
        let readme = "# Shop\n\n<a>Docs</a> &nbsp;•&nbsp; Chat about it &nbsp;•&nbsp; Our Blog\n\n\
            ## Announcing Shop 2\n\nWe are excited to announce the new release.\n\n## About\n\n\
            [Shop] is for [every\none](x) of you & others.\n\n[Shop]: x\n\n## Sponsors\n\nMade possible by all our backers.\n";
        let repository = Repository {
            name: "shop".into(),
            commit: None,
            license: None,
            files: vec![],
            context: [("README.md".into(), readme.into())].into(),
            left_out: [].into(),
            failures: vec![],
        };
        assert_eq!(about(&repository).as_deref(), Some("Shop is for every one of you & others."));
    }

    #[test]
    fn links_and_tags_leave_their_words() {
        assert_eq!(plain("See [the docs][1] and <b>read</b> them."), "See the docs and read them.");
        assert_eq!(plain("![a](b) [unclosed](x"), "[unclosed](x");
        assert_eq!(plain("no end <tag"), "no end <tag");
        assert_eq!(plain("<b>A</b> `Vec<u8>` of `<target>`."), "A `Vec<u8>` of `<target>`.");
        assert_eq!(plain("See <https://a.b/c>."), "See https://a.b/c.");
    }
}
