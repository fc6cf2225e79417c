//! What a filter plugin says against a node, in the scheduler's words.
//!
//! Part of the rule `scheduler/binding`.

use crate::cluster::view::rule::Rule;
use crate::term::{Bool, Ctx};

/// When a plugin refuses: before nodes are looked at one by one, or then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// PreFilter.
    PreFilter,
    /// Filter.
    Filter,
}

/// One of a plugin's reasons, in the scheduler's words.
#[derive(Clone, Debug)]
pub struct Reason<'c> {
    /// Whether it applies.
    pub applies: Bool<'c>,
    /// The status message.
    pub message: String,
    /// What explanations add to it.
    pub hint: String,
}

impl<'c> Reason<'c> {
    /// A reason without a hint.
    pub fn new(applies: Bool<'c>, message: impl Into<String>) -> Self {
        Reason { applies, message: message.into(), hint: String::new() }
    }
}

/// A plugin that may refuse a node.
#[derive(Clone, Debug)]
pub struct Refusal<'c> {
    /// Whether it does.
    pub refuses: Bool<'c>,
    /// The plugin, by its rule.
    pub rule: &'static Rule,
    /// At which stage.
    pub stage: Stage,
    /// Whether other pods may be to blame, so that preempting them might help: `Unschedulable` rather than
    /// `UnschedulableAndUnresolvable`.
    pub resolvable: Bool<'c>,
    /// Why: those that apply, in this order.
    pub reasons: Vec<Reason<'c>>,
}

impl<'c> Refusal<'c> {
    /// A refusal for a single reason.
    pub fn new(rule: &'static Rule, stage: Stage, reason: Reason<'c>, resolvable: Bool<'c>) -> Self {
        Refusal { refuses: reason.applies, rule, stage, resolvable, reasons: vec![reason] }
    }

    /// A filter's refusal for a single reason, which no other pods are to blame for.
    pub fn unresolvable(ctx: &'c Ctx, rule: &'static Rule, when: Bool<'c>, message: impl Into<String>) -> Self {
        Refusal::new(rule, Stage::Filter, Reason::new(when, message), ctx.bool(false))
    }
}
