//! What a filter plugin says against a node, in the scheduler's words.

use crate::term::Bool;

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
    /// The plugin.
    pub plugin: &'static str,
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
    pub fn new(plugin: &'static str, stage: Stage, reason: Reason<'c>, resolvable: Bool<'c>) -> Self {
        Refusal { refuses: reason.applies, plugin, stage, resolvable, reasons: vec![reason] }
    }
}
