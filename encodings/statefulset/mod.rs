//! StatefulSet controller.
//!
//! Part of the rules `statefulset/creation`, `statefulset/condemned`, `statefulset/update` and `statefulset/status`.
//!
//! Its pods have names, so they are told apart: there is a template for each revision and ordinal
//! ([`crate::cluster::counting::ordinals`]), and what the controller sees of each pod is a [`Replica`]. What one reconcile
//! does is written in the files below, one for each of upstream's functions; each is an action of its own:
//!
//! * [`creation`]: missing pods are made, in order or all at once;
//! * [`condemned`]: pods beyond the replicas are deleted;
//! * [`update`]: pods of other revisions are deleted, to be made again;
//! * [`status`]: which revision counts as the current one, and when a pod counts as available.
//!
//! Upstream does all of that in one reconcile, where policy OrderedReady ends it after the first pod that it makes or
//! deletes.

pub mod condemned;
pub mod creation;
pub mod replica;
pub mod status;
pub mod update;

use crate::cluster::TemplateId;
use crate::cluster::object::spec::Workload;
use crate::cluster::object::stateful::{Stateful, Update};
use crate::cluster::view::rule::Rule;
use crate::cluster::view::story::Scene;
use crate::cluster::view::{Cluster, Declaring, Leaving, WorkloadVars, effect};
use crate::system::{ActionDraft, ActionKind, BoolVar, Effect, IntVar, State};
use crate::term::{Bool, Int, TermId};

use super::ranks;
use replica::Replica;

/// The rules of the controller.
pub static RULES: &[&Rule] = &[&creation::RULE, &condemned::RULE, &update::RULE, &status::RULE];

/// State variables of one StatefulSet.
#[derive(Clone, Debug)]
pub struct SetVars {
    /// `status.currentRevision`; `None` where there is one revision only.
    pub current: Option<IntVar>,
    /// `status.currentReplicas`, where new pods depend on it.
    pub current_replicas: Option<IntVar>,
    /// By ordinal: whether its pod has been ready for `minReadySeconds`; empty where ready pods are available.
    pub available: Vec<(i64, BoolVar)>,
}

/// By position of the workload; `None` of other kinds.
pub struct StatefulVars(Vec<Option<SetVars>>);

/// Declares what statuses of StatefulSets hold.
pub fn declare(cluster: &mut Declaring<'_>) -> StatefulVars {
    let spec = cluster.spec;
    let objects = spec.workloads.iter().enumerate();
    let sets: Vec<(usize, &Workload, &Stateful)> =
        objects.filter_map(|(index, object)| Some((index, object, object.stateful.as_ref()?))).collect();
    let mut all = vec![None; spec.workloads.len()];
    for (index, object, set) in sets {
        let Some(vars) = cluster.workloads[index].clone() else { continue };
        let several = object.revisions.len() > 1;
        let asks_for_replicas = matches!(set.update, Update::Rolling { partition: None, .. });
        let last = object.revisions.len() as i64 - 1;
        let most = spec.pods_of(index);
        let current = || cluster.int(format!("{} current revision", object.key), 0, last, Some(set.current as i64));
        let replicas =
            || cluster.int(format!("{} currentReplicas", object.key), 0, most, Some(set.current_replicas.min(most)));
        all[index] = Some(SetVars {
            current: several.then(current),
            current_replicas: (several && asks_for_replicas).then(replicas),
            available: if object.min_ready_seconds > 0 { seasons(cluster, (object, set), &vars) } else { Vec::new() },
        });
    }
    StatefulVars(all)
}

/// Pods that are ready at the start have been so for long, unless the status says that some have not: it does not say which.
fn seasons(
    cluster: &mut Declaring<'_>,
    (object, set): (&Workload, &Stateful),
    vars: &WorkloadVars,
) -> Vec<(i64, BoolVar)> {
    let by_ordinal = replica::by_ordinal(cluster, vars);
    let declare = |(ordinal, templates): (i64, Vec<TemplateId>)| {
        let pods = object.revisions.iter().flat_map(|revision| &revision.pods);
        let ready = pods.into_iter().any(|pod| pod.ordinal == Some(ordinal) && pod.ready && !pod.leaving);
        let ready = ready && set.is_available;
        let flag = cluster.bool(format!("{} {ordinal} available", object.key), Some(ready));
        cluster.season(templates, flag);
        (ordinal, flag)
    };
    by_ordinal.into_iter().map(declare).collect()
}

/// A StatefulSet in a state, as its controller sees it.
pub struct Set<'s, 'c> {
    /// Position of the workload.
    pub index: usize,
    /// The workload.
    pub object: &'s Workload,
    /// What it says.
    pub spec: &'s Stateful,
    /// Its variables.
    pub vars: &'s WorkloadVars,
    /// Its status.
    pub status: &'s SetVars,
    /// The state.
    pub state: State<'c>,
    /// `spec.replicas`.
    pub size: Int<'c>,
    /// The revision of its template.
    pub update_revision: Int<'c>,
    /// The revision that its status calls the current one.
    pub current_revision: Int<'c>,
    /// Its pods by rising ordinal, those that do not exist, too.
    pub replicas: Vec<Replica<'c>>,
}

/// Adds the actions of every StatefulSet.
pub fn add(cluster: &Cluster<'_>, vars: &StatefulVars) {
    for (index, object, workload) in cluster.owners() {
        if cluster.is_stopped() {
            return;
        }
        let (Some(spec), Some(status)) = (&object.stateful, &vars.0[index]) else { continue };
        let set = Set::of(cluster, index, object, spec, workload, status);
        creation::add(cluster, &set);
        condemned::add(cluster, &set);
        update::add(cluster, &set);
        status::add(cluster, &set);
    }
}

impl<'s, 'c> Set<'s, 'c> {
    fn of(
        cluster: &Cluster<'c>,
        index: usize,
        object: &'s Workload,
        spec: &'s Stateful,
        vars: &'s WorkloadVars,
        status: &'s SetVars,
    ) -> Self {
        let state = cluster.state();
        let size = state.get(vars.replicas);
        let update_revision = cluster.revision(&state, vars);
        let current_revision = status.current.map_or(update_revision, |var| state.get(var));
        let view = |(ordinal, templates)| Replica::of(cluster, &state, (ordinal, templates), (spec, size), status);
        let replicas = replica::by_ordinal(cluster, vars).into_iter().map(view).collect();
        Set { index, object, spec, vars, status, size, update_revision, current_revision, replicas, state }
    }

    /// Whether each replica comes after replicas within the range that are all available: what OrderedReady waits for.
    fn after_available(&self, cluster: &Cluster<'c>) -> Vec<Bool<'c>> {
        let mut before = cluster.ctx().bool(true);
        let after = |replica: &Replica<'c>| {
            let here = before;
            before = before & (!replica.wanted | replica.available);
            here
        };
        self.replicas.iter().map(after).collect()
    }

    /// Whether all replicas within the range are available.
    fn is_available(&self, cluster: &Cluster<'c>) -> Bool<'c> {
        cluster.ctx().all(self.replicas.iter().map(|replica| !replica.wanted | replica.available))
    }

    /// An event-driven action of the controller.
    fn draft(&self, what: &str, guard: Bool<'c>, next: State<'c>) -> ActionDraft<'c> {
        let kind = ActionKind::Event { rank: ranks::STATEFULSET };
        ActionDraft::new(format!("statefulset {} {what}", self.object.key), kind, guard, next).seeing(self.sees())
    }

    /// Which of its pods there are, and which of them are ready.
    fn sees(&self) -> Vec<Effect> {
        let kinds: [fn(TemplateId) -> Effect; 6] =
            [effect::bound, effect::started, effect::deleted, effect::ended, effect::waiting, effect::withdrawn];
        effect::on_nodes(&kinds, self.vars.templates.iter().copied())
    }

    fn actor(&self) -> String {
        format!("StatefulSet {}", self.object.key)
    }

    /// Names of pods with the terms that say whether a step is about them.
    fn named(&self, when: &[Bool<'c>]) -> Vec<(String, TermId)> {
        let pods = self.replicas.iter().map(|replica| self.spec.pod(replica.ordinal));
        pods.zip(when).map(|(name, when)| (name, when.id())).collect()
    }
}

/// Deletes pods of a StatefulSet: `when` says for each replica whether it goes.
fn delete<'c>(cluster: &Cluster<'c>, set: &Set<'_, 'c>, next: &mut State<'c>, when: &[Bool<'c>]) {
    let chosen = || set.replicas.iter().zip(when).filter(|(_, when)| when.constant() != Some(false));
    for (replica, &goes) in chosen() {
        for &(_, template) in &replica.templates {
            let pending = cluster.pending[template.0];
            next.set(pending, goes.ite(0, set.state.get(pending)));
        }
    }
    cluster.rewrite_all(next, |cell| {
        let templates = chosen().flat_map(|(replica, &goes)| replica.templates.iter().map(move |it| (it.1, goes)));
        templates.fold(cluster.change(cell), |change, (template, goes)| {
            change.delete(template, goes.ite(cluster.active_on(cell, template), 0), Leaving::Deleted)
        })
    });
}

/// The pods that a step is about, in words.
fn told(names: &[(String, TermId)], scene: &Scene<'_>) -> String {
    crate::cluster::view::story::join_names(
        names.iter().filter(|(_, when)| scene.holds(*when)).map(|(name, _)| name.as_str()),
    )
}
