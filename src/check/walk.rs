//! Random runs of an input, with the reference interpreter.

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::engine::Budget;
use crate::engine::start::{self, Start};
use crate::engine::walk::Walker;
use crate::input::visible::visible;
use crate::model::build;
use crate::system::replay::Interpreter;
use crate::system::{ActionId, System, Trace};

use super::clock::Clock;
use super::narrative::{Ending, Narrative, narrate};
use super::source::Input;
use super::{CheckError, InputName, VerifyError};

/// A block with more steps than this is taken for one that never settles.
const MOST_STEPS: usize = 20_000;

/// A random run of an input.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The input.
    pub input: InputName,
    /// Which run.
    pub seed: u64,
    /// Its story, or why it cannot be told.
    pub told: Result<Narrative, String>,
    /// Why it ended before its time, if it did.
    pub cut: Option<String>,
}

/// Walks one random run of at most `blocks` blocks (actions in `async`). The same seed gives the same run.
///
/// # Errors
///
/// If the input cannot be modelled.
pub fn simulate(input: Input, seed: u64, blocks: u32) -> Result<Simulation, CheckError> {
    let model = build(&input.spec, &input.selection(&[])).map_err(VerifyError::from)?;
    let Walk { trace, cut } = walk(&model.system, seed, blocks);
    let executed = model.interpreter().execute(&trace);
    let told = executed.map(|executed| {
        let clock = Clock::of(&model.system, &trace);
        narrate(&input.spec, &model, (&trace, clock.as_ref()), &executed, &Ending::Open)
    });
    let shown = |text: String| visible(&text).into_owned();
    Ok(Simulation {
        input: input.name,
        seed,
        told: told.map_err(|error| shown(error.to_string())),
        cut: cut.map(shown),
    })
}

/// A random run of a system.
struct Walk {
    /// What happened.
    trace: Trace,
    /// Why it ended before its time, if it did.
    cut: Option<String>,
}

fn walk(system: &System, seed: u64, blocks: u32) -> Walk {
    let mut random = StdRng::seed_from_u64(seed);
    let interpreter = Interpreter::new(system);
    let walker = Walker::new(system);
    let Start::State(initial) = start::sample(system, &Budget::bound(blocks), &mut |range| random.random_range(range))
    else {
        let trace = Trace { initial: Vec::new(), steps: Vec::new(), loop_start: None };
        return Walk { trace, cut: Some("there is no state to start from".to_owned()) };
    };
    let mut trace = Trace { initial: initial.clone(), steps: Vec::new(), loop_start: None };
    let (mut state, mut block, mut in_block) = (initial, 0, 0);
    loop {
        let mut candidates = interpreter.candidates(&state).actions;
        let counts = |id: &ActionId| system.counts(system.action(*id));
        if block == blocks {
            candidates.retain(|id| !counts(id));
        }
        let Some((id, step)) = walker.pick(&candidates, &state, &mut random) else {
            return Walk { trace, cut: None };
        };
        if counts(&id) {
            (block, in_block) = (block + 1, 0);
        }
        match interpreter.fire(trace.steps.len() + 1, &state, system.action(id), &step) {
            Ok((next, _)) => state = next,
            Err(error) => return Walk { trace, cut: Some(error.to_string()) },
        }
        trace.steps.push(step);
        in_block += 1;
        if in_block >= MOST_STEPS {
            return Walk { trace, cut: Some(format!("block {block} does not settle within {MOST_STEPS} steps")) };
        }
    }
}
