//! The ReplicaSet of the present template, where a quota may refuse it: until it is there, reconciles are those of a
//! Deployment without it.
//!
//! Upstream finds or makes it before it resizes anything, and ends the reconcile with an error where the API refuses it.
//! Only a change of `spec.replicas` comes before that, and, where pods are recreated, emptying the old ReplicaSets.

use crate::cluster::object::spec::Workload;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::{Line, Scene};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::property;
use crate::system::{BoolVar, State};
use crate::term::{Bool, Ctx};

use super::reconcile::Reconcile;
use super::step::Step;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "deployment/creation",
    component: Deployment,
    upstream: [
        "pkg/controller/deployment/sync.go" => ["getNewReplicaSet"],
        "staging/src/k8s.io/apiserver/pkg/quota/v1/generic/evaluator.go" => ["NewObjectCountEvaluator"],
    ],
    decides: "Whether a Deployment gets the ReplicaSet of its present template: quotas on `count/replicasets.apps` may refuse \
        it. Until then no rollout goes on, and it is tried again as soon as there is room.",
    parts: [
        "`count/replicasets.apps`: ReplicaSets of all Deployments of the namespace, those of size 0 that are history, and those \
            without a Deployment" =>
            "exact; of those that the input does not have, as many as the quota's status says stay",
        "a template of which a ReplicaSet is kept as history" => "exact: that one is used again",
        "a reconcile that is refused" => "exact in effect: it changes nothing; conditions, events and back-off are left out",
    ],
    omits: [
        "paused Deployments" => "one that has no ReplicaSet at all gets one, whatever quotas say",
        "`revisionHistoryLimit`: ReplicaSets of size 0 that are deleted" => "they stay; where there may be more, verdicts say so",
        "statuses of quotas that lag behind" => "a ReplicaSet that is gone leaves room at once",
    ],
};

/// What is known of the ReplicaSet of a present template that a quota may refuse.
pub struct Creation<'c> {
    made: BoolVar,
    /// Whether it is there.
    there: Bool<'c>,
    /// Whether a quota refuses the next one.
    refused: Bool<'c>,
}

impl<'c> Creation<'c> {
    /// Of the revision at `present`; `None` where no quota matters.
    pub fn of(
        cluster: &Cluster<'c>,
        state: &State<'c>,
        (index, object, vars): (usize, &Workload, &WorkloadVars),
        present: usize,
    ) -> Option<Self> {
        let made = *vars.made.get(present).filter(|_| !object.paused)?;
        let refused = cluster.refuses_replica_set(state, index);
        Some(Creation { made, there: state.is(made), refused })
    }

    /// What a reconcile does that begins with making it where it is missing.
    pub fn step(&self, reconcile: &Reconcile<'_, '_, 'c>, present: usize) -> Step<'c> {
        let without = Reconcile { new: None, ..*reconcile }.step().created_at(present);
        reconcile.step().or(self.there, without)
    }

    /// Whether a step begins with making it.
    pub fn happens(&self, step: &Step<'c>) -> Bool<'c> {
        !self.there & step.creates
    }

    /// Whether the API lets a step happen.
    pub fn is_admitted(&self, step: &Step<'c>) -> Bool<'c> {
        !self.happens(step) | !self.refused
    }

    /// Whether it is missing.
    pub fn is_missing(&self) -> Bool<'c> {
        !self.there
    }

    /// Notes that a step made it.
    pub fn note(&self, next: &mut State<'c>, step: &Step<'c>) {
        next.set_bool(self.made, self.there | self.happens(step));
    }

    /// Says which quota keeps a Deployment without it, where one does while the template is present.
    pub fn diagnose(
        &self,
        cluster: &Cluster<'c>,
        state: &State<'c>,
        (index, object): (usize, &Workload),
        (present, is_present): (usize, Bool<'c>),
    ) {
        let missing = (is_present & self.is_missing()).id();
        let name = |quota: usize| cluster.spec.quotas[quota].metadata.name.clone().unwrap_or_default();
        let left = cluster.replica_sets_left(state, index);
        let left: Vec<_> = left.iter().map(|(it, left)| (name(it.quota), it.hard, left.id())).collect();
        for property in property::those(|about| about.missing) {
            let (left, set) = (left.clone(), object.revisions[present].name.clone());
            let owner = object.key.to_string();
            let tell = move |scene: &Scene<'_>| {
                let full = left.iter().find(|(_, _, left)| scene.holds(missing) && scene.get(*left) == 0);
                let text = |(quota, hard, _): &(String, i64, _)| {
                    format!(
                        "Deployment {owner} lacks ReplicaSet {set}: ResourceQuota {quota} admits no more than {hard} of them"
                    )
                };
                full.map(|full| Line { text: text(full), rules: vec![&RULE] }).into_iter().collect()
            };
            cluster.diagnose(property, Box::new(tell));
        }
    }
}

/// Takes all ReplicaSets of a Deployment away in a state; whether there were any.
pub fn forget<'c>(ctx: &'c Ctx, vars: &WorkloadVars, next: &mut State<'c>) -> Bool<'c> {
    let some = ctx.any(vars.made.iter().map(|&made| next.is(made)));
    vars.made.iter().for_each(|&made| next.set_bool(made, ctx.bool(false)));
    some
}
