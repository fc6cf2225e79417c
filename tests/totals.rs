//! Totals against what they stand for: in every reachable state each equals the sum over all nodes.

mod reductions {
    pub mod clusters;
}
mod support;

use std::cell::Cell;
use std::time::Duration;

use kubound::cluster::Layout;
use kubound::cluster::counting::cells::{Cells, Representation};
use kubound::cluster::counting::totals::Quantity;
use kubound::cluster::object::scenario::{Failures, Maintenance};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine, Silent, Verdict};
use kubound::input::{Loaded, load_strings};
use kubound::model::Model;
use kubound::system::Interleaving;
use kubound::system::{Checkpoint, Property, PropertyId, PropertyKind, System};
use kubound::term::{Ctx, Int};
use proptest::test_runner::{Config, TestRunner};

use support::{Answer, check, load_case, model, slice};

/// The state variable at a position.
fn variable<'c>(system: &System, ctx: &'c Ctx, index: usize) -> Int<'c> {
    ctx.as_int(ctx.read(|arena| arena.variable(system.state[index].var).term))
}

/// A quantity, added up.
fn sum<'c>(system: &System, ctx: &'c Ctx, cells: &Cells, quantity: &Quantity) -> Int<'c> {
    let share =
        |class: usize, layout: &Layout, values: &[Int<'c>]| cells.totals.share(ctx, quantity, class, layout, values);
    let mut shares = Vec::new();
    for class in 0..cells.classes() {
        let layout = cells.layout(class);
        match cells.representation(class) {
            Representation::Individual(nodes) => shares.extend(nodes.iter().map(|node| {
                let values: Vec<Int<'c>> = node.iter().map(|var| variable(system, ctx, var.index())).collect();
                share(class, layout, &values)
            })),
            Representation::Counted { keys, multiplicity, .. } => {
                shares.extend(keys.iter().zip(multiplicity).map(|(key, var)| {
                    let values: Vec<Int<'c>> = key.iter().map(|&value| ctx.int(value)).collect();
                    variable(system, ctx, var.index()) * share(class, layout, &values)
                }))
            }
        }
    }
    ctx.sum(shares)
}

/// Replaces the properties of a model: each total is what it should be. Returns how many there are.
fn demand_totals(model: &mut Model) -> usize {
    let ctx = Ctx::with_arena(std::mem::take(&mut model.system.arena));
    let properties: Vec<Property> = model
        .parts
        .cells
        .totals
        .all()
        .map(|(quantity, var)| {
            let kept = variable(&model.system, &ctx, var.index());
            let holds = kept.eq(sum(&model.system, &ctx, &model.parts.cells, quantity)).id();
            let kind = PropertyKind::Invariant { holds, at: Checkpoint::Every };
            Property { name: format!("{quantity:?}"), subject: String::new(), kind, sees: Default::default() }
        })
        .collect();
    model.system.properties = properties;
    model.system.arena = ctx.into_arena();
    model.system.properties.len()
}

fn hold(engine: &dyn Engine, loaded: &Loaded, bound: u32) {
    let mut model = model(loaded);
    assert!(demand_totals(&mut model) >= 4);
    let slice = slice(&model);
    let (answer, outcome) = check(engine, &model, &slice, bound);
    assert_eq!(answer, Answer::Holds);
    assert!(outcome.statistics.states > 5, "{:?}", outcome.statistics);
}

#[test]
fn totals_are_sums_in_every_state() {
    for (id, fixed) in [("w1", false), ("w1", true), ("w3", false), ("w3", true), ("w4", false), ("w4", true)] {
        hold(&Explicit, &load_case(id, 4, fixed), 2);
    }
}

#[test]
fn totals_are_sums_while_nodes_fail_recover_and_are_maintained() {
    let mut loaded = load_case("w3", 3, false);
    let scenario = &mut loaded.spec.scenario;
    let failures = scenario.failures.as_mut().expect("nodes fail");
    *failures = Failures { recover: true, at_most: 2, ..failures.clone() };
    scenario.maintenance = Some(Maintenance { nodes: failures.nodes.clone(), parallel: 1, once: false });
    hold(&Explicit, &loaded, 3);
}

#[test]
fn totals_are_sums_while_pods_start_and_terminate_in_any_order() {
    let mut loaded = load_case("w3", 3, false);
    loaded.spec.scenario.interleaving = Interleaving::Async;
    hold(&Explicit, &loaded, 7);
}

#[test]
fn totals_are_sums_in_random_clusters() {
    let decided = Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&reductions::clusters::sketch(), |sketch| {
        let files = sketch.files_placed_anywhere();
        let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let Ok(loaded) = load_strings(&named, Default::default()) else { return Ok(()) };
        let mut model = model(&loaded);
        if demand_totals(&mut model) == 0 {
            return Ok(());
        }
        let all: Vec<PropertyId> = (0..model.system.properties.len()).map(PropertyId).collect();
        let budget = Budget { time: Some(Duration::from_millis(400)), ..Budget::bound(2) };
        match Explicit.check(&slice(&model).system, &all, &budget, &Silent).verdict {
            Verdict::Violated { property, .. } => {
                panic!("{} is wrong: {sketch:#?}", model.system.property(property).name)
            }
            Verdict::Holds(_) => decided.set(decided.get() + 1),
            Verdict::Unknown { .. } => {}
        }
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
    assert!(decided.get() >= 10, "only {} clusters were decided", decided.get());
}

#[test]
fn a_wrong_total_is_noticed() {
    let mut model = model(&load_case("w4", 3, false));
    demand_totals(&mut model);
    let wrong = model
        .system
        .state
        .iter_mut()
        .find(|it| it.name.starts_with("web") && it.name.ends_with("bound in total"))
        .expect("it is kept");
    wrong.initial = wrong.initial.map(|pods| pods - 1);
    let slice = slice(&model);
    let (answer, _) = check(&Sat::default(), &model, &slice, 1);
    assert!(matches!(answer, Answer::Violated(_, 0)), "{answer:?}");
}
