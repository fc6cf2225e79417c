//! What holds where slow actions wait is asked again where they do not, and what is said then.

use kubound::check::{self, Answer, CheckResult, OVERLAPS, Options, source};
use kubound::cluster::object::timing::{Span, Timing};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};
use kubound::system::Interleaving;

/// A case as texts of files.
fn case(id: &str, scale: usize, fixed: bool) -> Vec<(String, String)> {
    kubound::cases::generate(id, scale, fixed).expect("the case exists")
}

/// The only result, after a change of the scenario.
fn checked(texts: &[(String, String)], engine: &dyn Engine, change: impl Fn(&mut source::Input)) -> CheckResult {
    let named: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut input = source::of_texts(&named).unwrap_or_else(|error| panic!("{error}"));
    change(&mut input);
    let options = Options::new(engine, Budget::bound(10));
    let (mut results, _) = check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(results.len(), 1, "{results:?}");
    results.remove(0)
}

fn is_partial(result: &CheckResult) -> bool {
    result.without.iter().any(|it| it == OVERLAPS)
}

#[test]
fn fixed_cases_hold_whatever_comes_when() {
    let engines: [&dyn Engine; 2] = [&Explicit, &Sat::default()];
    for id in ["c1", "c2", "c3", "c4", "c5", "c8"] {
        for engine in engines {
            let result = checked(&case(id, 3, true), engine, |_| ());
            assert!(matches!(result.answer, Answer::Holds(extent) if extent.is_proved()), "{id}: {result:?}");
            assert_eq!((result.interleaving, is_partial(&result)), (Interleaving::Overlapping, false), "{id}");
            assert_eq!(result.engine, engine.name());
        }
    }
}

#[test]
fn who_says_how_actions_interleave_is_asked_once() {
    for interleaving in [Interleaving::Racing, Interleaving::Settled] {
        let result = checked(&case("c3", 3, true), &Explicit, |input| input.spec.scenario.interleave(interleaving));
        assert_eq!((result.interleaving, is_partial(&result)), (interleaving, false));
    }
    let result = checked(&case("c3", 3, true), &Explicit, |input| input.spec.scenario.timing = None);
    assert_eq!((result.interleaving, is_partial(&result)), (Interleaving::Racing, false));
}

#[test]
fn maintenance_needs_a_pause_that_is_long_enough() {
    let paused = |pause: u32| {
        checked(&case("c6", 3, true), &Explicit, |input| {
            input.spec.scenario.timing = Some(Timing { pause: Span::at_least(pause), ..Timing::default() });
        })
    };
    let early = paused(5);
    let Answer::Violated(found) = &early.answer else { panic!("{early:?}") };
    assert_eq!((found.k, early.interleaving), (3, Interleaving::Overlapping));
    let by_default = checked(&case("c6", 3, true), &Explicit, |_| ());
    for held in [paused(60), by_default] {
        assert!(matches!(held.answer, Answer::Holds(_)), "{held:?}");
    }
}

#[test]
fn what_is_too_much_to_look_at_is_said() {
    let result = checked(&case("c8", 40, true), &Explicit, |_| ());
    assert!(matches!(result.answer, Answer::Holds(extent) if extent.is_proved()), "{result:?}");
    assert_eq!((result.interleaving, is_partial(&result)), (Interleaving::Racing, true));
}

/// Pods that take for ever to start let an autoscaler of nodes remove and add them for ever: which no clock of theirs forbids.
#[test]
fn a_loop_with_overlaps_alone_is_no_violation() {
    let texts = std::fs::read_dir("examples/scaledown-fixed").expect("an example").map(|entry| {
        let path = entry.expect("a file").path();
        (path.display().to_string(), std::fs::read_to_string(&path).expect("text"))
    });
    let mut texts: Vec<(String, String)> = texts.filter(|(name, _)| name.ends_with(".yaml")).collect();
    texts.sort();
    let named: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let asked = |interleaving: Option<Interleaving>| {
        let mut input = source::of_texts(&named).unwrap_or_else(|error| panic!("{error}"));
        interleaving.into_iter().for_each(|it| input.spec.scenario.interleave(it));
        let options = Options::new(&Explicit, Budget::bound(10));
        check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}")).0
    };
    let loops =
        |results: &[CheckResult]| results.iter().any(|it| it.property == "no-eviction-loop" && it.is_violated());
    assert!(loops(&asked(Some(Interleaving::Overlapping))));
    let by_default = asked(None);
    assert!(!loops(&by_default));
    assert!(by_default.iter().filter(|it| it.property == "no-eviction-loop").all(is_partial));
}
