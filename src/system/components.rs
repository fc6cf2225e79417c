//! Strongly connected components of graphs, by Tarjan's algorithm with an explicit stack.
//!
//! R. Tarjan: Depth-first search and linear graph algorithms, SIAM Journal on Computing 1(2), 1972.

const NONE: u32 = u32::MAX;

/// The components of a graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Components {
    /// By node.
    component: Vec<u32>,
    count: u32,
}

/// A search under way.
struct Tarjan {
    number: Vec<u32>,
    low: Vec<u32>,
    open: Vec<u32>,
    next: u32,
    found: Components,
}

impl Components {
    /// The components of a graph whose nodes are the numbers below `nodes`. `edge` gives the target of the edge of a
    /// node at a position, `None` after the last; targets of edges that do not count are `Some(None)`. `tick` is called
    /// once a step and may end the search.
    pub fn find<E>(
        nodes: u32,
        edge: impl Fn(u32, usize) -> Option<Option<u32>>,
        mut tick: impl FnMut() -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut tarjan = Tarjan::new(nodes as usize);
        let mut path: Vec<(u32, usize)> = Vec::new();
        for root in 0..nodes {
            if tarjan.number[root as usize] == NONE {
                tarjan.enter(root);
                path.push((root, 0));
            }
            while let Some((node, position)) = path.last_mut() {
                tick()?;
                let (node, target) = (*node, edge(*node, *position));
                *position += 1;
                match target {
                    Some(Some(target)) if tarjan.visit(node, target) => path.push((target, 0)),
                    Some(_) => {}
                    None => {
                        path.pop();
                        tarjan.leave(node, path.last().map(|&(parent, _)| parent));
                    }
                }
            }
        }
        Ok(tarjan.found)
    }

    /// The component of a node, below [`Components::count`].
    pub fn of(&self, node: u32) -> u32 {
        self.component[node as usize]
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.count
    }
}

impl Tarjan {
    fn new(nodes: usize) -> Self {
        let found = Components { component: vec![NONE; nodes], count: 0 };
        Tarjan { number: vec![NONE; nodes], low: vec![NONE; nodes], open: Vec::new(), next: 0, found }
    }

    fn enter(&mut self, node: u32) {
        self.number[node as usize] = self.next;
        self.low[node as usize] = self.next;
        self.next += 1;
        self.open.push(node);
    }

    /// Follows an edge; whether its target is new and was entered.
    fn visit(&mut self, node: u32, target: u32) -> bool {
        let number = self.number[target as usize];
        if number == NONE {
            self.enter(target);
            return true;
        }
        if self.found.component[target as usize] == NONE {
            self.lower(node, number);
        }
        false
    }

    fn lower(&mut self, node: u32, low: u32) {
        let own = &mut self.low[node as usize];
        *own = low.min(*own);
    }

    /// Leaves a node; if it is the root of a component, the component is complete.
    fn leave(&mut self, node: u32, parent: Option<u32>) {
        let low = self.low[node as usize];
        if let Some(parent) = parent {
            self.lower(parent, low);
        }
        if low != self.number[node as usize] {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.found.component[member as usize] = self.found.count;
            if member == node {
                break;
            }
        }
        self.found.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn components(nodes: u32, edges: &[(u32, u32)]) -> Components {
        let out = |node: u32| edges.iter().filter(move |edge| edge.0 == node).map(|edge| edge.1);
        // Edges to node 9 do not count.
        let edge = |node, position| out(node).nth(position).map(|to| (to != 9).then_some(to));
        Components::find(nodes, edge, || Ok::<(), ()>(())).expect("nothing ends the search")
    }

    #[test]
    fn nodes_are_together_if_each_reaches_the_other() {
        let found = components(7, &[(0, 1), (1, 2), (2, 0), (2, 3), (3, 9), (3, 4), (4, 3), (5, 5), (6, 0)]);
        let together = |a, b| found.of(a) == found.of(b);
        assert!(together(0, 1) && together(1, 2) && together(3, 4));
        assert!(!together(2, 3) && !together(5, 0) && !together(6, 0));
        assert_eq!(found.count(), 4);
    }

    #[test]
    fn a_search_can_be_ended() {
        let ended = Components::find(3, |_, _| None, || Err("enough"));
        assert_eq!(ended.map(|found| found.count()), Err("enough"));
    }
}
