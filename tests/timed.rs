//! Verdicts about runs that keep to paces and timers: every engine against a naive search, second by second, on random systems;
//! moments of runs against trying all of them.

#[path = "symbolic/random.rs"]
mod random;
#[path = "timed/reference.rs"]
mod reference;

use std::time::Duration;

use kubound::engine::auto::Auto;
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::{Budget, Engine, Silent, UnknownReason, Verdict, timed};
use kubound::system::times::moments;
use kubound::system::{
    ActionDraft, ActionId, ActionKind, Builder, Checkpoint, Interleaving, MarkSet, Pace, PropertyId, PropertyKind,
    Step, System, Timer, Trace, replay,
};
use kubound::term::Ctx;
use proptest::prelude::*;
use random::Bytes;

const BOUND: u32 = 4;

/// A random system with random paces and a timer, asked for invariants only.
fn timed_system(source: &mut Bytes) -> System {
    let mut system = random::system(source);
    system.properties.retain(|property| matches!(property.kind, PropertyKind::Invariant { .. }));
    for index in 0..system.actions.len() {
        let (least, apart) = ([0, 0, 1, 2][source.below(4)], [0, 0, 0, 3][source.below(4)]);
        let most = [None, Some(0), Some(1), Some(3)][source.below(4)].map(|most: u32| most.max(least));
        let name = format!("pace {}", source.below(3).min(index));
        if source.below(4) > 0 {
            system.actions[index].pace = Some(system.pace(Pace { name, least, most, apart }));
        }
    }
    if source.below(3) == 0 {
        let timer = timer(&mut system, source);
        system.timers.push(timer);
    }
    system
}

fn timer(system: &mut System, source: &mut Bytes) -> Timer {
    let actions = system.actions.len();
    let mut steps = || {
        let (action, variable) = (ActionId(source.below(actions)), source.below(system.state.len()));
        let var = system.state[variable].var;
        let (term, range) = (system.arena.variable(var).term, system.state[variable].range);
        let when = match system.arena.variable(var).sort {
            kubound::term::Sort::Bool => term,
            kubound::term::Sort::Int(_) => {
                let value = system.arena.int(range.lo + source.below(2) as i64);
                system.arena.le(term, value)
            }
        };
        vec![(action, when)]
    };
    let (begins, asks, within, forgets) = (steps(), steps(), steps(), steps());
    let within = if source.below(2) == 0 { within } else { Vec::new() };
    Timer { name: "timer".to_owned(), seconds: 2, begins, asks, within, forgets }
}

fn engines() -> [Box<dyn Engine>; 3] {
    [Box::new(Explicit), Box::new(Sat::default()), Box::new(Smt::default())]
}

/// The k of a violation within the bound; an error for what engines do not decide.
fn decided(engine: &dyn Engine, system: &System, property: usize) -> Result<Option<u32>, String> {
    let budget = Budget { time: Some(Duration::from_secs(5)), ..Budget::bound(BOUND) };
    let decision = timed::decide(engine, system, &[PropertyId(property)], &budget, &Silent);
    match decision.outcome.verdict {
        Verdict::Holds(_) => Ok(None),
        Verdict::Violated { trace, k, .. } => {
            let run = replay(system, &trace, &system.properties[property]).map_err(|error| error.to_string())?;
            let found = moments(system, &trace).map_err(|error| error.to_string())?;
            found.map_err(|conflict| format!("a violation without moments: {conflict:?}"))?;
            assert_eq!(run.k(), k);
            Ok(Some(k))
        }
        Verdict::Unknown { reason, .. } => Err(format!("{reason:?}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn engines_agree_with_a_search_second_by_second(bytes in proptest::collection::vec(any::<u8>(), 40..160)) {
        let system = timed_system(&mut Bytes::new(&bytes));
        let Some(expected) = reference::search(&system, BOUND) else { return Ok(()) };
        for (property, &expected) in expected.iter().enumerate() {
            for engine in engines() {
                let found = decided(&*engine, &system, property);
                // Some random systems take for ever.
                prop_assume!(found != Err(format!("{:?}", UnknownReason::Time)));
                prop_assert_eq!(found, Ok(expected), "{}: {}", engine.name(), system.show());
            }
        }
    }
}

/// A kubelet that takes its time, a drain that may come again, and a controller that reacts.
fn pods(start: u32, pause: u32) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let (ready, starting) = (builder.int("ready", 0, 3, Some(3)), builder.int("starting", 0, 3, Some(0)));
        let state = builder.state();
        let pace = |name: &str, least, most, apart| Some(builder.pace(Pace { name: name.into(), least, most, apart }));
        let mut drained = state.clone();
        drained.set(ready, (state.get(ready) - 1).max(0));
        let drain = ActionDraft::new("drain", ActionKind::Environment, state.get(ready).ge(1), drained);
        builder.action(drain.paced(pace("drains", 0, None, pause)));
        let missing = (state.get(ready) + state.get(starting)).lt(3);
        let mut made = state.clone();
        made.set(starting, (state.get(starting) + 1).min(3));
        let make = ActionDraft::new("make", ActionKind::Event { rank: 1 }, missing, made);
        builder.action(make.paced(pace("reaction", 0, Some(5), 0)));
        let mut started = state.clone();
        started.set(starting, (state.get(starting) - 1).max(0));
        started.set(ready, (state.get(ready) + 1).min(3));
        let start_pod = ActionDraft::new("start", ActionKind::Event { rank: 2 }, state.get(starting).ge(1), started);
        builder.action(start_pod.paced(pace("start of pods", 1, Some(start), 0)));
        let holds = state.get(ready).ge(2).id();
        builder.property("enough", "", PropertyKind::Invariant { holds, at: Checkpoint::Every });
        builder.finish(Interleaving::Async)
    };
    unbound.bind(ctx)
}

#[test]
fn a_pause_that_is_long_enough_makes_it_hold() {
    for engine in engines() {
        let k = |start, pause| decided(&*engine, &pods(start, pause), 0);
        assert_eq!(k(60, 0), Ok(Some(2)), "{}", engine.name());
        assert_eq!(k(60, 65), Ok(Some(3)), "after 65 s, both may come at the same moment");
        assert_eq!(k(60, 66), Ok(None));
        assert_eq!(k(20, 30), Ok(None));
    }
}

#[test]
fn verdicts_name_the_demands_that_they_rest_on() {
    let system = pods(60, 66);
    let decision = timed::decide(&Explicit, &system, &[PropertyId(0)], &Budget::bound(9), &Silent);
    let demands = decision.outcome.demands.iter().filter_map(|demand| demand.describe(&system));
    let expected = ["reaction: at most 5 s", "start of pods: at most 60 s", "drains: every time at least 66 s"];
    assert_eq!(demands.collect::<Vec<_>>(), expected);
}

#[test]
fn without_time_nothing_is_said() {
    let budget = Budget { time: Some(Duration::ZERO), ..Budget::bound(9) };
    let outcome = timed::decide(&Explicit, &pods(60, 66), &[PropertyId(0)], &budget, &Silent).outcome;
    let reason = UnknownReason::Time;
    assert_eq!(outcome.verdict, Verdict::Unknown { reason, covered: 0 });
}

#[test]
fn moments_are_the_earliest() {
    let system = pods(60, 10);
    let steps = ["drain", "make", "start", "drain"].map(|name| {
        let action = system.actions.iter().position(|action| action.name == name).expect("it exists");
        Step { action, inputs: Vec::new() }
    });
    let trace = Trace { initial: vec![3, 0], steps: steps.to_vec(), loop_start: None };
    let found = moments(&system, &trace).expect("a run").expect("possible");
    assert_eq!((found.steps, found.round), (vec![0, 0, 1, 10], None));
}

/// A loop of two periodic actions beside one that must not wait for ever.
fn busy(most: Option<u32>, apart: u32) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let (on, done) = (builder.bool("on", Some(false)), builder.bool("done", Some(false)));
        let turns = builder.mark("turns");
        let state = builder.state();
        let mut turned = state.clone();
        turned.set_bool(on, !state.is(on));
        let pace = builder.pace(Pace { name: "turns".into(), least: 0, most: None, apart });
        let turn = ActionDraft::new("turn", ActionKind::Periodic, !state.is(done), turned);
        builder.action(turn.marked(vec![(turns, ctx.bool(true))]).paced(Some(pace)));
        let mut ended = state.clone();
        ended.set_bool(done, ctx.bool(true));
        let pace = builder.pace(Pace { name: "end".into(), least: 0, most, apart: 0 });
        builder.action(ActionDraft::new("end", ActionKind::Periodic, !state.is(done), ended).paced(Some(pace)));
        let kind = PropertyKind::NoLoop { any_of: MarkSet::of(turns), none_of: MarkSet::default() };
        builder.property("loop", "", kind);
        builder.finish(Interleaving::Racing)
    };
    unbound.bind(ctx)
}

#[test]
fn loops_that_starve_somebody_are_none() {
    for engine in engines() {
        let k = |most, apart| {
            let system = busy(most, apart);
            let decision = timed::decide(&*engine, &system, &[PropertyId(0)], &Budget::bound(9), &Silent);
            match decision.outcome.verdict {
                Verdict::Violated { k, trace, .. } => {
                    Some((k, moments(&system, &trace).expect("a run").ok().and_then(|it| it.round)))
                }
                Verdict::Holds(_) => None,
                Verdict::Unknown { reason, .. } => panic!("{reason:?}"),
            }
        };
        assert_eq!(k(None, 0), Some((2, Some(1))), "{}", engine.name());
        assert_eq!(k(None, 15), Some((2, Some(30))));
        assert_eq!(k(Some(60), 15), None, "{}", engine.name());
        // Nothing says that such a loop takes time.
        assert_eq!(k(Some(60), 0), Some((2, None)));
    }
}

#[test]
fn the_portfolio_keeps_to_paces_too() {
    let engine = Auto { sat: Sat::default() };
    assert_eq!(decided(&engine, &pods(60, 66), 0), Ok(None));
    assert_eq!(decided(&engine, &pods(60, 65), 0), Ok(Some(3)));
}
