//! Which files take part in a build, by the rules of Go's own `go/build`: the end of the file's name, and
//! the `//go:build` line (or, where there is none, the `// +build` lines) above the package clause.
//!
//! The build is the usual one: Linux on amd64 with cgo, the newest Go, and no tags of its own.

/// Operating systems that the end of a file's name may name.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

/// Processors that the end of a file's name may name.
const PROCESSORS: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// Experiments that are on by default.
const EXPERIMENTS: &[&str] = &[
    "dwarf5",
    "greenteagc",
    "jsonv2",
    "randomizedheapbase64",
    "regabiargs",
    "regabiwrappers",
    "sizespecializedmalloc",
];

/// Operators and tags in one expression; Go allows as many.
const LARGEST_EXPRESSION: usize = 1000;

/// Whether the file takes part.
pub(super) fn is_active(file_name: &str, text: &str) -> bool {
    !file_name.starts_with(['_', '.']) && name_matches(file_name) && header_matches(text)
}

/// `name_linux.go`, `name_amd64.go`, `name_linux_amd64.go`, each also with `_test`. What stands before the
/// first `_` says nothing.
fn name_matches(file_name: &str) -> bool {
    let stem = file_name.split('.').next().unwrap_or_default();
    let mut parts = stem.split('_').skip(1).collect::<Vec<_>>();
    parts.pop_if(|last| *last == "test");
    let last = parts.pop().unwrap_or_default();
    let before = parts.pop().unwrap_or_default();
    if SYSTEMS.contains(&before) && PROCESSORS.contains(&last) {
        return is_set(before) && is_set(last);
    }
    let is_known = SYSTEMS.contains(&last) || PROCESSORS.contains(&last);
    !is_known || is_set(last)
}

/// Whether the build sets a tag.
fn is_set(tag: &str) -> bool {
    let is_release =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    matches!(tag, "linux" | "amd64" | "unix" | "cgo" | "gc")
        || tag.strip_prefix("goexperiment.").is_some_and(|name| EXPERIMENTS.contains(&name))
        || tag.strip_prefix("go1.").is_some_and(is_release)
}

/// What the comments above the package clause ask for.
fn header_matches(text: &str) -> bool {
    let mut old = vec![];
    let (mut pending, mut in_block) = (vec![], false);
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if in_block || line.starts_with("/*") {
            let rest = if in_block { line } else { &line[2..] };
            in_block = match rest.split_once("*/") {
                None => true,
                Some((_, after)) if after.trim().is_empty() => false,
                Some(_) => break,
            };
        } else if line.is_empty() {
            // The old form counts only with an empty line below it.
            old.append(&mut pending);
        } else if let Some(comment) = line.strip_prefix("//") {
            if let Some(expression) = after_word(comment, "go:build") {
                return evaluate(expression).unwrap_or(false);
            }
            pending.extend(after_word(comment.trim_start(), "+build"));
        } else {
            break;
        }
    }
    old.into_iter().all(old_matches)
}

/// What follows `word` in `text`, if `text` begins with just that word.
fn after_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some(rest)
}

/// `linux,!cgo darwin`: a space is "or", a comma "and".
fn old_matches(line: &str) -> bool {
    let holds = |tag: &str| tag.strip_prefix('!').map_or_else(|| is_set(tag), |tag| !is_set(tag));
    line.split_ascii_whitespace().any(|all| all.split(',').all(holds))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    Open,
    Or,
    And,
    Not,
}

/// The value of an expression of tags with `!`, `&&`, `||` and parentheses; none if it is not one.
fn evaluate(expression: &str) -> Option<bool> {
    let (mut operators, mut values) = (vec![], vec![]);
    let mut rest = expression.trim_start();
    while !rest.is_empty() {
        if operators.len() + values.len() > LARGEST_EXPRESSION {
            return None;
        }
        let (token, after) = next_token(rest)?;
        match token {
            "(" => operators.push(Operator::Open),
            "!" => operators.push(Operator::Not),
            ")" => {
                apply(&mut operators, &mut values, Operator::Or)?;
                (operators.pop()? == Operator::Open).then_some(())?;
            }
            "||" | "&&" => {
                let operator = if token == "||" { Operator::Or } else { Operator::And };
                apply(&mut operators, &mut values, operator)?;
                operators.push(operator);
            }
            tag => values.push(is_set(tag)),
        }
        rest = after.trim_start();
    }
    apply(&mut operators, &mut values, Operator::Or)?;
    values.pop().filter(|_| values.is_empty() && operators.is_empty())
}

/// Applies the operators on top of the stack that bind at least as strongly as `least`.
fn apply(operators: &mut Vec<Operator>, values: &mut Vec<bool>, least: Operator) -> Option<()> {
    while let Some(operator) = operators.pop_if(|top| *top >= least) {
        let right = values.pop()?;
        let value = match operator {
            Operator::Or => values.pop()? || right,
            Operator::And => values.pop()? && right,
            Operator::Not | Operator::Open => !right,
        };
        values.push(value);
    }
    Some(())
}

/// The first token and what follows it.
fn next_token(text: &str) -> Option<(&str, &str)> {
    let is_tag = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let end = if text.starts_with("||") || text.starts_with("&&") {
        2
    } else if text.starts_with(['(', ')', '!']) {
        1
    } else {
        text.find(|c| !is_tag(c)).unwrap_or(text.len())
    };
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_systems_and_processors() {
        for name in
            ["a.go", "linux.go", "a_linux.go", "a_linux_amd64_test.go", "a_test.go", "test.go"]
        {
            assert!(is_active(name, "package p"), "{name}");
        }
        for name in
            ["unix_unix.go", "a_windows_x.go", "a_go.go", "windows_linux.go", "a_linux.windows.go"]
        {
            assert!(is_active(name, "package p"), "{name}");
        }
        for name in
            ["a_windows.go", "a_arm64.go", "a_linux_arm64.go", "a_darwin_test.go", "_a.go", ".a.go"]
        {
            assert!(!is_active(name, "package p"), "{name}");
        }
    }

    #[test]
    fn lines_above_the_package_clause_say_tags() {
        let active = |text: &str| is_active("a.go", text);
        assert!(active("//go:build linux\npackage p"));
        assert!(active("// Text.\n\n//go:build !(windows || !amd64) && go1.18\n\npackage p"));
        assert!(active("/* a\nb */ // c\npackage p\n//go:build ignore"));
        assert!(active("//go:build linux || darwin && ignore\npackage p"));
        assert!(!active("\u{feff}//go:build ignore\npackage p"));
        assert!(!active(
            "/* a */\n//go:build (linux || darwin) && ignore\n// +build linux\n\npackage p"
        ));
        assert!(!active("//go:build linux linux\npackage p"));
        assert!(!active("//go:build ((\npackage p"));
        assert!(!active(&format!("//go:build {}linux", "(".repeat(100_000))));
        assert!(!active(&format!("//go:build {}linux", "!".repeat(100_000))));
        assert!(active("//go:build foo/bar\npackage p") == active("//go:build ||\npackage p"));
    }

    #[test]
    fn old_lines_count_with_an_empty_line_below() {
        assert!(!is_active("a.go", "// +build windows\n\npackage p"));
        assert!(is_active("a.go", "// +build windows\npackage p"));
        assert!(is_active("a.go", "// +build windows linux,!arm\n// +build amd64\n\npackage p"));
        assert!(!is_active("a.go", "// +build linux\n// +build !amd64\n\npackage p"));
    }
}
