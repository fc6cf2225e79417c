//! What an answer claims of all runs, and which claims contradict each other.
//!
//! A violation at `k` claims a counterexample of that length, and, if it is a shortest one, that there is none below. What
//! holds claims that there is none: up to a bound, or at all. Even what stays unknown claims that there is none up to where
//! it came. Expectations of suites are claims, too, so an answer is wrong if it contradicts one.

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is a counterexample.
    Violated {
        /// Its length in blocks, if it is told.
        k: Option<u64>,
        /// Whether there is none below `k`.
        shortest: bool,
    },
    /// There is none: up to this bound, or (`None`) at all.
    Holds(Option<u64>),
    /// Nobody knows; up to this bound, if there is one, there is none.
    Unknown(Option<u64>),
}

/// A claim about an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is claimed.
    pub standing: Standing,
    /// Of a family: the smallest size that is violated, in words.
    pub size: Option<String>,
    /// Of a family: whether the sizes before are all decided.
    pub complete: bool,
    /// Which runs it is about.
    pub runs: Runs,
}

/// Which runs a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Runs {
    /// All that were asked about.
    #[default]
    All,
    /// Those without overlapping actions alone.
    WithoutOverlaps,
    /// Those with overlapping actions, too: a counterexample may be one of them.
    WithOverlaps,
}

impl From<Standing> for Claim {
    fn from(standing: Standing) -> Self {
        Claim { standing, size: None, complete: true, runs: Runs::All }
    }
}

impl Claim {
    /// `violated`, `holds` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self.standing {
            Standing::Violated { .. } => "violated",
            Standing::Holds(_) => "holds",
            Standing::Unknown(_) => "unknown",
        }
    }

    /// Whether it is a verdict.
    pub fn is_decided(&self) -> bool {
        !matches!(self.standing, Standing::Unknown(_))
    }

    /// In a few words.
    pub fn words(&self) -> String {
        let at = self.size.as_ref().map(|size| format!(" at {size}")).unwrap_or_default();
        match self.standing {
            Standing::Violated { k: Some(k), .. } => format!("violated{at}, k = {k}"),
            Standing::Violated { k: None, .. } => format!("violated{at}"),
            Standing::Holds(None) => "holds (proved)".to_owned(),
            Standing::Holds(Some(k)) => format!("holds up to k = {k}"),
            Standing::Unknown(None) => "unknown".to_owned(),
            Standing::Unknown(Some(k)) => format!("unknown beyond k = {k}"),
        }
    }

    /// Why both cannot be true, if they cannot.
    pub fn contradicts(&self, other: &Claim) -> Option<String> {
        if matches!(
            (self.runs, other.runs),
            (Runs::WithoutOverlaps, Runs::WithOverlaps) | (Runs::WithOverlaps, Runs::WithoutOverlaps)
        ) {
            return None;
        }
        match (&self.size, &other.size) {
            (Some(one), Some(two)) if one != two => {
                let both = self.complete && other.complete;
                return both.then(|| format!("the smallest violated size is {one} and {two}"));
            }
            _ => {}
        }
        let is_no = match (&self.standing, &other.standing) {
            (Standing::Violated { k: one, shortest: first }, Standing::Violated { k: two, shortest: second }) => {
                match (one, two) {
                    (Some(one), Some(two)) => (one < two && *second) || (two < one && *first),
                    _ => false,
                }
            }
            (Standing::Violated { k, .. }, without) | (without, Standing::Violated { k, .. }) => excludes(without, *k),
            _ => false,
        };
        is_no.then(|| format!("{} and {}", self.words(), other.words()))
    }
}

/// Whether a claim that names no counterexample leaves no room for one of that length.
fn excludes(claim: &Standing, k: Option<u64>) -> bool {
    match claim {
        Standing::Holds(bound) => bound.is_none_or(|bound| k.is_none_or(|k| k <= bound)),
        Standing::Unknown(bound) => bound.is_some_and(|bound| k.is_some_and(|k| k <= bound)),
        Standing::Violated { .. } => false,
    }
}

/// What several properties come to: violated if one is, with the least k; else unknown if one is, else what holds.
pub fn overall<'a>(claims: impl IntoIterator<Item = &'a Claim>) -> Option<Claim> {
    let mut claims: Vec<&Claim> = claims.into_iter().collect();
    if let [only] = claims.as_slice() {
        return Some((*only).clone());
    }
    let open = claims.iter().any(|claim| !claim.is_decided());
    claims.sort_by_key(|claim| order(claim));
    let mut first = (*claims.first()?).clone();
    match &mut first.standing {
        Standing::Violated { shortest, .. } => *shortest &= !open,
        // Each property has a bound of its own.
        Standing::Unknown(bound) => *bound = None,
        Standing::Holds(_) => {}
    }
    Some(first)
}

/// Violations by k, then what is unknown, then what holds, the least bound first.
fn order(claim: &Claim) -> (u8, u64) {
    match claim.standing {
        Standing::Violated { k, .. } => (0, k.unwrap_or(u64::MAX)),
        Standing::Unknown(_) => (1, 0),
        Standing::Holds(bound) => (2, bound.unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violated(k: u64) -> Standing {
        Standing::Violated { k: Some(k), shortest: true }
    }

    fn longer(k: u64) -> Standing {
        Standing::Violated { k: Some(k), shortest: false }
    }

    fn clash(one: Standing, two: Standing) -> bool {
        let (one, two) = (Claim::from(one), Claim::from(two));
        assert_eq!(one.contradicts(&two).is_some(), two.contradicts(&one).is_some(), "{one:?} {two:?}");
        one.contradicts(&two).is_some()
    }

    #[test]
    fn the_table_of_contradictions() {
        use Standing::{Holds, Unknown};
        let some = Standing::Violated { k: None, shortest: true };
        for (one, two, expected) in [
            (violated(2), violated(2), false),
            (violated(2), violated(3), true),
            (violated(2), longer(3), false),
            (longer(2), violated(3), true),
            (longer(2), longer(3), false),
            (violated(2), Holds(None), true),
            (violated(2), Holds(Some(1)), false),
            (violated(2), Holds(Some(2)), true),
            (violated(2), Holds(Some(9)), true),
            (longer(5), Holds(Some(5)), true),
            (violated(2), Unknown(None), false),
            (violated(2), Unknown(Some(1)), false),
            (violated(2), Unknown(Some(2)), true),
            (Holds(None), Holds(Some(3)), false),
            (Holds(Some(4)), Holds(Some(10)), false),
            (Holds(None), Unknown(Some(3)), false),
            (Unknown(None), Unknown(Some(3)), false),
            (some.clone(), violated(3), false),
            (some.clone(), Holds(Some(0)), true),
            (some, Unknown(Some(9)), false),
        ] {
            assert_eq!(clash(one.clone(), two.clone()), expected, "{one:?} {two:?}");
        }
    }

    #[test]
    fn sizes_that_differ_contradict_each_other_where_all_before_are_decided() {
        let at = |size: &str, complete| Claim { size: Some(size.to_owned()), complete, ..violated(1).into() };
        assert!(at("3", true).contradicts(&at("4", true)).is_some());
        assert!(at("3", true).contradicts(&at("4", false)).is_none());
        assert!(at("3", true).contradicts(&at("3", true)).is_none());
        assert!(at("3", true).contradicts(&violated(1).into()).is_none());
    }

    #[test]
    fn several_properties_come_to_the_worst() {
        let of = |all: &[Standing]| {
            let claims: Vec<Claim> = all.iter().cloned().map(Claim::from).collect();
            overall(&claims).map(|claim| claim.standing)
        };
        use Standing::{Holds, Unknown};
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Holds(None), violated(4), violated(2)]), Some(violated(2)));
        assert_eq!(of(&[violated(4), Unknown(Some(1))]), Some(longer(4)));
        assert_eq!(of(&[Holds(Some(4)), Unknown(Some(7))]), Some(Unknown(None)));
        assert_eq!(of(&[Unknown(Some(7))]), Some(Unknown(Some(7))));
        assert_eq!(of(&[Holds(None), Holds(Some(4)), Holds(Some(6))]), Some(Holds(Some(4))));
    }
}
