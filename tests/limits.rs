//! Time, memory and a stop flag end building and checking, on every engine, and every property that was asked for has a
//! line.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kubound::check::{Answer, Focus, InputName, Options, check, source::Input};
use kubound::engine::auto::Auto;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine};
use kubound::input::{Loaded, load_strings};
use kubound::model::{ModelError, build_within};
use kubound::property::Selection;
use kubound::term::{Limit, Stopped};

const PROPERTIES: [&str; 3] = ["pods-schedulable", "no-eviction-loop", "settles"];

/// A cluster of so many workloads, of which nothing runs yet, on nodes that fail: no model of one workload is small.
fn cluster(workloads: usize) -> Input {
    let mut text = String::new();
    for index in 0..workloads {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app{index}}}\nspec:\n  replicas: 2\n  selector: {{matchLabels: \
             {{app: app{index}}}}}\n  template:\n    metadata: {{labels: {{app: app{index}}}}}\n    spec: {{containers: [{{name: c, image: i, \
             resources: {{requests: {{cpu: {}m}}}}}}]}}\n---",
            100 + index
        );
    }
    let _ = writeln!(
        text,
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  - {{name: n, count: 12, template: {{allocatable: \
         {{cpu: '16', memory: 64Gi, pods: '110'}}}}}}\n  failures: {{atMost: 3, recover: true}}\n  bound: 8\n  properties: \
         [pods-schedulable, no-eviction-loop, settles]"
    );
    let Loaded { spec, diagnostics, scenario_given, .. } =
        load_strings(&[("cluster.yaml", text.as_str())], Default::default()).expect("a cluster");
    let name = InputName::Paths { paths: vec!["cluster.yaml".to_owned()], sizes: Default::default(), config: None };
    Input { name, spec, diagnostics, scenario_given, ignores: Vec::new(), members: None }
}

fn limits() -> [(Limit, Stopped); 3] {
    let stop = Arc::new(AtomicBool::new(true));
    [
        (Limit { deadline: Some(Instant::now()), ..Limit::default() }, Stopped::Time),
        (Limit { stop, ..Limit::default() }, Stopped::Outside),
        (Limit { memory: Some((1, || Some(2))), ..Limit::default() }, Stopped::Memory),
    ]
}

#[test]
fn building_ends_at_its_limit() {
    let input = cluster(40);
    let selection = Selection::of(&input.spec.scenario.properties);
    for (limit, expected) in limits() {
        match build_within(&input.spec, &selection, &limit) {
            Err(ModelError::Stopped(why)) => assert_eq!(why, expected),
            Err(other) => panic!("{expected:?}: {other}"),
            Ok(_) => panic!("{expected:?}: it was built all the same"),
        }
    }
}

#[test]
fn a_limit_that_was_reached_for_a_moment_was_reached() {
    use std::sync::atomic::AtomicUsize;
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    // Too much at one moment while controllers act, and never again: the loop that saw it has left something out.
    let measure = || Some(u64::from(ASKED.fetch_add(1, Ordering::Relaxed) == 10) * 2);
    let input = cluster(40);
    let limit = Limit { memory: Some((1, measure)), ..Limit::default() };
    let built = build_within(&input.spec, &Selection::of(&input.spec.scenario.properties), &limit);
    assert!(matches!(built, Err(ModelError::Stopped(Stopped::Memory))), "it was built although a loop had ended");
    assert!(ASKED.load(Ordering::Relaxed) > 10, "nobody asked often enough");
}

/// All answers within a budget.
fn answers(input: &Input, engine: &dyn Engine, focus: Focus, reduce: bool, budget: Budget) -> Vec<(String, Answer)> {
    let options = Options { all: true, reduce, focus, ..Options::new(engine, budget) };
    let (results, skipped) = check(input, &options, &mut |_| ()).expect("results");
    let answers = results.into_iter().map(|result| (result.property, result.answer));
    let unknown = |name| (name, Answer::Unknown { reason: "not looked at".to_owned(), covered: 0 });
    answers.chain(skipped.into_iter().map(unknown)).collect()
}

fn engines() -> [Box<dyn Engine>; 4] {
    [Box::new(Explicit), Box::new(Smt::default()), Box::<Sat>::default(), Box::<Auto>::default()]
}

#[test]
fn every_property_has_a_line_when_time_is_over() {
    let input = cluster(40);
    for engine in engines() {
        for (focus, reduce) in [(Focus::Auto, true), (Focus::Off, true), (Focus::Off, false)] {
            let time = Some(Duration::from_millis(100));
            let budget = Budget { time, ..Budget::bound(input.spec.scenario.bound) };
            let answers = answers(&input, engine.as_ref(), focus, reduce, budget);
            for name in PROPERTIES {
                let found = answers.iter().any(|(property, _)| property == name);
                assert!(found, "{}, {focus:?}, {reduce}: nothing is said of {name}", engine.name());
            }
        }
    }
}

#[test]
fn a_stop_is_heard_while_a_model_is_built() {
    let input = cluster(40);
    for focus in [Focus::Auto, Focus::Off] {
        let budget = Budget::bound(input.spec.scenario.bound);
        budget.stop.store(true, Ordering::Relaxed);
        let answers = answers(&input, &Explicit, focus, true, budget);
        for name in PROPERTIES {
            assert!(answers.iter().any(|(known, _)| known == name), "{focus:?}: nothing is said of {name}");
        }
        for (name, answer) in answers {
            // What needs no search at all may be known all the same.
            let unknown = matches!(&answer, Answer::Unknown { .. });
            assert!(unknown || matches!(answer, Answer::Holds(_)), "{focus:?}: {name}: {answer:?}");
        }
    }
}

/// Far more than a stop may take, and far less than the search.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_stop_is_heard_whenever_it_comes() {
    let input = cluster(24);
    for engine in engines() {
        for after in [20, 200, 1000] {
            let budget = Budget::bound(input.spec.scenario.bound);
            let stop = Arc::clone(&budget.stop);
            let stopper = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(after));
                stop.store(true, Ordering::Relaxed);
                Instant::now()
            });
            let answers = answers(&input, engine.as_ref(), Focus::Off, true, budget);
            let late = stopper.join().expect("it stops").elapsed();
            assert!(late < PATIENCE, "{}, stopped after {after} ms: went on for {late:?}", engine.name());
            for name in PROPERTIES {
                let found = answers.iter().any(|(property, _)| property == name);
                assert!(found, "{}, stopped after {after} ms: nothing is said of {name}", engine.name());
            }
        }
    }
}
