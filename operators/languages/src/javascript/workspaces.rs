//! Which folders of a repository are packages of its workspaces, as npm, yarn, pnpm, bun and lerna have them
//! declared: by lists of globs.

use serde_json::Value;

use super::json::{parse, strings};

/// The globs of one declaration, relative to its folder.
#[derive(Debug, Default)]
pub(crate) struct Globs {
    wanted: Vec<Vec<String>>,
    unwanted: Vec<Vec<String>>,
}

/// How many globs a declaration may have.
const MOST_GLOBS: usize = 1000;

impl Globs {
    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    pub(crate) fn extend(&mut self, globs: impl IntoIterator<Item = String>) {
        for glob in globs {
            let (list, glob) = match glob.strip_prefix('!') {
                Some(rest) => (&mut self.unwanted, rest),
                None => (&mut self.wanted, &*glob),
            };
            let parts = glob.split('/').filter(|part| !matches!(*part, "" | "."));
            if list.len() < MOST_GLOBS {
                list.push(parts.map(str::to_owned).collect());
            }
        }
    }

    /// Whether these globs name a folder.
    pub(crate) fn has(&self, folder: &str) -> bool {
        let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        let fits = |glob: &Vec<String>| matches(glob, &parts);
        !parts.contains(&"node_modules")
            && self.wanted.iter().any(fits)
            && !self.unwanted.iter().any(fits)
    }
}

/// The globs of workspaces that a file of this name declares.
pub(crate) fn manifest_globs(name: &str, text: &str) -> Vec<String> {
    let of = |value: &Value| strings(value).map(str::to_owned).collect();
    match name {
        "package.json" => {
            let manifest = parse(text).unwrap_or_default();
            let workspaces = &manifest["workspaces"];
            of(if workspaces.is_object() { &workspaces["packages"] } else { workspaces })
        }
        "lerna.json" => of(&parse(text).unwrap_or_default()["packages"]),
        "pnpm-workspace.yaml" => yaml_list(text, "packages"),
        _ => vec![],
    }
}

/// The items of a list at the top of a YAML file, as far as they are plain or quoted strings.
fn yaml_list(text: &str, key: &str) -> Vec<String> {
    let bare = |item: &str| {
        let item = item.trim();
        let quote = item.chars().next().filter(|c| matches!(c, '"' | '\''));
        match quote.and_then(|quote| item[1..].split_once(quote)) {
            Some((item, _)) => item.to_owned(),
            None => item.split(" #").next().unwrap_or_default().trim().to_owned(),
        }
    };
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let head = lines.find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'));
    let Some(head) = head else { return vec![] };
    if let Some(inline) = head.trim().strip_prefix('[') {
        let items = inline.split(']').next().unwrap_or_default().split(',');
        return items.map(bare).filter(|item| !item.is_empty()).collect();
    }
    lines
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'))
        .map_while(|line| line.trim_start().strip_prefix('-'))
        .map(bare)
        .filter(|item| !item.is_empty())
        .collect()
}

/// Whether the parts of a path are what those of a glob say; `**` stands for any number of parts.
fn matches(glob: &[String], parts: &[&str]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut retry = None;
    while place < parts.len() {
        if glob.get(at).is_some_and(|part| part == "**") {
            retry = Some((at, place));
            at += 1;
        } else if glob.get(at).is_some_and(|part| part_matches(part, parts[place])) {
            (at, place) = (at + 1, place + 1);
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            (at, place) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    glob[at..].iter().all(|part| part == "**")
}

/// The same for one part, where `*` stands for anything, and `{a,b}` for either.
fn part_matches(glob: &str, part: &str) -> bool {
    if let Some((before, rest)) = glob.split_once('{')
        && let Some((choices, after)) = rest.split_once('}')
    {
        let mut choices = choices.split(',');
        return choices.any(|choice| star_matches(&format!("{before}{choice}{after}"), part));
    }
    star_matches(glob, part)
}

fn star_matches(glob: &str, part: &str) -> bool {
    let mut pieces = glob.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = part.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(list: &[&str]) -> Globs {
        let mut globs = Globs::default();
        globs.extend(list.iter().map(|glob| (*glob).to_owned()));
        globs
    }

    #[test]
    fn globs_name_folders() {
        let globs = globs(&["packages/*", "./apps/**/", "tool-*", "{x,y}/z", "!packages/old", "."]);
        for folder in ["packages/a", "apps/a", "apps/a/b", "apps", "tool-a", "x/z", "y/z", ""] {
            assert!(globs.has(folder), "{folder}");
        }
        for folder in
            ["packages", "packages/a/b", "packages/old", "tool", "z/z", "apps/node_modules/a"]
        {
            assert!(!globs.has(folder), "{folder}");
        }
    }

    #[test]
    fn yaml_lists_are_read() {
        let text = "# a\npackages:\n  # all\n  - 'packages/*'\n\n  - \"!**/old\" # no\n- plain # yes\ncatalog:\n  - x\n";
        assert_eq!(manifest_globs("pnpm-workspace.yaml", text), ["packages/*", "!**/old", "plain"]);
        assert_eq!(yaml_list("packages: ['a', b]", "packages"), ["a", "b"]);
        assert!(yaml_list("packages: \n", "packages").is_empty());
    }

    #[test]
    fn manifests_of_all_managers_are_read() {
        assert_eq!(manifest_globs("package.json", r#"{"workspaces": ["a"]}"#), ["a"]);
        assert_eq!(manifest_globs("package.json", r#"{"workspaces": {"packages": ["b"]}}"#), ["b"]);
        assert_eq!(manifest_globs("lerna.json", r#"{"packages": ["c"]}"#), ["c"]);
        assert!(manifest_globs("package.json", "[]").is_empty());
    }
}
