//! Tables whose keys may hold one `*`, as in `paths` of a tsconfig and `exports` of a manifest.

use std::collections::HashMap;

/// A table whose keys may hold one `*`. What is exact goes before what is not, and of what is not, the
/// longest beginning goes first. A look-up takes a step per length of beginnings, not per key.
#[derive(Debug)]
pub(crate) struct Patterns<T> {
    exact: HashMap<String, T>,
    /// By what is before the star; then what is behind it, the longest first.
    starred: HashMap<String, Vec<(String, T)>>,
    /// The lengths of the beginnings, the longest first.
    lengths: Vec<usize>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), starred: HashMap::new(), lengths: vec![] }
    }
}

impl<T> FromIterator<(String, T)> for Patterns<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(entries: I) -> Self {
        let mut patterns = Self::default();
        for (key, value) in entries {
            match key.split_once('*') {
                None => drop(patterns.exact.insert(key, value)),
                Some((start, end)) => {
                    let same = patterns.starred.entry(start.to_owned()).or_default();
                    same.push((end.to_owned(), value));
                    patterns.lengths.push(start.len());
                }
            }
        }
        for ends in patterns.starred.values_mut() {
            ends.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        }
        patterns.lengths.sort_unstable_by(|a, b| b.cmp(a));
        patterns.lengths.dedup();
        patterns
    }
}

/// How many endings are tried behind one beginning.
const MOST_ENDINGS: usize = 100;

impl<T> Patterns<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.starred.is_empty()
    }

    /// The first that `try_one` makes something of; it is told what the star stands for, if there is one.
    pub(crate) fn find<R>(
        &self,
        text: &str,
        mut try_one: impl FnMut(&T, Option<&str>) -> Option<R>,
    ) -> Option<R> {
        if let Some(found) = self.exact.get(text).and_then(|value| try_one(value, None)) {
            return Some(found);
        }
        let starts = self.lengths.iter().filter_map(|&length| text.split_at_checked(length));
        let mut matching =
            starts.filter_map(|(start, rest)| Some((self.starred.get(start)?, rest)));
        matching.find_map(|(ends, rest)| {
            ends.iter().take(MOST_ENDINGS).find_map(|(end, value)| {
                let star = rest.strip_suffix(end.as_str())?;
                try_one(value, Some(star))
            })
        })
    }
}

/// A target with what the star stands for.
pub(crate) fn fill(target: &str, star: Option<&str>) -> String {
    star.map_or_else(|| target.to_owned(), |star| target.replace('*', star))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_goes_first() {
        let keys = ["*", "a/*", "a/b", "a/*.js", "a/long/*"];
        let patterns: Patterns<usize> =
            keys.iter().enumerate().map(|(index, key)| ((*key).to_owned(), index)).collect();
        let all = |text| {
            let mut found = vec![];
            let none: Option<()> = patterns.find(text, |index, star| {
                found.push((keys[*index], star.map(str::to_owned)));
                None
            });
            assert!(none.is_none());
            found
        };
        let star = |text: &str| Some(text.to_owned());
        assert_eq!(all("a/b"), [("a/b", None), ("a/*", star("b")), ("*", star("a/b"))]);
        assert_eq!(all("a/b.js")[0], ("a/*.js", star("b")));
        assert_eq!(all("a/long/x")[0], ("a/long/*", star("x")));
        assert_eq!(all(""), [("*", star(""))]);
        assert_eq!(fill("./src/*/*.ts", Some("x")), "./src/x/x.ts");
    }
}
