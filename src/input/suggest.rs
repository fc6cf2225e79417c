//! What somebody may have meant.

use strsim::damerau_levenshtein;

/// The candidate that is nearest to what was written, if any is near.
pub fn nearest<'c>(written: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let written = written.to_lowercase();
    let near = |it: &str| damerau_levenshtein(&written, &it.to_lowercase());
    let best = candidates.into_iter().min_by_key(|it| near(it))?;
    (near(best) <= written.chars().count().max(3) / 3).then_some(best)
}

/// Help about a name that is none: the one that was meant, or all that there are.
pub fn help<'c>(written: &str, known: impl IntoIterator<Item = &'c str> + Clone) -> String {
    match nearest(written, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of {}", known.into_iter().collect::<Vec<&str>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_offered() {
        let known = ["min-replicas", "settles"];
        assert_eq!(nearest("min-replica", known), Some("min-replicas"));
        assert_eq!(help("Setles", known), "did you mean `settles`?");
        assert_eq!(help("unicorns", known), "use one of min-replicas, settles");
        assert_eq!(nearest("x", []), None);
    }
}
