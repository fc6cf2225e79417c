//! Marks: what a step is about, for properties of loops.

use crate::cluster::TemplateId;
use crate::system::MarkId;
use crate::term::Bool;

use super::{Cluster, View};

/// Workloads with marks of their own, at most; the others share one, so that the number of marks stays bounded.
pub const MARKED_WORKLOADS: usize = 50;

impl View<'_> {
    /// Whether the marks of a workload are its own.
    pub fn is_marked(&self, workload: usize) -> bool {
        self.marked.contains(&workload)
    }
}

impl<'c> Cluster<'c> {
    /// The mark of changes that come from outside: load, failures, users.
    pub fn environment_mark(&self) -> MarkId {
        self.builder.mark("environment")
    }

    /// The mark of a node that panics.
    pub fn panic_mark(&self) -> MarkId {
        self.builder.mark("panics")
    }

    /// The mark of a node that comes to its node group.
    pub fn arrival_mark(&self) -> MarkId {
        self.builder.mark("nodes come")
    }

    /// The mark of an eviction from a workload.
    pub fn eviction_mark(&self, workload: usize) -> MarkId {
        self.builder.mark(&self.mark_name("evicts", workload))
    }

    /// The mark of a change of a workload's `spec.replicas`.
    pub fn resize_mark(&self, workload: usize) -> MarkId {
        self.builder.mark(&self.mark_name("resizes", workload))
    }

    fn mark_name(&self, what: &str, workload: usize) -> String {
        if self.is_marked(workload) { format!("{what} {workload}") } else { format!("{what} others") }
    }

    /// Marks for evictions: for each workload whether `evicted(template)` is positive for one of its templates.
    pub fn eviction_marks(&self, evicted: impl Fn(TemplateId) -> Bool<'c>) -> Vec<(MarkId, Bool<'c>)> {
        let marks = self.owners().map(|(index, _, vars)| {
            let some = self.ctx().any(vars.templates.iter().map(|&template| evicted(template)));
            (self.eviction_mark(index), some)
        });
        marks.filter(|(_, when)| when.constant() != Some(false)).collect()
    }
}
