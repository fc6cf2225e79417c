//! A naive reference: the whole graph of micro-states by the interpreter, then shortest paths by definition.

use std::collections::{HashMap, VecDeque};

use kubound::engine::{Extent, Verdict};
use kubound::system::replay::Interpreter;
use kubound::system::{
    ActionDraft, ActionKind, Builder, Checkpoint, IntVar, Interleaving, MarkSet, Property, PropertyKind, Step, System,
};
use kubound::term::{Bool, Ctx, Int};
use proptest::prelude::*;

/// A step between states, and what it counts for k.
struct Edge {
    to: usize,
    marks: MarkSet,
    slow: bool,
    weight: u32,
}

/// All reachable states.
pub struct Reach {
    pub states: Vec<Vec<i64>>,
    settled: Vec<bool>,
    edges: Vec<Vec<Edge>>,
    /// Smallest k at which each state is reached.
    distance: Vec<u32>,
}

fn product(ranges: &[(i64, i64)]) -> Vec<Vec<i64>> {
    ranges.iter().fold(vec![vec![]], |tuples, &(lo, hi)| {
        let extend =
            |tuple: &Vec<i64>| (lo..=hi).map(|value| [tuple.as_slice(), &[value]].concat()).collect::<Vec<_>>();
        tuples.iter().flat_map(extend).collect()
    })
}

fn initial_states(system: &System) -> Vec<Vec<i64>> {
    let interpreter = Interpreter::new(system);
    let range = |v: &kubound::system::StateVar| v.initial.map_or((v.range.lo, v.range.hi), |value| (value, value));
    let all = product(&system.state.iter().map(range).collect::<Vec<_>>());
    all.into_iter().filter(|state| system.init.iter().all(|&term| interpreter.holds(state, term))).collect()
}

/// Shortest distances from some points over edges that weigh 0 or 1.
fn distances(points: usize, from: &[usize], next: impl Fn(usize) -> Vec<(usize, u32)>) -> Vec<u32> {
    let mut distance = vec![u32::MAX; points];
    let mut queue: VecDeque<(usize, u32)> = from.iter().map(|&point| (point, 0)).collect();
    while let Some((point, at)) = queue.pop_front() {
        if distance[point] <= at {
            continue;
        }
        distance[point] = at;
        for (to, weight) in next(point) {
            if weight == 0 { queue.push_front((to, at)) } else { queue.push_back((to, at + 1)) }
        }
    }
    distance
}

/// Explores everything.
pub fn reach(system: &System) -> Reach {
    let interpreter = Interpreter::new(system);
    let mut states = initial_states(system);
    let initial: Vec<usize> = (0..states.len()).collect();
    let mut index: HashMap<Vec<i64>, usize> = states.iter().cloned().zip(0..).collect();
    let (mut settled, mut edges) = (Vec::new(), Vec::new());
    while edges.len() < states.len() {
        let state = states[edges.len()].clone();
        let candidates = interpreter.candidates(&state);
        let mut out = Vec::new();
        for id in candidates.actions {
            let action = system.action(id);
            let range = |&var: &kubound::term::VarId| system.arena.variable(var).sort.range();
            let ranges: Vec<(i64, i64)> = action.inputs.iter().map(range).map(|range| (range.lo, range.hi)).collect();
            for inputs in product(&ranges) {
                let Ok((next, marks)) = interpreter.fire(0, &state, action, &Step { action: id.0, inputs }) else {
                    continue;
                };
                let to = *index.entry(next.clone()).or_insert_with(|| {
                    states.push(next);
                    states.len() - 1
                });
                let slow = !action.kind.is_event();
                out.push(Edge { to, marks, slow, weight: (slow || system.interleaving == Interleaving::Async) as u32 });
            }
        }
        settled.push(candidates.settled);
        edges.push(out);
    }
    let step = |edge: &Edge| (edge.to, edge.weight);
    let distance = distances(states.len(), &initial, |point| edges[point].iter().map(step).collect());
    Reach { states, settled, edges, distance }
}

impl Reach {
    /// The k of a shortest violation of a property.
    fn shortest(&self, system: &System, property: &Property) -> Option<u32> {
        let everything = |_: &Edge| true;
        match property.kind {
            PropertyKind::Invariant { holds, at } => {
                let interpreter = Interpreter::new(system);
                let asked = |&state: &usize| at == Checkpoint::Every || self.settled[state];
                let broken = |&state: &usize| !interpreter.holds(&self.states[state], holds);
                (0..self.states.len()).filter(asked).filter(broken).map(|state| self.distance[state]).min()
            }
            PropertyKind::NoLoop { any_of, none_of } => {
                self.shortest_lasso(|edge| !edge.marks.meets(none_of), |edge| edge.marks.meets(any_of))
            }
            PropertyKind::Settles => self.shortest_lasso(|edge| !edge.slow, everything),
        }
    }

    /// Over all states: the way there, and around a cycle of admitted edges with a wanted one.
    fn shortest_lasso(&self, admits: impl Fn(&Edge) -> bool, wants: impl Fn(&Edge) -> bool) -> Option<u32> {
        let around = |entry: usize| {
            let next = |point: usize| {
                let edges = self.edges[point / 2].iter().filter(|edge| admits(edge));
                edges.map(|edge| (edge.to * 2 + (point % 2).max(wants(edge) as usize), edge.weight)).collect()
            };
            distances(self.states.len() * 2, &[entry * 2], next)[entry * 2 + 1]
        };
        let totals = (0..self.states.len()).map(|entry| self.distance[entry].saturating_add(around(entry)));
        totals.filter(|&total| total < u32::MAX).min()
    }

    /// The depth at which the last state between blocks is found, and the number of those states.
    fn extent(&self, system: &System) -> (u32, u64) {
        let between = |&state: &usize| self.settled[state] || !system.interleaving.waits();
        let states: Vec<usize> = (0..self.states.len()).filter(between).collect();
        (states.iter().map(|&state| self.distance[state]).max().unwrap_or(0), states.len() as u64)
    }
}

/// How a random action changes a variable.
#[derive(Clone, Debug)]
enum Change {
    Set(i64),
    Turn(i64),
    Copy(usize),
    AddInput,
}

/// A random condition: `variable ∘ value`.
type Test = (usize, u8, i64);

#[derive(Clone, Debug)]
struct RandomAction {
    kind: u8,
    guard: (Test, Test, bool),
    input: Option<i64>,
    changes: Vec<(usize, Change)>,
    marks: [Option<Test>; 2],
}

#[derive(Clone, Debug)]
struct RandomSystem {
    interleaving: Interleaving,
    variables: Vec<(i64, bool)>,
    init: Test,
    actions: Vec<RandomAction>,
    property: u8,
    test: Test,
}

fn test() -> impl Strategy<Value = Test> {
    (0..3_usize, 0..3_u8, 0..4_i64)
}

fn actions() -> impl Strategy<Value = RandomAction> {
    let change = prop_oneof![
        (0..4_i64).prop_map(Change::Set),
        (1..3_i64).prop_map(Change::Turn),
        (0..3_usize).prop_map(Change::Copy),
        Just(Change::AddInput),
    ];
    let guard = (test(), test(), any::<bool>());
    let input = prop::option::of(0..3_i64);
    let marks = [prop::option::of(test()), prop::option::weighted(0.3, test())];
    (0..6_u8, guard, input, prop::collection::vec((0..3_usize, change), 1..3), marks)
        .prop_map(|(kind, guard, input, changes, marks)| RandomAction { kind, guard, input, changes, marks })
}

fn systems() -> impl Strategy<Value = RandomSystem> {
    let interleaving = prop::sample::select(&Interleaving::ALL[..]);
    let variables = prop::collection::vec((1..4_i64, prop::bool::weighted(0.2)), 3);
    (interleaving, variables, test(), prop::collection::vec(actions(), 1..6), 0..8_u8, test()).prop_map(
        |(interleaving, variables, init, actions, property, test)| RandomSystem {
            interleaving,
            variables,
            init,
            actions,
            property,
            test,
        },
    )
}

impl RandomSystem {
    fn build(&self) -> System {
        super::system(self.interleaving, |b| {
            let variable =
                |(index, &(hi, free)): (usize, &(i64, bool))| b.int(format!("v{index}"), 0, hi, (!free).then_some(0));
            let variables: Vec<IntVar> = self.variables.iter().enumerate().map(variable).collect();
            b.assume_initially(
                !condition(b, &variables, self.init) | b.ctx().any(variables.iter().map(|&v| b.state().get(v).eq(0))),
            );
            for (index, action) in self.actions.iter().enumerate() {
                self.add(b, &variables, index, action);
            }
            self.add_properties(b, &variables);
        })
    }

    fn add(&self, b: &Builder<'_>, variables: &[IntVar], index: usize, action: &RandomAction) {
        let ctx: &Ctx = b.ctx();
        let kind = match action.kind {
            0 | 1 => ActionKind::Event { rank: action.kind as u32 },
            2..=4 => ActionKind::Periodic,
            _ => ActionKind::Environment,
        };
        let (first, second, both) = action.guard;
        let (first, second) = (condition(b, variables, first), condition(b, variables, second));
        let guard = if both { first & second } else { first | second };
        let input = action.input.map(|hi| b.input(format!("i{index}"), 0, hi));
        let by: Int<'_> = input.map_or(ctx.int(1), |(_, by)| by);
        let mut next = b.state();
        for (target, change) in &action.changes {
            let (var, size) = (variables[*target], self.variables[*target].0 + 1);
            let turned = |amount: Int<'_>| (next.get(var) + amount).map(|value| value.rem_euclid(size)).id();
            let value = match change {
                Change::Set(value) => ctx.int(*value % size),
                Change::Turn(amount) => ctx.as_int(turned(ctx.int(*amount))),
                Change::Copy(source) => next.get(variables[*source]).min(size - 1),
                Change::AddInput => ctx.as_int(turned(by)),
            };
            next.set(var, value);
        }
        let choice = by.ge(b.state().get(variables[0]).min(action.input.unwrap_or(1)));
        let marks = (0..2).filter_map(|mark| {
            let when = condition(b, variables, action.marks[mark]?);
            Some((b.mark(["good", "bad"][mark]), when & by.ge(0)))
        });
        let marks = marks.collect();
        let inputs = input.iter().map(|&(var, _)| var).collect();
        b.action(ActionDraft::new(format!("a{index}"), kind, guard, next).choosing(inputs, choice).marked(marks));
    }

    fn add_properties(&self, b: &Builder<'_>, variables: &[IntVar]) {
        let (good, bad) = (MarkSet::of(b.mark("good")), MarkSet::of(b.mark("bad")));
        let holds = !(condition(b, variables, self.test) & condition(b, variables, self.init));
        let no_loop = PropertyKind::NoLoop { any_of: good, none_of: bad };
        let at = |at| PropertyKind::Invariant { holds: holds.id(), at };
        let kinds = match self.property {
            0 => vec![PropertyKind::Settles],
            1 => vec![at(Checkpoint::Every)],
            2 => vec![at(Checkpoint::Settled)],
            3..=5 => vec![no_loop],
            6 => vec![no_loop, at(Checkpoint::Settled)],
            _ => vec![PropertyKind::NoLoop { any_of: bad, none_of: good }, PropertyKind::Settles, no_loop],
        };
        kinds.into_iter().for_each(|kind| b.property("p", "", kind));
    }
}

fn condition<'c>(b: &Builder<'c>, variables: &[IntVar], (variable, op, value): Test) -> Bool<'c> {
    let term = b.state().get(variables[variable]);
    match op {
        0 => term.eq(value),
        1 => term.le(value),
        _ => term.ne(value),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn random_systems_agree_with_the_reference(random in systems(), bound in 0..9_u32) {
        let system = random.build();
        let reach = reach(&system);
        let expected = system.properties.iter().filter_map(|property| reach.shortest(&system, property)).min();
        let (last, states) = reach.extent(&system);
        let outcome = super::check(&system, bound);
        match outcome.verdict {
            Verdict::Violated { k, .. } => prop_assert_eq!(Some(k), expected),
            Verdict::Holds(Extent::Complete(k)) => {
                prop_assert_eq!((None, last), (expected, k));
                prop_assert_eq!(outcome.statistics.states, states);
            }
            Verdict::Holds(Extent::Bound(k)) => {
                prop_assert_eq!(k, bound);
                prop_assert!(expected.is_none_or(|least| least > bound));
                prop_assert!(expected.is_some() || last >= bound, "everything was seen");
            }
            Verdict::Holds(Extent::Inductive(_)) => prop_assert!(false, "explicit search makes no induction"),
            Verdict::Unknown { reason, .. } => {
                let none = reach.states.is_empty();
                prop_assert!(none, "{:?}", reason);
            }
        }
    }
}
