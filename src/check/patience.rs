//! How much goes into asking again what holds already ([`super::overlap`]): a limit in time would give other verdicts on other
//! machines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::{Budget, Extent};

/// Units of work for all properties of an input: about a second at most.
const WORK: u64 = 1_500_000;
/// Where every reachable state was seen, so many blocks are as good as any number.
const FAR: u32 = 10_000;

/// What is left of the patience with an input.
#[derive(Clone, Debug)]
pub struct Patience(Arc<AtomicU64>);

impl Default for Patience {
    fn default() -> Self {
        Patience(Arc::new(AtomicU64::new(WORK)))
    }
}

impl Patience {
    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// What asking again may take, of something that holds so far.
    pub fn budget(&self, extent: Extent, time: Option<Duration>, budget: &Budget) -> Budget {
        let bound = if extent.is_proved() { FAR } else { budget.bound };
        Budget { bound, time, work: Some(Arc::clone(&self.0)), ..budget.clone() }
    }
}
