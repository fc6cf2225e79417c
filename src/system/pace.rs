//! How much time passes between what may happen and what does.
//!
//! A system without paces has no clock. With them it is a timed transition system: every step takes place at a moment, in whole
//! seconds, and of the runs of the system those are possible whose steps can be given moments that keep to all paces:
//!
//! * *least*: an action fires no sooner than so long after its guard began to hold;
//! * *most*: an action that may fire, as the schedule says, does not stay so for longer without firing;
//! * *apart*: two steps of the same pace are at least so far apart;
//! * a *timer* begins with some steps; others do not come before it has run for so long, or not after, unless it was forgotten
//!   meanwhile.
//!
//! What was so when a run begins may have been so for any time. An action stands for all pods, or nodes, that it may choose
//! from: *least* counts from when there was the first of them, and firing begins *most* anew. Both allow more than a clock for each of them would.
//!
//! Bounds are closed and whole, so that whole moments are all that is needed.
//!
//! References: Merlin and Farber, "Recoverability of communication protocols: implications of a theoretical study", IEEE
//! Transactions on Communications 24(9), 1976; Henzinger, Manna and Pnueli, "What good are digital clocks?", ICALP 1992.

use crate::term::TermId;

use super::model::{ActionId, System};

/// Position of a pace in [`System::paces`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PaceId(pub usize);

/// How long what takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What it is about, for people, such as `start of pods`.
    pub name: String,
    /// Seconds from when an action's guard holds until it may fire.
    pub least: u32,
    /// Seconds that an action may be able to fire before it does; `None`: for ever.
    pub most: Option<u32>,
    /// Seconds between two steps of this pace.
    pub apart: u32,
}

/// Position of a timer in [`System::timers`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TimerId(pub usize);

/// Steps under conditions, over the state before and their inputs.
pub type Steps = Vec<(ActionId, TermId)>;

/// Something that ends a while after it began. Where a step does several of these, it asks first and begins last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// What it is about, for people, such as `scale-down window of web`.
    pub name: String,
    /// How long it runs.
    pub seconds: u32,
    /// Steps that begin it, or begin it anew.
    pub begins: Steps,
    /// Steps that wait until it has ended.
    pub asks: Steps,
    /// Steps that come before it has run for longer.
    pub within: Steps,
    /// Steps after which it need not be waited for.
    pub forgets: Steps,
}

impl Timer {
    /// All conditions.
    pub fn terms(&self) -> impl Iterator<Item = TermId> + '_ {
        [&self.begins, &self.asks, &self.within, &self.forgets].into_iter().flatten().map(|&(_, when)| when)
    }

    /// All conditions, to be replaced; in the order of [`Timer::terms`].
    pub fn terms_mut(&mut self) -> impl Iterator<Item = &mut TermId> {
        let Timer { begins, asks, within, forgets, .. } = self;
        [begins, asks, within, forgets].into_iter().flatten().map(|(_, when)| when)
    }
}

/// The position of a pace among others; equal ones are one.
pub fn position(paces: &mut Vec<Pace>, pace: Pace) -> PaceId {
    PaceId(paces.iter().position(|known| *known == pace).unwrap_or_else(|| {
        paces.push(pace);
        paces.len() - 1
    }))
}

/// One demand of a pace, or of a timer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Bound {
    /// An action does not fire too soon.
    Least(ActionId),
    /// An action does not wait for too long.
    Most(ActionId),
    /// Steps of a pace are not too close to each other.
    Apart(PaceId),
    /// A timer has ended.
    Timer(TimerId),
    /// A timer has not ended yet.
    Within(TimerId),
}

impl Bound {
    /// What it is about, for people.
    pub fn name(self, system: &System) -> Option<&str> {
        match self {
            Bound::Timer(timer) | Bound::Within(timer) => Some(&system.timers[timer.0].name),
            other => Some(&system.paces[other.pace(system)?.0].name),
        }
    }

    /// In words, such as `start of pods: at most 60 s`.
    pub fn describe(self, system: &System) -> Option<String> {
        let (name, seconds) = (self.name(system)?, self.seconds(system)?);
        let what = match self {
            Bound::Least(_) => "at least",
            Bound::Most(_) => "at most",
            Bound::Apart(_) => "every time at least",
            Bound::Timer(_) | Bound::Within(_) => "lasts",
        };
        Some(format!("{name}: {what} {seconds} s"))
    }

    /// The pace that demands it, if there is one.
    pub fn pace(self, system: &System) -> Option<PaceId> {
        match self {
            Bound::Least(action) | Bound::Most(action) => system.action(action).pace,
            Bound::Apart(pace) => Some(pace),
            Bound::Timer(_) | Bound::Within(_) => None,
        }
    }

    /// Its seconds, where it demands anything.
    pub fn seconds(self, system: &System) -> Option<i64> {
        match self {
            Bound::Timer(timer) => {
                let seconds = system.timers[timer.0].seconds;
                return (seconds > 0).then_some(seconds.into());
            }
            Bound::Within(timer) => return Some(system.timers[timer.0].seconds.into()),
            Bound::Least(_) | Bound::Most(_) | Bound::Apart(_) => {}
        }
        let pace = &system.paces[self.pace(system)?.0];
        match self {
            Bound::Least(_) => (pace.least > 0).then_some(pace.least.into()),
            Bound::Most(_) => pace.most.map(i64::from),
            Bound::Apart(_) | Bound::Timer(_) | Bound::Within(_) => (pace.apart > 0).then_some(pace.apart.into()),
        }
    }
}
