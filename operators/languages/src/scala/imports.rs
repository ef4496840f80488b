//! What a Scala import says. Its parts have no nodes of their own, so its text is read.

use backstory_core::{Import, ImportedName};

/// The imports of one statement: `import a.b.{C, D => E}, f.g` has two.
pub(super) fn read(statement: &str) -> Vec<Import> {
    let rest = statement.trim_start();
    let rest = rest.strip_prefix("import").or_else(|| rest.strip_prefix("export")).unwrap_or(rest);
    let exported = statement.trim_start().starts_with("export");
    let parts = split(rest).into_iter().map(|part| part.split_whitespace().collect::<Vec<_>>());
    parts.map(|words| import(&words.join(" "), exported)).collect()
}

/// The parts between commas that are in no braces.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_u32, 0, vec![]);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// One path with what it takes.
fn import(text: &str, exported: bool) -> Import {
    let (path, names) = match text.split_once('{') {
        Some((path, names)) => {
            let names = names.trim_end().trim_end_matches('}').split(',').map(name);
            (path, names.filter(|name| !name.name.is_empty()).collect())
        }
        None => match text.rsplit_once('.') {
            Some((path, "_" | "*")) => (path, vec![ImportedName::from("*")]),
            Some((path, last)) => (path, vec![name(last)]),
            None => (text, vec![]),
        },
    };
    let path = path.trim().trim_end_matches('.').to_owned();
    Import { path, names, exported, ..Import::default() }
}

/// `a`, `a => b`, `a as b`, or all of them.
fn name(text: &str) -> ImportedName {
    let renamed = text.split_once("=>").or_else(|| text.split_once(" as "));
    let (name, alias) = renamed.map_or((text, None), |(name, alias)| (name, Some(alias)));
    let name = match name.trim() {
        "_" | "*" => "*",
        name => name,
    };
    ImportedName { name: name.to_owned(), alias: alias.map(|alias| alias.trim().to_owned()) }
}
