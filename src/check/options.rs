//! Options: how an input is checked.

use crate::cluster::object::scenario::Scenario;
use crate::engine::{Budget, Engine, Progress, Silent};
use crate::input::Ignore;

use super::Baseline;

use super::Scope;

/// When properties are decided for few workloads in the company of the rest ([`super::focus`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// Where that is quicker: always in clusters of more than a few workloads, first in clusters of several.
    #[default]
    Auto,
    /// In every cluster of several workloads, and then only.
    On,
    /// Never.
    Off,
}

/// How an input is checked.
pub struct Options<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Bound, time and memory for all properties together.
    pub budget: Budget,
    /// Names of the properties; none: those of the input.
    pub properties: &'a [String],
    /// The part of the input that is asked about.
    pub scope: Scope,
    /// Whether to go on after a violation.
    pub all: bool,
    /// Whether to make models smaller first.
    pub reduce: bool,
    /// Whether to tell how.
    pub explain: bool,
    /// Whether few workloads stand for the cluster.
    pub focus: Focus,
    /// Of a family: where a counterexample is tried again, by the names of sizes.
    pub lift_to: &'a [(String, i64)],
    /// Of a family: changes the scenario of every member.
    pub adjust: &'a dyn Fn(&mut Scenario),
    /// What is ignored besides what annotations of the input ignore.
    pub ignores: &'a [Ignore],
    /// Whether to find out what is known of what is ignored, too.
    pub ask_ignored: bool,
    /// Violations that are known.
    pub baseline: Option<&'a Baseline>,
    /// Watches.
    pub progress: &'a dyn Progress,
}

impl<'a> Options<'a> {
    /// The properties of the input, up to the first violation, and everything else as usual.
    pub fn new(engine: &'a dyn Engine, budget: Budget) -> Self {
        Options {
            engine,
            budget,
            properties: &[],
            scope: Scope::default(),
            all: false,
            reduce: true,
            explain: false,
            focus: Focus::Auto,
            lift_to: &[],
            adjust: &|_| (),
            ignores: &[],
            ask_ignored: true,
            baseline: None,
            progress: &Silent,
        }
    }
}
