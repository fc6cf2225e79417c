//! What a run said of one property, read from JSON: a result of `check`, or a verdict in a row of `bench`.
//!
//! The fields are those of `docs/json.md`; what a result has and is not needed here is not read.

use serde_json::Value;

use crate::check::OVERLAPS;
use crate::input::visible::visible;
use crate::system::Interleaving;

use super::claim::{Claim, Runs, Standing};

/// What is known of one property.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The property; empty in results of programs that did not tell.
    pub property: String,
    /// What is claimed.
    pub claim: Claim,
    /// The verdict as people read it.
    pub words: String,
    /// The bound, or the length of the counterexample; 0 where nothing is known.
    pub k: u64,
    /// Settled states, or symbolic branches.
    pub states: u64,
    /// Variables of the formula.
    pub variables: u64,
    /// Clauses of the formula.
    pub clauses: u64,
    /// Seconds that this property took, if they are told.
    pub seconds: Option<f64>,
    /// Largest resident memory of the process until then, in bytes.
    pub bytes: Option<u64>,
}

/// All results of `check --format json`; `None` if it is something else, or empty.
pub fn results(document: &Value) -> Option<Vec<Found>> {
    let results = document["results"].as_array().filter(|results| !results.is_empty())?;
    results.iter().map(Found::read).collect()
}

impl Found {
    /// Reads one; `None` if it is something else.
    pub fn read(result: &Value) -> Option<Found> {
        let k = result["k"].as_u64()?;
        let claim = claim(result, k)?;
        let number = |field: &str| result[field].as_u64().unwrap_or(0);
        Some(Found {
            property: text(&result["property"]).unwrap_or_default(),
            words: text(&result["words"]).unwrap_or_else(|| claim.words()),
            claim,
            k,
            states: number("states"),
            variables: number("variables"),
            clauses: number("clauses"),
            seconds: result["seconds"].as_f64(),
            bytes: result["peak_memory_bytes"].as_u64(),
        })
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(|text| visible(text).into_owned())
}

fn claim(result: &Value, k: u64) -> Option<Claim> {
    let family = result.get("family").filter(|family| !family.is_null());
    let extent = match family {
        Some(family) => family_extent(family),
        None => extent(&result["extent"]),
    };
    let standing = match result["verdict"].as_str()? {
        "violated" => Standing::Violated { k: Some(k), shortest: result["shortest"] != Value::Bool(false) },
        // Where nothing is said of the extent, k is the bound.
        "holds" => Standing::Holds(extent.unwrap_or(Some(k))),
        "unknown" => Standing::Unknown(extent.flatten()),
        _ => return None,
    };
    let Some(family) = family else {
        let (size, complete) = (text(&result["size"]), result["complete"] != false);
        return Some(Claim { size, complete, standing, runs: runs(result) });
    };
    // Sizes after the smallest violated one are not looked at.
    let before = coverage(family).take_while(|run| run["standing"] != "violated");
    let open = before.into_iter().any(|run| run["standing"] == "open");
    let smallest = size(&family["smallest_violating"]);
    Some(Claim { size: smallest, complete: !open, standing, runs: runs(result) })
}

/// Which runs a result is about.
fn runs(result: &Value) -> Runs {
    let without = result["without"].as_array().into_iter().flatten();
    match without.into_iter().any(|it| *it == OVERLAPS) {
        true => Runs::WithoutOverlaps,
        false if result["interleaving"] == Interleaving::Overlapping.name() => Runs::WithOverlaps,
        false => Runs::All,
    }
}

/// Up to where something holds: `None` if nothing is said, `Some(None)` if it is proved.
fn extent(extent: &Value) -> Option<Option<u64>> {
    match extent["kind"].as_str()? {
        "complete" | "inductive" => Some(None),
        _ => extent["k"].as_u64().map(Some),
    }
}

/// What all sizes of a family have in common.
fn family_extent(family: &Value) -> Option<Option<u64>> {
    let mut least = None;
    for run in coverage(family) {
        match run["standing"].as_str() {
            Some("proved") => {}
            Some("bounded") => {
                let k = run["k"].as_u64()?;
                least = Some(least.map_or(k, |least: u64| least.min(k)));
            }
            _ => return None,
        }
    }
    Some(least)
}

fn coverage(family: &Value) -> impl Iterator<Item = &Value> {
    family["coverage"].as_array().into_iter().flatten()
}

/// A member of a family in words.
fn size(sizes: &Value) -> Option<String> {
    let sizes = sizes.as_object()?;
    let words: Vec<String> = sizes.iter().map(|(name, value)| format!("{} = {value}", visible(name))).collect();
    Some(words.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_say_how_far_they_reach() {
        let of = |value: Value| Found::read(&value).map(|found| found.claim.standing);
        let bound = json!({"kind": "bound", "k": 4});
        assert_eq!(of(json!({"verdict": "holds", "k": 4, "extent": bound})), Some(Standing::Holds(Some(4))));
        let complete = json!({"kind": "complete", "k": 4});
        assert_eq!(of(json!({"verdict": "holds", "k": 4, "extent": complete})), Some(Standing::Holds(None)));
        assert_eq!(of(json!({"verdict": "unknown", "k": 0, "extent": null})), Some(Standing::Unknown(None)));
        let violated = |shortest| Some(Standing::Violated { k: Some(2), shortest });
        assert_eq!(of(json!({"verdict": "violated", "k": 2, "shortest": false})), violated(false));
        assert_eq!(of(json!({"verdict": "violated", "k": 2})), violated(true));
        assert_eq!(of(json!({"verdict": "perhaps", "k": 2})), None);
    }

    #[test]
    fn families_hold_as_far_as_all_their_sizes_do() {
        let of = |coverage: Value| {
            let result = json!({"verdict": "holds", "k": 9, "extent": {"kind": "complete", "k": 9},
                "family": {"coverage": coverage, "smallest_violating": null}});
            Found::read(&result).map(|found| found.claim.standing)
        };
        let bounded = |k: u64| json!({"standing": "bounded", "k": k});
        assert_eq!(of(json!([{"standing": "proved"}])), Some(Standing::Holds(None)));
        assert_eq!(of(json!([{"standing": "proved"}, bounded(5), bounded(3)])), Some(Standing::Holds(Some(3))));
        let violated = |coverage: [&str; 2]| {
            let coverage = coverage.map(|standing| json!({"standing": standing}));
            let family = json!({"smallest_violating": {"scale": 3}, "coverage": coverage});
            let result = json!({"verdict": "violated", "k": 1, "family": family});
            let claim = Found::read(&result).expect("a result").claim;
            assert_eq!(claim.size.as_deref(), Some("scale = 3"));
            claim.complete
        };
        assert_eq!((violated(["open", "violated"]), violated(["violated", "open"])), (false, true));
    }

    #[test]
    fn what_is_no_result_is_none() {
        assert_eq!(results(&json!({"results": []})), None);
        assert_eq!(results(&json!({"error": "bad input"})), None);
    }
}
