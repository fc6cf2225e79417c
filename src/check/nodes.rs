//! Names for nodes in a run: which node is in which cell.
//!
//! Where nodes are counted, a state only says how many of a class are alike. The story still speaks of nodes by name: each
//! node of the class is assigned to a combination of attributes, at the start as the input says, then step by step by moving
//! as few nodes as possible, lowest ones first. Nodes of a class are interchangeable, so every such story is a true one.

use crate::cluster::Attribute;
use crate::cluster::counting::cells::{Representation, fixed};
use crate::cluster::counting::placement::Placement;
use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::Parts;
use crate::cluster::view::story::MovedNode;

/// A member of a class with its attributes before and after a step.
type Change = (usize, (Vec<i64>, Vec<i64>));

/// Follows every node through a run.
pub struct NodeTracker<'a> {
    parts: &'a Parts,
    /// For counted classes: the combination of each member.
    slots: Vec<Vec<usize>>,
}

impl<'a> NodeTracker<'a> {
    /// Assigns nodes as the input places them, as far as `state` agrees.
    pub fn start(spec: &ClusterSpec, parts: &'a Parts, state: &[i64]) -> Self {
        let placement = Placement::of(spec, &parts.templates);
        let mut slots = Vec::new();
        for (class, node_class) in parts.classes.iter().enumerate() {
            slots.push(match parts.cells.representation(class) {
                Representation::Individual(_) => Vec::new(),
                Representation::Counted { keys, index, multiplicity } => {
                    let layout = parts.cells.layout(class);
                    let preferred = node_class.members.iter().map(|&member| {
                        let node = &spec.nodes[member];
                        let start = |at: &Attribute| placement.initial(node_class, &parts.templates, node, *at);
                        let key: Option<Vec<i64>> = layout.attributes.iter().map(|it| fixed(&start(it))).collect();
                        index.get(&key?).copied()
                    });
                    let left = multiplicity.iter().map(|var| state[var.index()]).collect();
                    assign(preferred.collect(), left, keys)
                }
            });
        }
        NodeTracker { parts, slots }
    }

    /// The attributes of a member of a class.
    pub fn attributes(&self, class: usize, member: usize, state: &[i64]) -> Vec<i64> {
        match self.parts.cells.representation(class) {
            Representation::Individual(nodes) => nodes[member].iter().map(|var| state[var.index()]).collect(),
            Representation::Counted { keys, .. } => keys[self.slots[class][member]].clone(),
        }
    }

    /// All nodes as they are in a state, in the order of the input.
    pub fn all(&self, state: &[i64]) -> Vec<MovedNode> {
        let classes = self.parts.classes.iter().enumerate();
        let members = classes.flat_map(|(class, it)| (0..it.members.len()).map(move |member| (class, member)));
        let mut nodes: Vec<(usize, MovedNode)> = members
            .map(|(class, member)| {
                let (it, attributes) = (&self.parts.classes[class], self.attributes(class, member, state));
                let name = it.names[member].clone();
                (it.members[member], MovedNode { name, class, before: attributes.clone(), after: attributes })
            })
            .collect();
        nodes.sort_by_key(|(position, _)| *position);
        nodes.into_iter().map(|(_, node)| node).collect()
    }

    /// Takes a step and tells which nodes changed.
    pub fn step(&mut self, before: &[i64], after: &[i64]) -> Vec<MovedNode> {
        let mut moved: Vec<(usize, MovedNode)> = Vec::new();
        for (class, node_class) in self.parts.classes.iter().enumerate() {
            let changes = match self.parts.cells.representation(class) {
                Representation::Individual(nodes) => {
                    let values = |vars: &[crate::system::IntVar], state: &[i64]| -> Vec<i64> {
                        vars.iter().map(|var| state[var.index()]).collect()
                    };
                    let differs = |vars: &[crate::system::IntVar]| {
                        vars.iter().any(|var| before[var.index()] != after[var.index()])
                    };
                    let moved = nodes.iter().enumerate().filter(|(_, vars)| differs(vars));
                    moved.map(|(member, vars)| (member, (values(vars, before), values(vars, after)))).collect()
                }
                Representation::Counted { keys, multiplicity, .. } => {
                    let difference = |var: &crate::system::IntVar| after[var.index()] - before[var.index()];
                    let differences: Vec<i64> = multiplicity.iter().map(difference).collect();
                    shift(&mut self.slots[class], &differences, keys)
                }
            };
            moved.extend(changes.into_iter().map(|(member, (before, after))| {
                let name = node_class.names[member].clone();
                (node_class.members[member], MovedNode { name, class, before, after })
            }));
        }
        moved.sort_by_key(|(position, _)| *position);
        moved.into_iter().map(|(_, node)| node).collect()
    }
}

/// Gives every member its preferred combination while there are places `left`, and the others what is nearest.
fn assign(preferred: Vec<Option<usize>>, mut left: Vec<i64>, keys: &[Vec<i64>]) -> Vec<usize> {
    let mut slots: Vec<Option<usize>> = vec![None; preferred.len()];
    for (slot, wanted) in slots.iter_mut().zip(&preferred) {
        if let Some(wanted) = wanted.filter(|&wanted| left[wanted] > 0) {
            left[wanted] -= 1;
            *slot = Some(wanted);
        }
    }
    for (slot, wanted) in slots.iter_mut().zip(&preferred).filter(|(slot, _)| slot.is_none()) {
        let from = wanted.map_or(&[][..], |wanted| &keys[wanted]);
        let free = (0..keys.len()).filter(|&slot| left[slot] > 0);
        let nearest = free.min_by_key(|&slot| (distance(from, &keys[slot]), slot)).unwrap_or(0);
        left[nearest] -= 1;
        *slot = Some(nearest);
    }
    slots.into_iter().map(|slot| slot.unwrap_or(0)).collect()
}

fn distance(a: &[i64], b: &[i64]) -> i64 {
    if a.is_empty() { b.iter().sum() } else { a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum() }
}

/// Moves members so that multiplicities change by `differences`; each move with its attributes before and after.
fn shift(slots: &mut [usize], differences: &[i64], keys: &[Vec<i64>]) -> Vec<Change> {
    let of_sign = |sign: i64| -> Vec<usize> { (0..keys.len()).filter(|&slot| differences[slot] * sign > 0).collect() };
    let (losing, gaining) = (of_sign(-1), of_sign(1));
    let mut pairs: Vec<(i64, usize, usize)> = losing
        .iter()
        .flat_map(|&from| gaining.iter().map(move |&to| (distance(&keys[from], &keys[to]), from, to)))
        .collect();
    pairs.sort_unstable();
    let mut left: Vec<i64> = differences.iter().map(|difference| difference.abs()).collect();
    let mut moved = Vec::new();
    for (_, from, to) in pairs {
        let amount = left[from].min(left[to]);
        left[from] -= amount;
        left[to] -= amount;
        let leaving = slots.iter_mut().enumerate().filter(|(_, slot)| **slot == from);
        for (member, slot) in leaving.take(usize::try_from(amount).unwrap_or(0)) {
            // Gaining combinations are never losing ones, so nobody moves twice.
            *slot = to;
            moved.push((member, (keys[from].clone(), keys[to].clone())));
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<Vec<i64>> {
        (0..4).map(|pods| vec![pods]).collect()
    }

    #[test]
    fn members_start_where_the_input_puts_them() {
        assert_eq!(assign(vec![Some(1), Some(0), Some(1)], vec![1, 2, 0, 0], &keys()), [1, 0, 1]);
        assert_eq!(assign(vec![Some(1), Some(1), Some(3)], vec![0, 1, 1, 1], &keys()), [1, 2, 3]);
        assert_eq!(assign(vec![None, Some(2)], vec![1, 0, 1, 0], &keys()), [0, 2]);
    }

    #[test]
    fn the_lowest_nodes_move_to_the_nearest_combination() {
        let mut slots = vec![0, 2, 0, 2];
        let moved = shift(&mut slots, &[-1, 1, -1, 1], &keys());
        assert_eq!(slots, [1, 3, 0, 2]);
        assert_eq!(moved, [(0, (vec![0], vec![1])), (1, (vec![2], vec![3]))]);
        assert!(shift(&mut slots, &[0, 0, 0, 0], &keys()).is_empty());
    }
}
