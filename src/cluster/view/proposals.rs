//! Whether what autoscalers propose turned round since the last change from outside, for whoever asks.
//!
//! A size may turn round although no proposal does: stabilisation windows carry out an earlier recommendation late. And a
//! proposal may change because the size did: where every pod has the same load, twice as many pods ask for twice as
//! many. So a proposal counts as a rise if it is above both the present size and the proposal before it, and as a fall if
//! it is below both; the first after a change from outside is compared with the size alone. A proposal of the present size
//! is passed over.

use crate::system::{BoolVar, Builder, IntVar, State};
use crate::term::{Bool, Int};

/// The proposals for one workload since the last change from outside.
#[derive(Clone, Copy, Debug)]
pub struct Proposals {
    /// Position of the workload.
    pub(super) workload: usize,
    /// The last one, plus 1; 0 if there was none, or it does not matter.
    latest: IntVar,
    rose: BoolVar,
    fell: BoolVar,
}

impl Proposals {
    /// Declares what is remembered of the proposals for a workload of that name, which are numbers up to `most`.
    pub(super) fn declare(builder: &Builder<'_>, workload: usize, name: &str, most: i64) -> Self {
        Proposals {
            workload,
            latest: builder.int(format!("{name} last proposal"), 0, most + 1, Some(0)),
            rose: builder.bool(format!("{name} proposals rose"), Some(false)),
            fell: builder.bool(format!("{name} proposals fell"), Some(false)),
        }
    }

    /// Records that an autoscaler proposed a size while the present one was `current`.
    pub(super) fn note<'c>(&self, state: &State<'c>, next: &mut State<'c>, current: Int<'c>, proposal: Int<'c>) {
        let latest = state.get(self.latest);
        let before = latest.eq(0).ite(current, (latest - 1).max(0));
        let rose = state.is(self.rose) | (proposal.gt(current) & proposal.gt(before));
        let fell = state.is(self.fell) | (proposal.lt(current) & proposal.lt(before));
        let kept = proposal.eq(current).ite(latest, (proposal + 1).min(latest.range().hi));
        next.set_bool(self.rose, rose);
        next.set_bool(self.fell, fell);
        // Once there was both, no proposal matters any more.
        next.set(self.latest, (rose & fell).ite(0, kept));
    }

    /// Whether some proposal was a rise and some other a fall.
    pub fn have_turned<'c>(&self, state: &State<'c>) -> Bool<'c> {
        state.is(self.rose) & state.is(self.fell)
    }

    /// Forgets them, where `when` holds.
    pub fn forget<'c>(&self, state: &State<'c>, next: &mut State<'c>, when: Bool<'c>) {
        next.set(self.latest, when.ite(0, state.get(self.latest)));
        next.set_bool(self.rose, !when & state.is(self.rose));
        next.set_bool(self.fell, !when & state.is(self.fell));
    }
}
