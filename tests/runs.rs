//! A run, which keeps values from step to step and looks only at what a step may touch, is what executing each step anew
//! gives.

mod reductions {
    pub mod clusters;
}
mod support;
mod symbolic {
    pub mod random;
}

use kubound::engine::Budget;
use kubound::engine::start::{self, Start};
use kubound::input::load_strings;
use kubound::model::build_of_single_nodes;
use kubound::property::Selection;
use kubound::system::Interleaving;
use kubound::system::choices::Combinations;
use kubound::system::replay::Interpreter;
use kubound::system::run::States;
use kubound::system::{Step, System};
use proptest::prelude::*;

use reductions::clusters;
use support::{interleave, load_case, model};
use symbolic::random::{self, Bytes};

/// Steps of one run.
const STEPS: usize = 40;
/// Combinations of inputs that are tried in a state.
const TRIED: u64 = 300;

/// Goes along a run and tries other inputs in every state on the way, allowed or not; the number of steps and of
/// refusals.
fn compare(system: &System, mut next: impl FnMut(usize) -> usize) -> (usize, usize) {
    let Start::State(initial) = start::find(system, &Budget::bound(1)) else { return (0, 0) };
    let interpreter = Interpreter::new(system);
    let mut runner = interpreter.run(&initial);
    let (mut state, mut all, mut refused) = (initial.clone(), Vec::new(), 0);
    for _ in 0..STEPS {
        let candidates = interpreter.candidates(&state);
        assert_eq!(runner.candidates(), candidates);
        let mut found = Vec::new();
        for id in &candidates.actions {
            let action = system.action(*id);
            let combinations = Combinations::of(&system.arena, action);
            let count = combinations.count();
            for number in 0..count.min(TRIED) {
                let number = if count <= TRIED { number } else { next(usize::MAX) as u64 % count };
                let step = Step { action: id.0, inputs: combinations.get(number) };
                match interpreter.fire(1, &state, action, &step) {
                    Ok((after, marks)) => found.push((step, after, marks)),
                    Err(error) => {
                        assert_eq!(runner.fire(1, &step), Err(error));
                        assert_eq!(runner.state(), state, "a refused step changes nothing");
                        refused += 1;
                    }
                }
            }
        }
        if found.is_empty() {
            break;
        }
        let (step, after, marks) = found.swap_remove(next(found.len()));
        assert!(runner.allows(&step));
        let fired = runner.fire(1, &step).expect("the interpreter fires it");
        assert_eq!((runner.state(), fired.marks), (after.as_slice(), marks), "{step:?}");
        assert!(fired.changes.iter().all(|it| state[it.index] == it.before && after[it.index] == it.after));
        all.push(fired.changes);
        state = after;
    }
    let steps = all.len();
    let states = States::new(initial, all);
    assert_eq!((states.last(), states.at(steps).as_slice()), (state.as_slice(), state.as_slice()));
    (steps, refused)
}

/// Numbers from a seed, each below what is asked for.
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    use rand::{Rng, SeedableRng};
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    move |below| random.random_range(0..below.max(1))
}

#[test]
fn runs_of_all_cases() {
    let (mut steps, mut refused) = (0, 0);
    for (number, id) in ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"].into_iter().enumerate() {
        for interleaving in Interleaving::ALL {
            let mut loaded = load_case(id, 4, number % 2 == 0);
            interleave(&mut loaded, interleaving);
            let (taken, others) = compare(&model(&loaded).system, numbers(number as u64));
            steps += taken;
            refused += others;
        }
    }
    assert!(steps > 300 && refused > 300, "{steps} steps, {refused} refusals");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn runs_of_random_systems(bytes in prop::collection::vec(any::<u8>(), 0..160), seed in any::<u64>()) {
        compare(&random::system(&mut Bytes::new(&bytes)), numbers(seed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn runs_of_random_clusters(sketch in clusters::sketch_of_several(), seed in any::<u64>()) {
        let files = sketch.files();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let Ok(loaded) = load_strings(&files, Default::default()) else { return Ok(()) };
        let selection = Selection::of(&loaded.spec.scenario.properties);
        compare(&model(&loaded).system, numbers(seed));
        if let Ok(single) = build_of_single_nodes(&loaded.spec, &selection) {
            compare(&single.system, numbers(seed));
        }
    }
}
