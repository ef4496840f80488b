//! Finds the license of a repository: what its manifest says, else what its license texts are.
//!
//! Only files at the top of the repository count; those below may be about something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use toml::Table;

type Context = BTreeMap<Arc<str>, Arc<str>>;

/// What people write in a manifest, in lower case, and the SPDX identifier they mean.
const ALIASES: [(&str, &str); 18] = [
    ("apache", "Apache-2.0"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache software license", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("bsd license", "BSD-3-Clause"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("gnu general public license v2 (gplv2)", "GPL-2.0-only"),
    ("gnu general public license v3 (gplv3)", "GPL-3.0-only"),
    ("gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"),
    ("isc license (iscl)", "ISC"),
    ("mit license", "MIT"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("the mit license", "MIT"),
    ("the unlicense (unlicense)", "Unlicense"),
];

/// SPDX identifiers without a digit. All others have one, which tells them from words such as
/// "proprietary".
const WITHOUT_DIGIT: [&str; 12] = [
    "Beerware",
    "ISC",
    "JSON",
    "MIT",
    "MIT-CMU",
    "NCSA",
    "OpenSSL",
    "PostgreSQL",
    "Ruby",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// The short licenses with a page of copyright lines still fit into so many bytes.
const SHORT: usize = 6 * 1024;

/// The license as an SPDX expression, if it can be told.
pub(crate) fn of(context: &Context) -> Option<String> {
    let text = |path: &str| context.get(path).map(|text| &**text);
    let toml = |path: &str| text(path).and_then(|text| text.parse::<Table>().ok());
    let cargo = || cargo(&toml("Cargo.toml")?);
    let python = || python(&toml("pyproject.toml")?);
    let npm = || npm(&serde_json::from_str(text("package.json")?).ok()?);
    cargo().or_else(python).or_else(npm).or_else(|| from_texts(context))
}

fn cargo(manifest: &Table) -> Option<String> {
    let own = manifest.get("package").and_then(|package| package.get("license")?.as_str());
    let shared = || manifest.get("workspace")?.get("package")?.get("license")?.as_str();
    // Cargo once had its own way to write "or".
    spdx(&own.or_else(shared)?.replace('/', " OR "))
}

fn python(manifest: &Table) -> Option<String> {
    let project = manifest.get("project");
    let license = project.and_then(|project| project.get("license"));
    let text =
        license.and_then(|license| license.as_str().or_else(|| license.get("text")?.as_str()));
    let poetry = || manifest.get("tool")?.get("poetry")?.get("license")?.as_str();
    let declared = text.or_else(poetry).and_then(|text| spdx(text).or_else(|| recognise(text)));
    declared.or_else(|| {
        let classifiers = project?.get("classifiers")?.as_array()?.iter();
        let mut licenses = classifiers.filter_map(|classifier| {
            let (first, rest) = classifier.as_str()?.split_once(" :: ")?;
            (first == "License").then(|| rest.rsplit(" :: ").next())?
        });
        // Two of them leave open whether one may choose.
        licenses.next().filter(|_| licenses.next().is_none()).and_then(spdx)
    })
}

fn npm(manifest: &Value) -> Option<String> {
    let license = manifest.get("license")?;
    spdx(license.as_str().or_else(|| license.get("type")?.as_str())?)
}

/// `text` as an SPDX expression, if it is one or is known to mean one.
fn spdx(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if let Some((_, identifier)) = ALIASES.iter().find(|(alias, _)| *alias == lower) {
        return Some((*identifier).into());
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let is_known = |word: &&str| is_operator(word) || is_identifier(word);
    let balanced = text.matches('(').count() == text.matches(')').count();
    let names = words.iter().filter(|word| !is_operator(word)).count();
    let joints = words.iter().filter(|word| matches!(**word, "AND" | "OR" | "WITH")).count();
    let is_expression = balanced && names == joints + 1 && words.iter().all(is_known);
    is_expression.then(|| words.join(" ").replace("( ", "(").replace(" )", ")"))
}

fn is_operator(word: &str) -> bool {
    matches!(word, "AND" | "OR" | "WITH" | "(" | ")")
}

fn is_identifier(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'+');
    let exception = word.ends_with("-exception");
    let told_apart = word.bytes().any(|byte| byte.is_ascii_digit()) && word.contains(['-', 'B']);
    word.bytes().all(allowed) && (told_apart || exception || WITHOUT_DIGIT.contains(&word))
}

/// The license by its texts: the plain `LICENSE` if it is known, else the choice between the others,
/// such as `LICENSE-APACHE` and `LICENSE-MIT`.
fn from_texts(context: &Context) -> Option<String> {
    let top = context.iter().filter(|(path, _)| !path.contains('/'));
    let (mut plain, mut choice) = (None, BTreeSet::new());
    for (path, text) in top {
        let name = path.to_ascii_lowercase();
        let is_license = ["license", "licence", "copying", "unlicense"];
        let Some(rest) = is_license.iter().find_map(|start| name.strip_prefix(start)) else {
            continue;
        };
        match recognise(text) {
            Some(license) if matches!(rest, "" | ".md" | ".txt" | ".rst") => {
                plain = plain.or(Some(license));
            }
            Some(license) => drop(choice.insert(license)),
            None => {}
        }
    }
    let joined = || choice.into_iter().collect::<Vec<_>>().join(" OR ");
    plain.or_else(|| Some(joined()).filter(|joined| !joined.is_empty()))
}

/// The license that `text` is, told by phrases that no other one has. A text alone grants its own version;
/// whether later ones may be chosen is said elsewhere.
fn recognise(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let has = |phrase: &str| text.contains(phrase);
    let title = text.char_indices().nth(300).map_or(&*text, |(end, _)| &text[..end]);
    let titled = |phrase: &str| title.contains(phrase);
    let identifier = if titled("gnu affero general public license") {
        "AGPL-3.0-only"
    } else if titled("gnu lesser general public license") {
        if titled("version 2.1") { "LGPL-2.1-only" } else { "LGPL-3.0-only" }
    } else if titled("gnu general public license") {
        if titled("version 2") { "GPL-2.0-only" } else { "GPL-3.0-only" }
    } else if titled("apache license") && has("version 2.0") {
        "Apache-2.0"
    } else if titled("mozilla public license") && has("2.0") {
        "MPL-2.0"
    } else if has("python software foundation license version 2") {
        "PSF-2.0"
    } else if has("cc0 1.0 universal") {
        "CC0-1.0"
    } else if has("free and unencumbered software released into the public domain") {
        "Unlicense"
    } else {
        return permissive(&text).map(Into::into);
    };
    Some(identifier.into())
}

/// The short licenses, which have no title that can be relied on. In a longer text they are one among
/// several.
fn permissive(text: &str) -> Option<&'static str> {
    if text.len() > SHORT {
        return None;
    }
    let has = |phrase: &str| text.contains(phrase);
    if has("permission is hereby granted, free of charge, to any person obtaining a copy") {
        let asks_for_notice = has("permission notice shall be included");
        Some(if asks_for_notice { "MIT" } else { "MIT-0" })
    } else if has("permission to use, copy, modify, and") && has("with or without fee") {
        let asks_for_notice = has("provided that the above copyright notice");
        Some(if asks_for_notice { "ISC" } else { "0BSD" })
    } else if !has("redistribution and use in source and binary forms") {
        None
    } else if has("advertising materials mentioning") {
        Some("BSD-4-Clause")
    } else if has("endorse or promote") {
        Some("BSD-3-Clause")
    } else {
        Some("BSD-2-Clause")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn license(files: &[(&str, &str)]) -> Option<String> {
        of(&files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect())
    }

    #[test]
    fn manifests_say_it() {
        for (path, text, expected) in [
            ("Cargo.toml", "[package]\nlicense = \"MIT/Apache-2.0\"", Some("MIT OR Apache-2.0")),
            (
                "Cargo.toml",
                "[package]\nlicense.workspace = true\n[workspace.package]\nlicense = \"0BSD\"",
                Some("0BSD"),
            ),
            (
                "package.json",
                r#"{"license": "(MIT AND BSD-3-Clause)"}"#,
                Some("(MIT AND BSD-3-Clause)"),
            ),
            ("package.json", r#"{"license": {"type": "ISC"}}"#, Some("ISC")),
            ("package.json", r#"{"license": "UNLICENSED"}"#, None),
            ("package.json", r#"{"license": "SEE LICENSE IN terms.txt"}"#, None),
            ("package.json", "{", None),
            (
                "pyproject.toml",
                "[project]\nlicense = \"GPL-3.0-or-later\"",
                Some("GPL-3.0-or-later"),
            ),
            ("pyproject.toml", "[project]\nlicense = {text = \"MIT License\"}", Some("MIT")),
            ("pyproject.toml", "[project]\nlicense = {file = \"LICENSE\"}", None),
            (
                "pyproject.toml",
                "[project]\nclassifiers = [\"License :: OSI Approved :: Apache Software License\"]",
                Some("Apache-2.0"),
            ),
            ("pyproject.toml", "[tool.poetry]\nlicense = \"MIT\"", Some("MIT")),
            ("sub/package.json", r#"{"license": "MIT"}"#, None),
        ] {
            assert_eq!(license(&[(path, text)]).as_deref(), expected, "{path}: {text}");
        }
    }

    #[test]
    fn texts_are_recognised() {
        let mit = "Permission is hereby granted, free of charge, to any person obtaining a copy\n\
                   ... and this permission notice shall be included in all copies";
        let bsd = "Redistribution and use in source and\n  binary forms, with or without";
        let bsd3 = format!("{bsd} ... may be used to endorse or promote products");
        let isc = "Permission to use, copy, modify, and/or distribute this software with or without fee \
                   is granted, provided that the above copyright notice";
        for (text, expected) in [
            (mit, "MIT"),
            (bsd, "BSD-2-Clause"),
            (&*bsd3, "BSD-3-Clause"),
            (isc, "ISC"),
            ("  Apache License\n  Version 2.0, January 2004", "Apache-2.0"),
            ("GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991", "GPL-2.0-only"),
            ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "GPL-3.0-only"),
            ("GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1", "LGPL-2.1-only"),
            ("GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3", "LGPL-3.0-only"),
            ("GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3", "AGPL-3.0-only"),
            ("Mozilla Public License Version 2.0", "MPL-2.0"),
            (
                "This is free and unencumbered software released into the public domain.",
                "Unlicense",
            ),
            ("CC0 1.0 Universal", "CC0-1.0"),
        ] {
            assert_eq!(license(&[("LICENSE.md", text)]).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(license(&[("LICENSE", "All rights reserved.")]), None);
        let apache = "Apache License Version 2.0";
        let both = license(&[("LICENSE-MIT", mit), ("LICENSE-APACHE", apache)]);
        assert_eq!(both.as_deref(), Some("Apache-2.0 OR MIT"));
    }
}
