//! What the controller sees of the pod of one ordinal.
//!
//! Part of the rules `statefulset/creation`, `statefulset/condemned`, `statefulset/update` and `statefulset/status`.

use std::collections::BTreeMap;

use crate::cluster::object::stateful::Stateful;
use crate::cluster::view::{Cluster, View, WorkloadVars};
use crate::cluster::{Phase, TemplateId};
use crate::system::State;
use crate::term::{Bool, Int};

use super::SetVars;

/// The pod of an ordinal, which may not exist.
pub struct Replica<'c> {
    /// Its number.
    pub ordinal: i64,
    /// Its templates with their revisions.
    pub templates: Vec<(usize, TemplateId)>,
    /// Whether its ordinal is one of `spec.replicas`.
    pub wanted: Bool<'c>,
    /// Whether it exists and is not being deleted.
    pub active: Bool<'c>,
    /// Whether it is being deleted: until it is gone there is no other one.
    pub terminating: Bool<'c>,
    /// Whether it is ready and not being deleted.
    pub ready: Bool<'c>,
    /// Whether it has also been so for `minReadySeconds`.
    pub available: Bool<'c>,
}

/// The templates of a StatefulSet by ordinal, with their revisions.
pub fn by_ordinal(view: &View<'_>, vars: &WorkloadVars) -> Vec<(i64, Vec<TemplateId>)> {
    let mut found: BTreeMap<i64, Vec<TemplateId>> = BTreeMap::new();
    for &template in &vars.templates {
        if let Some(ordinal) = view.templates[template.0].ordinal {
            found.entry(ordinal).or_default().push(template);
        }
    }
    found.into_iter().collect()
}

impl<'c> Replica<'c> {
    /// The pod of an ordinal in a state.
    pub fn of(
        cluster: &Cluster<'c>,
        state: &State<'c>,
        (ordinal, templates): (i64, Vec<TemplateId>),
        (spec, size): (&Stateful, Int<'c>),
        status: &SetVars,
    ) -> Self {
        let ctx = cluster.ctx();
        let some = |of: &dyn Fn(TemplateId) -> Int<'c>| ctx.any(templates.iter().map(|&it| of(it).ge(1)));
        let ready = some(&|it| cluster.ready(state, it));
        let season = status.available.iter().find(|(known, _)| *known == ordinal);
        let deleted = |it: TemplateId| cluster.sum(state, |cell| cluster.pods(cell, it, Phase::Terminating));
        Replica {
            ordinal,
            wanted: if ordinal < spec.start { ctx.bool(false) } else { size.gt(ordinal - spec.start) },
            active: some(&|it| cluster.active(state, it)),
            terminating: some(&deleted),
            ready,
            available: ready & season.map_or(ctx.bool(true), |&(_, flag)| state.is(flag)),
            templates: templates.into_iter().map(|it| (cluster.templates[it.0].revision, it)).collect(),
        }
    }

    /// Whether there is a pod of that name.
    pub fn exists(&self) -> Bool<'c> {
        self.active | self.terminating
    }

    /// Whether its pod is not being deleted and is of that revision.
    pub fn is_of(&self, cluster: &Cluster<'c>, state: &State<'c>, revision: Int<'c>) -> Bool<'c> {
        let own = self.templates.iter();
        cluster.ctx().any(own.map(|&(own, template)| cluster.active(state, template).ge(1) & revision.eq(own as i64)))
    }
}
