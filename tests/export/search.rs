//! Every state that a small graph reaches, under every choice that can make a difference.

use std::collections::HashSet;

use super::aiger::{Aiger, lane};

/// States beyond which a graph is not small.
const MOST: usize = 20_000;

/// Inputs that are tried together, the others being 0.
struct Choices {
    fixed: Vec<(usize, bool)>,
    free: Vec<usize>,
}

/// What is reached of what must not be, by position; `None` if there are many states. `actions` are the names of actions by number.
pub fn reached(graph: &Aiger, actions: &[String]) -> Option<Vec<bool>> {
    let begun = graph.position('l', "monitor.begun");
    let (start, running) = (choices(graph, &["start".to_owned()], |_| Vec::new()), of_actions(graph, actions));
    let mut reached = vec![false; graph.bad.len()];
    let mut seen = HashSet::from([graph.start()]);
    let mut open = vec![graph.start()];
    while let Some(state) = open.pop() {
        let waits = begun.is_some_and(|position| state >> position & 1 == 0);
        for choices in if waits { &start } else { &running } {
            for inputs in choices.batches(graph.inputs) {
                let (bad, next) = graph.step(state, &inputs);
                reached.iter_mut().zip(bad).for_each(|(reached, bad)| *reached |= bad != 0);
                let new = (0..64).map(|choice| lane(&next, choice)).filter(|&next| seen.insert(next));
                open.extend(new.collect::<Vec<_>>());
            }
        }
        if seen.len() > MOST {
            return None;
        }
    }
    Some(reached)
}

/// For each action its number and its own inputs, the others 0. Where there is none, one step of nothing.
fn of_actions(graph: &Aiger, actions: &[String]) -> Vec<Choices> {
    let nothing = [String::new()];
    choices(graph, if actions.is_empty() { &nothing } else { actions }, |number| {
        let bits = (0..8).filter_map(|bit| Some((bit, graph.position('i', &format!("action[{bit}]"))?)));
        bits.map(|(bit, position)| (position, number >> bit & 1 == 1)).collect()
    })
}

fn choices(graph: &Aiger, owners: &[String], fixed: impl Fn(usize) -> Vec<(usize, bool)>) -> Vec<Choices> {
    let of = |(number, owner): (usize, &String)| {
        let is_own = |name: &&String| name.starts_with(&format!("{owner}.")) || *name == "monitor.save";
        let inputs = graph.symbols.iter().filter(|(place, _)| place.starts_with('i'));
        let own = inputs.filter(|(_, name)| is_own(name)).map(|(place, _)| place[1..].parse().expect("a position"));
        Choices { fixed: fixed(number), free: own.collect() }
    };
    owners.iter().enumerate().map(of).collect()
}

impl Choices {
    /// All settings of the free inputs, 64 at a time.
    fn batches(&self, inputs: usize) -> impl Iterator<Item = Vec<u64>> {
        let lanes: [u64; 6] = std::array::from_fn(|bit| {
            (0..64u64).filter(|choice| choice >> bit & 1 == 1).fold(0, |all, choice| all | 1 << choice)
        });
        let rest = self.free.len().saturating_sub(6);
        (0..1u64 << rest).map(move |batch| {
            let mut values = vec![0; inputs];
            self.fixed.iter().for_each(|&(position, set)| values[position] = if set { u64::MAX } else { 0 });
            for (number, &position) in self.free.iter().enumerate() {
                let high = number.checked_sub(6).map(|bit| if batch >> bit & 1 == 1 { u64::MAX } else { 0 });
                values[position] = high.unwrap_or_else(|| lanes[number]);
            }
            values
        })
    }
}
