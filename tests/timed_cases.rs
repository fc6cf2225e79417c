//! Time in the cases: every counterexample has moments, stories read minute by minute, and maintenance holds with a pause that is
//! long enough.

mod support;

use std::path::Path;
use std::slice;

use kubound::check::clock::Clock;
use kubound::cluster::object::timing::{Span, Timing};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine, Outcome, Silent, Verdict, timed};
use kubound::input::{Loaded, load, load_strings};
use kubound::system::{Interleaving, PropertyId, Slice};

use support::{WEB, load_case, model};

const CASES: [&str; 12] = ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "w1", "w2", "w3", "w4"];

fn ask(engine: &dyn Engine, slice: &Slice, bound: u32) -> Outcome {
    let all: Vec<PropertyId> = (0..slice.system.properties.len()).map(PropertyId).collect();
    let budget = Budget { induction: false, ..Budget::bound(bound) };
    timed::decide(engine, &slice.system, &all, &budget, &Silent).outcome
}

fn clock(loaded: &Loaded) -> Clock {
    let model = model(loaded);
    let slice = support::slice(&model);
    let Verdict::Violated { trace, .. } = ask(&Explicit, &slice, loaded.spec.scenario.bound).verdict else {
        panic!("it is violated")
    };
    Clock::of(&slice.system, &trace).expect("it has moments")
}

#[test]
fn counterexamples_of_all_cases_have_moments_on_the_way() {
    for id in CASES {
        let clock = clock(&load_case(id, 3, false));
        assert!(clock.steps.is_sorted(), "{id}: {:?}", clock.steps);
    }
}

/// An autoscaler looks every 15 s; pods are young for a minute; it goes down once a window of 5 min has forgotten the rise.
#[test]
fn an_oscillation_takes_as_long_as_its_window() {
    let mut moments = clock(&load_case("c1", 3, false)).steps;
    moments.dedup();
    assert_eq!(moments, [0, 15, 30, 60, 330, 630, 930]);
}

/// Load for nine pods, of which a node has room for four; how fast there are more of them, rules of the autoscaler's behavior say.
fn limited(rules: &str) -> Loaded {
    let autoscaler = format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec:\n  \
         scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}\n  minReplicas: 1\n  maxReplicas: 9\n  \
         behavior: {{scaleUp: {{{rules}}}}}\n  metrics:\n  - type: Resource\n    \
         resource: {{name: cpu, target: {{type: AverageValue, averageValue: 1000m}}}}\n"
    );
    let scenario = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  interleaving: racing\n  bound: 6\n  \
                    properties: [pods-schedulable]\n  nodePools:\n  - {name: worker, count: 1, template: {allocatable: {cpu: '4'}}}\n  \
                    loads:\n  - {target: deployment/web, range: 9000m..9000m}\n";
    let files = [("web.yaml", WEB), ("hpa.yaml", &autoscaler), ("scenario.yaml", scenario)];
    load_strings(&files, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// From two pods to five, of which the last finds no room.
#[test]
fn policies_count_what_their_periods_hold() {
    let moments = |rules: &str| {
        let mut moments = clock(&limited(rules)).steps;
        moments.dedup();
        moments
    };
    let one = |period: u32| format!("policies: [{{type: Pods, value: 1, periodSeconds: {period}}}]");
    // Looks are 15 s apart anyway, and what happened 15 s ago is over.
    assert_eq!(moments(&one(15)), [0, 15, 30]);
    assert_eq!(moments(&one(60)), [0, 60, 120]);
    let two = "policies: [{type: Pods, value: 1, periodSeconds: 60}, {type: Pods, value: 2, periodSeconds: 300}]";
    assert_eq!(moments(two), [0, 60], "by two at once, and then by one");
    assert_eq!(moments(&format!("selectPolicy: Min, {two}")), [0, 60, 300]);
}

/// The cluster autoscaler removes no node for so long after it asked for one.
#[test]
fn nodes_stay_for_a_while_after_others_have_come() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scaledown-violating");
    let round = |delay: i64| {
        let mut loaded =
            load(slice::from_ref(&example), Default::default()).unwrap_or_else(|errors| panic!("{errors}"));
        let scenario = &mut loaded.spec.scenario;
        scenario.interleaving = Interleaving::Racing;
        scenario.controllers.autoscaler_options.delay_after_add = delay;
        clock(&loaded).round.expect("a loop")
    };
    assert_eq!((round(600), round(90)), (600, 90));
    assert!(round(0) < 60);
}

#[test]
fn rounds_of_loops_take_time() {
    let rounds = ["c4", "c5", "c7", "c8"].map(|id| clock(&load_case(id, 3, false)).round);
    assert!(rounds.iter().all(|round| round.is_some_and(|round| round >= 1)), "{rounds:?}");
    assert_eq!(rounds[1], Some(300), "a descheduler runs every 5 min");
}

/// The fixed variant of c6 where anything may happen at any time, with so long a pause.
fn paused(pause: u32) -> Loaded {
    let mut loaded = load_case("c6", 3, true);
    loaded.spec.scenario.interleaving = Interleaving::Async;
    loaded.spec.scenario.timing = Some(Timing { pause: Span::at_least(pause), ..Timing::default() });
    loaded
}

#[test]
fn maintenance_holds_with_a_pause_that_is_long_enough() {
    let engines: [&dyn Engine; 2] = [&Explicit, &Sat::default()];
    for engine in engines {
        let holds = |pause: u32| {
            let model = model(&paused(pause));
            matches!(ask(engine, &support::slice(&model), 10).verdict, Verdict::Holds(_))
        };
        assert!(!holds(0), "{}", engine.name());
        assert!(!holds(20), "{}: a pod may take that long to be made and bound", engine.name());
        assert!(holds(21), "{}", engine.name());
    }
}

#[test]
fn without_timing_there_is_no_clock() {
    let mut loaded = load_case("c1", 3, false);
    loaded.spec.scenario.timing = None;
    let model = model(&loaded);
    let slice = support::slice(&model);
    assert!(slice.system.paces.is_empty() && slice.system.timers.is_empty());
    let Verdict::Violated { trace, .. } = ask(&Explicit, &slice, 10).verdict else { panic!("it is violated") };
    assert_eq!(Clock::of(&slice.system, &trace), None);
}
