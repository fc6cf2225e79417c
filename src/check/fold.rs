//! Runs of steps that say the same of different nodes become one.

use rustc_hash::FxHashMap;

use crate::cluster::view::deed::Deed;
use crate::cluster::view::rule::{Rule, distinct};

/// A step as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub actor: String,
    /// Does what.
    pub text: String,
    /// The part of `text` that names nodes, if there is one, and the nodes.
    pub nodes: Option<(String, Vec<String>)>,
    /// Why.
    pub why: Vec<String>,
    /// What decided it.
    pub rules: Vec<&'static Rule>,
    /// What somebody outside the control plane does.
    pub deed: Option<Deed>,
    /// Whether the loop begins with this step.
    pub begins_loop: bool,
    /// Seconds since the start, at the earliest, where there is a clock.
    pub at: Option<i64>,
}

/// One or more steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Who.
    pub actor: String,
    /// Does what.
    pub text: String,
    /// How many steps these are.
    pub times: usize,
    /// Why.
    pub why: Vec<String>,
    /// What decided any of them.
    pub rules: Vec<&'static Rule>,
    /// What somebody outside the control plane does, in this order. Names in it are as in the input, not to be shown as they are.
    pub deeds: Vec<Deed>,
    /// Whether the loop begins with the first of these.
    pub begins_loop: bool,
    /// Of the first of them: seconds since the start, at the earliest, where there is a clock.
    pub at: Option<i64>,
}

/// More names than this are not listed.
const MOST_NAMES: usize = 6;

impl Told {
    /// What remains when the names of nodes are left out.
    fn pattern(&self) -> (String, String) {
        let text = match &self.nodes {
            Some((shown, _)) => self.text.replacen(shown.as_str(), "\u{0}", 1),
            None => self.text.clone(),
        };
        (self.actor.clone(), text)
    }
}

/// Folds runs of equal steps; a loop never begins within one.
pub fn fold(steps: Vec<Told>) -> Vec<Folded> {
    let mut runs: Vec<Vec<Told>> = Vec::new();
    for step in steps {
        match runs.last_mut() {
            Some(run) if !step.begins_loop && run[0].pattern() == step.pattern() => run.push(step),
            _ => runs.push(vec![step]),
        }
    }
    runs.into_iter().map(folded).collect()
}

fn folded(run: Vec<Told>) -> Folded {
    let times = run.len();
    let first = &run[0];
    let text = match (&first.nodes, times) {
        (Some((shown, _)), 2..) => {
            let names = run.iter().flat_map(|step| step.nodes.iter().flat_map(|(_, names)| names.iter().cloned()));
            first.text.replacen(shown.as_str(), &list(names), 1)
        }
        _ => first.text.clone(),
    };
    let shared = |line: &String| run.iter().all(|step| step.why.contains(line));
    let own = first.why.iter().position(|line| !shared(line));
    let mark =
        |(index, line): (usize, &String)| if own == Some(index) { format!("at first: {line}") } else { line.clone() };
    let why = first.why.iter().enumerate().map(mark).collect();
    let rules = distinct(run.iter().flat_map(|step| step.rules.iter().copied()));
    let deeds = run.iter().filter_map(|step| step.deed.clone()).collect();
    Folded { actor: first.actor.clone(), text, times, why, rules, deeds, begins_loop: first.begins_loop, at: first.at }
}

/// Names with how often each occurs, in order of first occurrence.
fn list(names: impl Iterator<Item = String>) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut positions: FxHashMap<String, usize> = FxHashMap::default();
    for name in names {
        let position = *positions.entry(name.clone()).or_insert(counts.len());
        match counts.get_mut(position) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    if let [(only, _)] = counts.as_slice() {
        return only.clone();
    }
    let show = |(name, count): &(String, usize)| if *count > 1 { format!("{name} (×{count})") } else { name.clone() };
    let mut shown: Vec<String> = counts.iter().map(show).collect();
    let last = match shown.len() > MOST_NAMES + 1 {
        true => format!("{} more nodes", shown.drain(MOST_NAMES..).count()),
        false => shown.pop().unwrap_or_default(),
    };
    format!("{} and {last}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(node: &str, why: &str) -> Told {
        Told {
            actor: "kube-scheduler".into(),
            text: format!("binds a pod of web to {node}"),
            nodes: Some((node.into(), vec![node.into()])),
            why: vec![why.into()],
            rules: Vec::new(),
            deed: None,
            begins_loop: false,
            at: None,
        }
    }

    #[test]
    fn equal_steps_are_one_with_all_nodes() {
        let steps = vec![bind("node-1", "a"), bind("node-2", "a"), bind("node-1", "b")];
        let folded = fold(steps);
        assert_eq!(folded.len(), 1);
        assert_eq!(folded[0].text, "binds a pod of web to node-1 (×2) and node-2");
        assert_eq!((folded[0].times, folded[0].why.clone()), (3, vec!["at first: a".to_owned()]));
    }

    #[test]
    fn many_nodes_are_counted() {
        let steps = (1..=100).map(|number| bind(&format!("node-{number}"), "a")).collect();
        let text = &fold(steps)[0].text;
        assert_eq!(text, "binds a pod of web to node-1, node-2, node-3, node-4, node-5, node-6 and 94 more nodes");
    }

    #[test]
    fn a_loop_begins_with_a_step_of_its_own() {
        let start = Told { begins_loop: true, ..bind("node-1", "a") };
        assert_eq!(
            fold(vec![bind("node-1", "a"), start, bind("node-1", "a")]).iter().map(|it| it.times).collect::<Vec<_>>(),
            [1, 2]
        );
    }
}
