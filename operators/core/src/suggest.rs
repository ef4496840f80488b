use std::cmp::Reverse;

/// Names at least this alike are worth suggesting; below it a hint would be noise.
const ALIKE: f64 = 0.6;

/// The candidate that `word` was most likely meant to be; among equals the first. None if none is like
/// it.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let alike =
        |candidate: &str| strsim::normalized_damerau_levenshtein(&word, &candidate.to_lowercase());
    let rated = candidates.into_iter().map(|candidate| (alike(candidate), candidate));
    let good = rated.filter(|(alike, _)| *alike >= ALIKE);
    good.enumerate()
        .max_by(|(i, (a, _)), (j, (b, _))| a.total_cmp(b).then(Reverse(i).cmp(&Reverse(j))))
        .map(|(_, (_, candidate))| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let kinds = ["parse", "graph", "plan", "simulate"];
        assert_eq!(closest("prase", kinds), Some("parse"));
        assert_eq!(closest("Simulat", kinds), Some("simulate"));
        assert_eq!(closest("tokens", kinds), None);
        assert_eq!(closest("plan", []), None);
    }

    #[test]
    fn the_first_of_equals_wins() {
        assert_eq!(closest("ab", ["ac", "ad"]), None);
        assert_eq!(closest("abc", ["abd", "abe"]), Some("abd"));
    }
}
