//! One cluster, asked about in several ways: explicit search and SAT, reduced and with every node told apart, in focus and as a
//! whole.

use std::collections::BTreeMap;
use std::time::Duration;

use kubound::check::{self, Answer, Focus, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};
use proptest::prelude::*;

/// What is known of each property: whether it is violated, and the shortest k where the whole was asked.
fn verdicts(text: &str, engine: &dyn Engine, reduce: bool, focus: Focus) -> BTreeMap<String, (bool, Option<u32>)> {
    let mut input = source::of_texts(&[("cluster.yaml", text)]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    // How far runs with overlapping actions are looked at depends on the size of the model.
    input.spec.scenario.interleaves_by_default = false;
    let budget = Budget { time: Some(Duration::from_secs(20)), ..Budget::bound(2) };
    let options = Options { all: true, reduce, focus, ..Options::new(engine, budget) };
    let results = check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}\n{text}")).0;
    let mut known: BTreeMap<String, (bool, Option<u32>)> = BTreeMap::new();
    let mut open = Vec::new();
    for result in &results {
        let (is_violated, k) = match &result.answer {
            Answer::Holds(_) => (false, None),
            Answer::Violated(found) => (true, found.shortest.then_some(found.k)),
            Answer::Unknown { .. } => {
                open.push(result.property.clone());
                continue;
            }
        };
        let entry = known.entry(result.property.clone()).or_insert((is_violated, k));
        *entry = (entry.0 | is_violated, entry.1.min(k).or(entry.1).or(k));
    }
    // What holds of some and is open of others is open.
    known.retain(|name, (is_violated, _)| *is_violated || !open.contains(name));
    known
}

/// Whether all ways agree; how many properties are violated.
pub fn compare(text: &str) -> Result<usize, TestCaseError> {
    let whole = verdicts(text, &Explicit, true, Focus::Off);
    let ways: [(&str, &dyn Engine, bool, Focus); 3] = [
        ("sat", &Sat::default(), true, Focus::Off),
        ("single nodes", &Explicit, false, Focus::Off),
        ("focus", &Explicit, true, Focus::Auto),
    ];
    for (way, engine, reduce, focus) in ways {
        for (name, other) in verdicts(text, engine, reduce, focus) {
            let Some(known) = whole.get(&name) else { continue };
            prop_assert_eq!(known.0, other.0, "{}, {}:\n{}", way, name, text);
            // A loop of counted nodes may close before one of named nodes does. In focus, and where there was no time to rule
            // smaller ones out, k need not be the smallest.
            let is_loop = matches!(name.as_str(), "no-eviction-loop" | "settles");
            if focus == Focus::Off && (reduce || !is_loop) && known.1.is_some() && other.1.is_some() {
                prop_assert_eq!(known.1, other.1, "{}, {}:\n{}", way, name, text);
            }
        }
    }
    Ok(whole.values().filter(|(is_violated, _)| *is_violated).count())
}
