//! Many alike steps at once are what the same steps are one by one: same verdict, same trace, same states, on random
//! systems with queues and counters, on cases, and on random clusters.

mod support;

#[path = "reductions/clusters.rs"]
mod clusters;

use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine, Outcome, Silent, UnknownReason, Verdict};
use kubound::input::{Loaded, load_strings};
use kubound::reduce::{reduce, unreduced};
use kubound::system::{
    ActionDraft, ActionKind, Builder, Checkpoint, IntVar, Interleaving, MarkSet, PropertyId, PropertyKind, System,
    replay,
};
use kubound::term::{Bool, Ctx};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use support::{interleave, load_case, model};

fn check(engine: &dyn Engine, system: &System, bound: u32) -> Outcome {
    check_within(engine, system, &Budget::bound(bound))
}

fn check_within(engine: &dyn Engine, system: &System, budget: &Budget) -> Outcome {
    let properties: Vec<PropertyId> = (0..system.properties.len()).map(PropertyId).collect();
    let outcome = engine.check(system, &properties, budget, &Silent);
    if let Verdict::Violated { property, trace, .. } = &outcome.verdict {
        replay(system, trace, system.property(*property)).expect("the counterexample replays");
    }
    outcome
}

/// What symbolic engines promise: the solver may choose another run.
fn essence(verdict: &Verdict) -> (Option<u32>, String) {
    match verdict {
        Verdict::Violated { k, .. } => (Some(*k), "violated".to_owned()),
        other => (None, format!("{other:?}")),
    }
}

/// Checks a system with and without acceleration, on both kinds of engines. The number of leaps of each.
fn compare(system: &System, bound: u32, what: &str) -> [u64; 2] {
    let stepwise = System { stepwise: true, ..system.clone() };
    let (fast, slow) = (check(&Explicit, system, bound), check(&Explicit, &stepwise, bound));
    assert_eq!(fast.verdict, slow.verdict, "{what}: explicit");
    assert_eq!(fast.statistics.states, slow.statistics.states, "{what}: states");
    assert_eq!((slow.statistics.leaps, slow.statistics.accelerated), (0, 0), "{what}: nothing is accelerated");
    assert!(fast.statistics.accelerated >= 2 * fast.statistics.leaps, "{what}: leaps have at least two steps");
    // Where there are very many choices, the symbolic engine is left alone.
    let budget = Budget { time: Some(std::time::Duration::from_millis(300)), induction: false, ..Budget::bound(bound) };
    let symbolic = |system: &System| check_within(&Sat::default(), system, &budget);
    let (quick, plain) = (symbolic(system), symbolic(&stepwise));
    let is_done = |outcome: &Outcome| !matches!(outcome.verdict, Verdict::Unknown { reason: UnknownReason::Time, .. });
    if is_done(&quick) && is_done(&plain) {
        assert_eq!(essence(&quick.verdict), essence(&plain.verdict), "{what}: sat");
        assert_eq!(quick.statistics.states, plain.statistics.states, "{what}: branches");
    }
    assert_eq!(plain.statistics.leaps, 0, "{what}: nothing is accelerated by sat");
    [fast.statistics.leaps, quick.statistics.leaps]
}

/// Moves `amount` things from a queue to a shelf at each step, from `start` on.
fn queue(start: i64, amount: i64, property: impl for<'c> Fn(&Builder<'c>, IntVar, IntVar)) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let b = Builder::new(&ctx);
        let (queue, shelf) = (b.int("queue", 0, 10_000, Some(start)), b.int("shelf", 0, 10_000, Some(0)));
        let now = b.state();
        let mut next = now.clone();
        next.set(queue, now.get(queue) - amount);
        next.set(shelf, now.get(shelf) + amount);
        act(&b, "move", ActionKind::Event { rank: 0 }, now.get(queue).ge(amount), next);
        let mut refilled = now.clone();
        refilled.set(queue, now.get(shelf));
        refilled.set(shelf, ctx.int(0));
        act(&b, "refill", ActionKind::Periodic, now.get(queue).eq(0), refilled);
        property(&b, queue, shelf);
        b.finish(Interleaving::Settled)
    };
    unbound.bind(ctx)
}

fn act<'c>(b: &Builder<'c>, name: &str, kind: ActionKind, guard: Bool<'c>, next: kubound::system::State<'c>) {
    let marks = vec![(b.mark(name), b.ctx().bool(true))];
    let choice = b.ctx().bool(true);
    b.action(ActionDraft::new(name.to_owned(), kind, guard, next).choosing(vec![], choice).marked(marks));
}

fn invariant<'c>(b: &Builder<'c>, holds: Bool<'c>, at: Checkpoint) {
    b.property("p", "", PropertyKind::Invariant { holds: holds.id(), at });
}

#[test]
fn a_queue_is_worked_off_at_once() {
    let system = queue(9_000, 1, |b, _, shelf| invariant(b, b.state().get(shelf).le(9_000), Checkpoint::Every));
    let outcome = check(&Explicit, &system, 9);
    assert_eq!((outcome.statistics.states, outcome.statistics.leaps), (1, 2), "two blocks of one leap each");
    assert_eq!(outcome.statistics.transitions, 9_000 + 9_001, "each step counts");
    assert_eq!(outcome.statistics.accelerated, 2 * 9_000 - 2 * 2, "two of each block show what goes on");
    assert!(compare(&system, 5, "queue").iter().all(|&leaps| leaps > 0));
}

#[test]
fn a_leap_does_not_jump_over_a_violation() {
    for wrong in [3, 5, 17, 899] {
        let system = queue(900, 1, |b, _, shelf| invariant(b, b.state().get(shelf).ne(wrong), Checkpoint::Every));
        match check(&Explicit, &system, 5).verdict {
            Verdict::Violated { trace, k, .. } => assert_eq!((k, trace.steps.len() as i64), (0, wrong)),
            other => panic!("a violation expected, not {other:?}"),
        }
        assert!(compare(&system, 5, "violation").iter().all(|&leaps| leaps > 0 || wrong == 3));
    }
}

#[test]
fn loops_through_leaps_are_found() {
    let system = queue(900, 3, |b, _, _| {
        let marks = (MarkSet::of(b.mark("move")), MarkSet::default());
        b.property("p", "", PropertyKind::NoLoop { any_of: marks.0, none_of: marks.1 });
    });
    assert_eq!(essence(&check(&Explicit, &system, 5).verdict).0, Some(1));
    assert!(compare(&system, 5, "loop").iter().all(|&leaps| leaps > 0));
}

/// `variable ∘ variable` or `variable ∘ value`.
type Test = (usize, u8, Option<usize>, i64);

#[derive(Clone, Debug)]
enum Change {
    Add(i64),
    Set(i64),
    Copy(usize),
    Turn(i64),
    AddInput,
}

#[derive(Clone, Debug)]
struct RandomAction {
    kind: u8,
    guard: [Test; 2],
    input: Option<i64>,
    changes: Vec<(usize, Change)>,
    mark: Option<Test>,
}

#[derive(Clone, Debug)]
struct RandomSystem {
    racing: bool,
    /// Largest value, and the first one; `None` if any may be.
    variables: Vec<(i64, Option<bool>)>,
    actions: Vec<RandomAction>,
    property: (u8, Test),
}

fn test() -> impl Strategy<Value = Test> {
    (0..3_usize, 0..4_u8, prop::option::weighted(0.3, 0..3_usize), 0..12_i64)
}

fn actions() -> impl Strategy<Value = RandomAction> {
    let change = prop_oneof![
        4 => (-2..3_i64).prop_map(Change::Add),
        1 => (0..30_i64).prop_map(Change::Set),
        1 => (0..3_usize).prop_map(Change::Copy),
        1 => (1..3_i64).prop_map(Change::Turn),
        1 => Just(Change::AddInput),
    ];
    let input = prop::option::weighted(0.3, 0..3_i64);
    (0..4_u8, [test(), test()], input, prop::collection::vec((0..3_usize, change), 1..4), prop::option::of(test()))
        .prop_map(|(kind, guard, input, changes, mark)| RandomAction { kind, guard, input, changes, mark })
}

fn systems() -> impl Strategy<Value = RandomSystem> {
    let start = prop_oneof![6 => any::<bool>().prop_map(Some), 1 => Just(None)];
    let variable = (prop_oneof![Just(4), Just(30), Just(60)], start);
    (any::<bool>(), prop::collection::vec(variable, 3), prop::collection::vec(actions(), 1..5), (0..5_u8, test()))
        .prop_map(|(racing, variables, actions, property)| RandomSystem { racing, variables, actions, property })
}

impl RandomSystem {
    fn build(&self) -> System {
        let ctx = Ctx::new();
        let unbound = {
            let b = Builder::new(&ctx);
            let variables: Vec<IntVar> = (0..3).map(|index| self.variable(&b, index)).collect();
            self.actions.iter().enumerate().for_each(|(index, action)| self.add(&b, &variables, index, action));
            let good = MarkSet::of(b.mark("good"));
            let kind = match self.property.0 {
                0 => PropertyKind::Settles,
                1 | 2 => PropertyKind::NoLoop { any_of: good, none_of: MarkSet::default() },
                other => PropertyKind::Invariant {
                    holds: (!condition(&b, &variables, self.property.1)).id(),
                    at: if other == 3 { Checkpoint::Every } else { Checkpoint::Settled },
                },
            };
            b.property("p", "", kind);
            b.finish(if self.racing { Interleaving::Racing } else { Interleaving::Settled })
        };
        unbound.bind(ctx)
    }

    fn variable(&self, b: &Builder<'_>, index: usize) -> IntVar {
        let (hi, start) = self.variables[index];
        b.int(format!("v{index}"), 0, hi, start.map(|full| if full { hi } else { 0 }).or((hi > 4).then_some(7)))
    }

    fn add(&self, b: &Builder<'_>, variables: &[IntVar], index: usize, action: &RandomAction) {
        let ctx = b.ctx();
        let kind = match action.kind {
            0..=2 => ActionKind::Event { rank: action.kind.into() },
            _ => ActionKind::Periodic,
        };
        let guard = condition(b, variables, action.guard[0]) & condition(b, variables, action.guard[1]);
        let input = action.input.map(|hi| b.input(format!("i{index}"), 0, hi));
        let by = input.map_or(ctx.int(1), |(_, by)| by);
        let now = b.state();
        let mut next = now.clone();
        for (target, change) in &action.changes {
            let (var, hi) = (variables[*target], self.variables[*target].0);
            let old = next.get(var);
            let value = match *change {
                Change::Add(amount) => (old + amount).clamp(0, hi),
                Change::Set(value) => ctx.int(value.min(hi)),
                Change::Copy(source) => now.get(variables[source]).min(hi),
                Change::Turn(amount) => (old + amount).map(|value| value.rem_euclid(hi + 1)),
                Change::AddInput => (old + by).clamp(0, hi),
            };
            next.set(var, value);
        }
        let choice = by.ge(now.get(variables[0]).min(action.input.unwrap_or(1)));
        let marks = action.mark.map(|test| (b.mark("good"), condition(b, variables, test)));
        let inputs = input.iter().map(|&(var, _)| var).collect();
        b.action(
            ActionDraft::new(format!("a{index}"), kind, guard, next)
                .choosing(inputs, choice)
                .marked(marks.into_iter().collect()),
        );
    }
}

fn condition<'c>(b: &Builder<'c>, variables: &[IntVar], (variable, op, other, value): Test) -> Bool<'c> {
    let left = b.state().get(variables[variable]);
    let right = other.map_or(b.ctx().int(value), |other| b.state().get(variables[other]));
    match op {
        0 => left.eq(right),
        1 => left.le(right),
        2 => left.ge(right),
        _ => left.ne(right),
    }
}

#[test]
fn random_systems_are_the_same_accelerated() {
    let leaps = std::cell::RefCell::new([0, 0]);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1000));
    let result = runner.run(&(systems(), 0..5_u32), |(random, bound)| {
        let found = compare(&random.build(), bound, "random");
        let mut leaps = leaps.borrow_mut();
        *leaps = [leaps[0] + found[0], leaps[1] + found[1]];
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(leaps.borrow().iter().all(|&count| count > 100), "{leaps:?}: acceleration was hardly tested");
}

/// Compares property by property; the number of leaps.
fn compare_model(loaded: &Loaded, bound: u32, what: &str) -> u64 {
    let model = model(loaded);
    let mut leaps = 0;
    for position in 0..model.system.properties.len() {
        let small = reduce(&model.system, &model.parts, &[PropertyId(position)]);
        let found = compare(&small.slice.system, bound, &format!("{what}, {}", model.system.properties[position]));
        leaps += found[0] + found[1];
    }
    leaps
}

#[test]
fn cases_are_the_same_accelerated() {
    let mut leaps = 0;
    for case in kubound::cases::CASES.iter().filter(|case| case.id.starts_with('c')) {
        for (scale, fixed) in [(3, false), (12, false), (5, true)] {
            let mut loaded = load_case(case.id, scale, fixed);
            interleave(&mut loaded, kubound::system::Interleaving::Settled);
            let bound = loaded.spec.scenario.bound.min(4);
            leaps += compare_model(&loaded, bound, &format!("{} at {scale}, fixed={fixed}", case.id));
        }
    }
    assert!(leaps > 20, "{leaps} leaps: acceleration was hardly tested");
}

#[test]
fn racing_cases_are_the_same_accelerated() {
    for id in ["c2", "c5", "c7", "c8"] {
        let mut loaded = load_case(id, 3, false);
        interleave(&mut loaded, kubound::system::Interleaving::Racing);
        compare_model(&loaded, 2, &format!("{id}, racing"));
    }
}

#[test]
fn no_reduction_means_no_acceleration() {
    let model = model(&load_case("c1", 12, false));
    let whole = unreduced(&model.system, &[PropertyId(0)]);
    assert!(whole.slice.system.stepwise);
    assert!(!reduce(&model.system, &model.parts, &[PropertyId(0)]).slice.system.stepwise);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn random_clusters_are_the_same_accelerated(sketch in clusters::sketch()) {
        let files = sketch.files();
        let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let loaded = load_strings(&named, Default::default()).unwrap_or_else(|errors| panic!("{errors}\n{files:#?}"));
        compare_model(&loaded, 2, &format!("{sketch:#?}"));
    }
}
