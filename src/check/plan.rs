//! What is checked and how, and when a check is over.

use std::sync::atomic::Ordering;

use super::patience::Patience;
use super::{CheckResult, Focus, InputName, reason_text};
use crate::cluster::object::spec::ClusterSpec;
use crate::engine::{Budget, Engine, Progress, UnknownReason};
use crate::property::Selection;

/// What is checked.
pub struct Subject<'a> {
    /// The cluster.
    pub spec: &'a ClusterSpec,
    /// Where it came from.
    pub name: InputName,
    /// The properties.
    pub selection: Selection,
}

/// How it is checked.
pub struct Plan<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Time, memory and bound for all properties together.
    pub budget: Budget,
    /// Whether to go on after a violation.
    pub all: bool,
    /// Whether to make the model smaller first.
    pub reduce: bool,
    /// Whether to tell how.
    pub explain: bool,
    /// Whether few workloads stand for the cluster.
    pub focus: Focus,
    /// How long what holds may be asked again where blocks overlap.
    pub patience: Patience,
    /// Watches.
    pub progress: &'a dyn Progress,
}

/// Asks again about all results of a property; so many properties share the time that is left.
pub type Widen<'a> = dyn FnMut(Vec<CheckResult>, u32) -> Vec<CheckResult> + 'a;

/// Names of properties that were not looked at.
pub type Skipped = Vec<String>;

impl Plan<'_> {
    /// Results and skipped properties at the end. Where somebody stopped the check, each of those that were not looked at has
    /// a result, too.
    pub fn end(
        &self,
        subject: &Subject<'_>,
        mut results: Vec<CheckResult>,
        left: Vec<&str>,
        tell: &mut dyn FnMut(&CheckResult),
    ) -> (Vec<CheckResult>, Skipped) {
        if !self.budget.stop.load(Ordering::Relaxed) {
            return (results, left.into_iter().map(str::to_owned).collect());
        }
        for name in left {
            let reason = format!("{} before it was looked at", reason_text(&UnknownReason::Stopped));
            let result = CheckResult::unknown(subject.name.clone(), name, subject.spec.scenario.interleaving, reason);
            tell(&result);
            results.push(result);
        }
        (results, Skipped::new())
    }

    /// Whether nothing more is asked after a result.
    pub fn is_over(&self, last: Option<&CheckResult>) -> bool {
        (last.is_some_and(CheckResult::is_violated) && !self.all) || self.budget.stop.load(Ordering::Relaxed)
    }
}
