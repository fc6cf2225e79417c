//! Cases m1 to m6: of many workloads, exactly what was made to fail fails, and the fixed variants hold, all of it decided.

use std::collections::BTreeSet;
use std::time::Duration;

use kubound::cases::{Case, Suite};
use kubound::check::source::{Asked, open};
use kubound::check::{Answer, CheckResult, InputName, Options, check};
use kubound::engine::Budget;
use kubound::engine::auto::Auto;

/// Nodes of the crowd; twice as many workloads.
const SCALE: usize = 5;
/// More than a busy machine needs: parts have shares of it.
const TIME: Duration = Duration::from_secs(1800);

fn results(case: &Case, fixed: bool) -> Vec<CheckResult> {
    let name = InputName::Case { case: case.id.to_owned(), scale: SCALE, fixed };
    let asked = Asked { name, scale: (SCALE, SCALE), sizes: Default::default() };
    let input = open(&asked).expect("it can be read");
    let engine = Auto::default();
    let budget = Budget { time: Some(TIME), ..Budget::bound(input.spec.scenario.bound) };
    let options = Options { all: true, ..Options::new(&engine, budget) };
    let (results, skipped) = check(&input, &options, &mut |_| ()).expect("results");
    assert!(skipped.is_empty(), "{}: {skipped:?}", case.id);
    results
}

#[test]
fn what_was_made_to_fail_fails_and_nothing_else() {
    for case in Suite::Many.cases() {
        let results = results(case, false);
        let violated = results.iter().filter(|it| matches!(it.answer, Answer::Violated(_)));
        let (mut names, mut others) = (BTreeSet::new(), Vec::new());
        for it in violated {
            names.insert(it.property.as_str());
            others.extend((case.id != "m5" && it.subject != "web").then_some(&it.subject));
        }
        assert_eq!(names, case.properties.iter().copied().collect(), "{}", case.id);
        assert!(others.iter().all(|it| it.is_empty()), "{}: {others:?}", case.id);
        let unknown: Vec<&String> =
            results.iter().filter(|it| matches!(it.answer, Answer::Unknown { .. })).map(|it| &it.subject).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", case.id);
    }
}

#[test]
fn fixed_variants_hold() {
    for case in Suite::Many.cases() {
        let results = results(case, true);
        let open: Vec<String> = results
            .iter()
            .filter(|it| !matches!(it.answer, Answer::Holds(_)))
            .map(|it| format!("{} of {}", it.property, it.subject))
            .collect();
        assert!(open.is_empty(), "{}: {open:?}", case.id);
        assert!(results.len() >= 4, "{}", case.id);
    }
}
