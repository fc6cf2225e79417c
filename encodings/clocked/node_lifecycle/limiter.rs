//! The token bucket that limits how fast a zone's nodes are tainted.
//!
//! A bucket of one token is either full or filling since it was last used, so the moment at which it is full again says
//! everything.

use crate::cluster::arithmetic::node_lifecycle::token_interval_ms;
use crate::cluster::view::rule::{Rule, rule};
use crate::system::{Builder, IntVar, State};
use crate::term::{Bool, Ctx, Int};

use crate::encodings::node_lifecycle::Settings;
use crate::encodings::node_lifecycle::zone::{HEALTHY, NEVER, SECONDARY, effective, per_second};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "clocked/limiter",
    component: Clocked,
    upstream: [
        "pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go" => ["Try", "SwapLimiter"],
    ],
    decides: "When a zone's rate lets its next node be tainted: a token bucket with burst 1.",
    parts: [
        "node lifecycle: the rate at which a zone's nodes are tainted" => "exact, to the moment",
    ],
};

/// A limiter.
#[derive(Clone, Copy, Debug)]
pub struct Limiter<'c> {
    /// One of the rates in [`crate::encodings::node_lifecycle::zone`].
    pub rate: Int<'c>,
    /// When there is a token again.
    pub full_at: Int<'c>,
}

/// State variables of a limiter.
#[derive(Clone, Copy, Debug)]
pub struct LimiterVars {
    rate: IntVar,
    full_at: IntVar,
}

impl LimiterVars {
    /// Declares the limiter of a new zone.
    pub fn declare(builder: &Builder<'_>, settings: &Settings, zone: &str, horizon: i64) -> Self {
        let longest = [HEALTHY, SECONDARY].map(|rate| interval(settings, rate));
        let last = horizon + longest.into_iter().max().unwrap_or(0);
        LimiterVars {
            rate: builder.int(format!("rate of {zone}"), NEVER, SECONDARY, Some(effective(settings, HEALTHY))),
            full_at: builder.int(format!("next token of {zone}"), 0, last, Some(0)),
        }
    }

    /// The limiter in a state.
    pub fn get<'c>(&self, state: &State<'c>) -> Limiter<'c> {
        Limiter { rate: state.get(self.rate), full_at: state.get(self.full_at) }
    }

    /// Puts a limiter into a state.
    pub fn set<'c>(&self, state: &mut State<'c>, limiter: &Limiter<'c>) {
        state.set(self.rate, limiter.rate);
        state.set(self.full_at, limiter.full_at);
    }
}

impl<'c> Limiter<'c> {
    /// Whether there is a token.
    pub fn admits(&self, now: Int<'c>) -> Bool<'c> {
        self.rate.ne(NEVER) & self.full_at.le(now)
    }

    /// The limiter after its token was taken.
    pub fn taken(&self, settings: &Settings, now: Int<'c>) -> Self {
        Limiter { rate: self.rate, full_at: now + self.rate.map(|rate| interval(settings, rate)) }
    }

    /// The limiter for another rate: a new one, without its token if this one has none, unless the rates are equal.
    pub fn swapped(&self, ctx: &'c Ctx, settings: &Settings, rate: Int<'c>, now: Int<'c>) -> Self {
        let rates =
            ctx.table(&[self.rate, rate], |it| i64::from(reported(settings, it[0]) == per_second(settings, it[1])));
        let full = Limiter { rate, full_at: ctx.int(0) };
        let waits = !self.admits(now) & rate.ne(NEVER);
        let new = Limiter::choose(waits, &full.taken(settings, now), &full);
        Limiter::choose(rates.eq(1), self, &new)
    }

    /// One of two.
    pub fn choose(condition: Bool<'c>, then: &Self, otherwise: &Self) -> Self {
        Limiter {
            rate: condition.ite(then.rate, otherwise.rate),
            full_at: condition.ite(then.full_at, otherwise.full_at),
        }
    }
}

/// Milliseconds between two tokens; 0 for a limiter that never gives one.
fn interval(settings: &Settings, rate: i64) -> i64 {
    token_interval_ms(per_second(settings, rate)).unwrap_or(0)
}

/// The rate that a limiter says it has: upstream's limiter that never admits says 1.
fn reported(settings: &Settings, rate: i64) -> f32 {
    if rate == NEVER { 1.0 } else { per_second(settings, rate) }
}
