//! The states between blocks that were reached so far, in the order of their discovery.

use super::store::Store;

/// Distinct settled states (where slow actions do not wait: all states), with what it takes to find the way to them again.
pub(super) struct States {
    store: Store,
    /// The state from whose block each was reached first; of those of depth 0: their own index.
    parents: Vec<u32>,
    /// For each depth that was begun: its first state.
    layers: Vec<u32>,
    /// For each state of depth 0: the initial state of its block.
    origins: Vec<u8>,
    width: usize,
}

/// What a block starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Root<'r> {
    /// An initial state.
    Initial(&'r [u8]),
    /// A state between blocks.
    State(u32),
}

impl States {
    /// No states of that width yet.
    pub fn new(width: usize) -> Self {
        States { store: Store::new(width), parents: Vec::new(), layers: vec![0], origins: Vec::new(), width }
    }

    /// Number of states.
    pub fn len(&self) -> u32 {
        self.store.len()
    }

    /// Whether there is no room for more.
    pub fn is_full(&self) -> bool {
        self.store.is_full()
    }

    /// One state.
    pub fn get(&self, state: u32) -> &[u8] {
        self.store.get(state)
    }

    /// The index of a state.
    pub fn find(&self, packed: &[u8]) -> Option<u32> {
        self.store.find(packed)
    }

    /// Adds a state that the block from `root` reached; its index.
    pub fn insert(&mut self, packed: &[u8], root: Root<'_>) -> u32 {
        let (index, is_new) = self.store.insert(packed);
        if is_new {
            self.parents.push(if let Root::State(parent) = root { parent } else { index });
            if let Root::Initial(origin) = root {
                self.origins.extend_from_slice(origin);
            }
        }
        index
    }

    /// New states belong to the next depth from now on; the states of the depth that ends.
    pub fn next_layer(&mut self) -> std::ops::Range<u32> {
        let first = self.layer();
        self.layers.push(self.len());
        first..self.len()
    }

    /// The first state of the present depth.
    pub fn layer(&self) -> u32 {
        self.layers[self.layers.len() - 1]
    }

    /// The depth at which a state was found.
    pub fn depth(&self, state: u32) -> u32 {
        self.layers.partition_point(|&first| first <= state) as u32 - 1
    }

    /// The states on the way to a state, itself included, first to last.
    pub fn ancestry(&self, state: u32) -> Vec<u32> {
        let parent = |&state: &u32| Some(self.parents[state as usize]).filter(|&parent| parent != state);
        let mut way: Vec<u32> = std::iter::successors(Some(state), parent).collect();
        way.reverse();
        way
    }

    /// The initial state from which a state of depth 0 was reached.
    pub fn origin(&self, state: u32) -> &[u8] {
        let start = state as usize * self.width;
        &self.origins[start..start + self.width]
    }
}
