//! Circles within blocks, on systems that are graphs drawn by hand or at random: all engines find the same ones.

use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::smt::Smt;
use kubound::engine::unroll::Limits;
use kubound::engine::{Budget, Engine, Extent, Silent, Verdict};
use kubound::system::{
    ActionDraft, ActionKind, Builder, Interleaving, MarkSet, PropertyId, PropertyKind, System, replay,
};
use kubound::term::Ctx;
use proptest::prelude::*;

const NODES: i64 = 8;
const INTERLEAVINGS: [Interleaving; 4] = Interleaving::ALL;
/// Marks that steps may carry.
const NAMES: [&str; 2] = ["work", "excuse"];

/// A step of a graph: from where, to where, whether it is slow, and its marks.
#[derive(Clone, Debug)]
struct Arc {
    from: i64,
    to: i64,
    slow: bool,
    marks: Vec<&'static str>,
}

fn kick(to: i64) -> Arc {
    Arc { from: 0, to, slow: true, marks: Vec::new() }
}

fn event(from: i64, to: i64, marks: &[&'static str]) -> Arc {
    Arc { from, to, slow: false, marks: marks.to_vec() }
}

/// What is demanded.
#[derive(Clone, Copy, Debug)]
enum Demand {
    Settles,
    /// No cycle with work.
    NoWork,
    /// No cycle with work and without an excuse.
    NoIdleWork,
}

const DEMANDS: [Demand; 3] = [Demand::Settles, Demand::NoWork, Demand::NoIdleWork];

/// A walk in a graph that starts in node 0.
fn system(arcs: &[Arc], interleaving: Interleaving, demand: Demand) -> System {
    let ctx = Ctx::new();
    let unbound = {
        let builder = Builder::new(&ctx);
        let at = builder.int("at", 0, NODES - 1, Some(0));
        let now = builder.state();
        let [work, excuse] = NAMES.map(|name| MarkSet::of(builder.mark(name)));
        for (index, arc) in arcs.iter().enumerate() {
            let mut next = now.clone();
            next.set(at, ctx.int(arc.to));
            builder.action(
                ActionDraft::new(
                    format!("step {index}"),
                    if arc.slow { ActionKind::Periodic } else { ActionKind::Event { rank: 0 } },
                    now.get(at).eq(arc.from),
                    next,
                )
                .marked(arc.marks.iter().map(|mark| (builder.mark(mark), ctx.bool(true))).collect()),
            );
        }
        let kind = match demand {
            Demand::Settles => PropertyKind::Settles,
            Demand::NoWork => PropertyKind::NoLoop { any_of: work, none_of: MarkSet::default() },
            Demand::NoIdleWork => PropertyKind::NoLoop { any_of: work, none_of: excuse },
        };
        builder.property("demand", "", kind);
        builder.finish(interleaving)
    };
    unbound.bind(ctx)
}

/// The verdict: k of a violation, or `None` if the demand holds up to the bound.
fn decided(engine: &dyn Engine, system: &System) -> Option<u32> {
    let budget = Budget { induction: false, ..Budget::bound(7) };
    match engine.check(system, &[PropertyId(0)], &budget, &Silent).verdict {
        Verdict::Violated { property, trace, k, .. } => {
            let run = replay(system, &trace, system.property(property)).expect("a trace replays");
            assert_eq!(run.k(), k);
            Some(k)
        }
        Verdict::Holds(Extent::Complete(_) | Extent::Bound(7)) => None,
        other => panic!("{}: {other:?}", engine.name()),
    }
}

/// Engines that unroll: with concrete branches kept apart, and with everything in one branch.
fn symbolic() -> Vec<Box<dyn Engine>> {
    let together = Limits { splits: 0, ..Limits::default() };
    vec![
        Box::new(Sat::default()),
        Box::new(Sat { limits: together, ..Sat::default() }),
        Box::new(Smt::default()),
        Box::new(Smt { limits: together }),
    ]
}

/// Checks a graph with all engines. `racing` has the shortest k for each of [`DEMANDS`] where events race.
fn agree(arcs: &[Arc], racing: [Option<u32>; 3]) {
    for interleaving in INTERLEAVINGS {
        for (demand, known) in DEMANDS.into_iter().zip(racing) {
            let system = system(arcs, interleaving, demand);
            let expected = decided(&Explicit, &system);
            if interleaving == Interleaving::Racing {
                assert_eq!(expected, known, "explicit {demand:?}");
            }
            for (index, engine) in symbolic().iter().enumerate() {
                assert_eq!(decided(engine.as_ref(), &system), expected, "{index} {interleaving:?} {demand:?}");
            }
        }
    }
}

/// Nodes 2 and 3 are met in the same layer; each then leads to the other, which is known by then.
#[test]
fn a_circle_is_closed_by_repeats_only() {
    let around = |forth: &[&'static str], back: &[&'static str]| {
        let arcs = [(1, 2, [].as_slice()), (1, 3, &[]), (2, 3, forth), (3, 2, back), (2, 4, &[]), (3, 4, &[])];
        let mut all = vec![kick(1)];
        all.extend(arcs.map(|(from, to, marks)| event(from, to, marks)));
        all
    };
    agree(&around(&[], &[]), [Some(1), None, None]);
    agree(&around(&["work"], &[]), [Some(1), Some(1), Some(1)]);
    agree(&around(&["work"], &["excuse"]), [Some(1), Some(1), None]);
}

/// Node 4 is met by ways of different lengths, and again by a way that is longer still; nothing goes round.
#[test]
fn a_diamond_is_no_circle() {
    let arcs = [(1, 2), (1, 3), (1, 4), (2, 4), (3, 2), (4, 5), (5, 6), (4, 6)];
    let mut all = vec![kick(1)];
    all.extend(arcs.map(|(from, to)| event(from, to, &["work"])));
    agree(&all, [None; 3]);
}

/// The direct way into the circle is excused, the other one works; the circle itself may or may not do either.
#[test]
fn a_circle_is_reached_by_ways_with_different_marks() {
    let around = |inside: &[&'static str]| {
        let ways = vec![kick(1), event(1, 2, &["excuse"]), event(1, 3, &["work"]), event(3, 2, &[])];
        let circle = [event(2, 4, inside), event(4, 2, &[]), event(4, 5, &[])];
        ways.into_iter().chain(circle).collect::<Vec<Arc>>()
    };
    agree(&around(&[]), [Some(1), None, None]);
    agree(&around(&["work"]), [Some(1), Some(1), Some(1)]);
    agree(&around(&["work", "excuse"]), [Some(1), Some(1), None]);
}

/// The block comes back to the start: directly, or by a detour that meets the direct way again after it and works.
#[test]
fn what_a_detour_carries_is_not_lost_where_it_meets_the_direct_way() {
    let ways = |direct: &[&'static str], last: &[&'static str]| {
        vec![
            kick(1),
            event(1, 2, direct),
            event(1, 3, &[]),
            event(3, 4, &["work"]),
            event(4, 2, &[]),
            event(2, 5, &[]),
            event(5, 0, last),
        ]
    };
    agree(&ways(&[], &[]), [None, Some(1), Some(1)]);
    agree(&ways(&["excuse"], &[]), [None, Some(1), Some(1)]);
    agree(&ways(&[], &["excuse"]), [None, Some(1), None]);
}

fn arcs() -> impl Strategy<Value = Vec<Arc>> {
    let marks = prop_oneof![2 => Just(Vec::new()), 1 => Just(vec!["work"]), 1 => Just(vec!["excuse"])];
    let arc = (0..NODES - 2, 0..NODES - 2, prop::bool::weighted(0.25), marks).prop_map(|(from, to, slow, marks)| Arc {
        from,
        to,
        slow,
        marks,
    });
    prop::collection::vec(arc, 4..14).prop_map(|mut arcs| {
        arcs.push(kick(1));
        arcs
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
    #[test]
    fn graphs_at_random(arcs in arcs(), which in 0..3usize, demand in 0..3usize) {
        let system = system(&arcs, INTERLEAVINGS[which], DEMANDS[demand]);
        prop_assert_eq!(decided(&Sat::default(), &system), decided(&Explicit, &system));
    }
}
