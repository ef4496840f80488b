//! `typesVersions` of a `package.json`: where TypeScript looks for the files of a package, by its own version.

use serde_json::{Map, Value};

use super::json::strings;
use super::patterns::Patterns;

/// The TypeScript that is taken to read the packages.
const TYPESCRIPT: [u32; 2] = [5, 9];

/// The table of the first range that holds.
pub(crate) fn types_versions(manifest: &Map<String, Value>) -> Patterns<Vec<String>> {
    let ranges = manifest.get("typesVersions").and_then(Value::as_object);
    let fitting = ranges.and_then(|ranges| ranges.iter().find(|(range, _)| holds(range)));
    let table = fitting.and_then(|(_, table)| table.as_object()).into_iter().flatten();
    let paths = |value| strings(value).map(str::to_owned).collect();
    table.map(|(pattern, value)| (pattern.clone(), paths(value))).collect()
}

/// Whether TypeScript's version is in a range such as `>=3.1 <5 || *`.
fn holds(range: &str) -> bool {
    let tight = ['=', '<', '>', '~', '^'].iter().fold(range.to_owned(), |range, sign| {
        range.replace(&format!("{sign} "), &sign.to_string())
    });
    tight.split("||").any(|all| all.split_whitespace().all(compares))
}

fn compares(comparator: &str) -> bool {
    let at = comparator.find(|c: char| !"<>=~^v".contains(c)).unwrap_or(comparator.len());
    let (sign, version) = comparator.split_at(at);
    let parts: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).take(2).collect();
    // What a version leaves open holds for all, so only as much is compared as it says.
    let ours = &TYPESCRIPT[..parts.len()];
    match sign.trim_end_matches('v') {
        ">=" => ours >= &parts[..],
        ">" => ours > &parts[..],
        "<=" => ours <= &parts[..],
        "<" => ours < &parts[..],
        "^" => parts.first().is_none_or(|major| *major == TYPESCRIPT[0]) && ours >= &parts[..],
        _ => ours == &parts[..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_for_the_version_of_typescript() {
        for range in ["*", ">=3.1", ">= 4.2", "<=5.9", "<6", ">4.7", "^5.0", "5", "<2 || >=5 <6"] {
            assert!(holds(range), "{range}");
        }
        for range in ["<5.0", "<=5.1", ">5.9", "^4.9", "~5.1", "4.x", ">=3.1 <4.0"] {
            assert!(!holds(range), "{range}");
        }
    }
}
