//! One whole reconcile: `syncDeployment`.
//!
//! Part of the rule `deployment/reconcile`.

use crate::cluster::view::rule::Rule;
use crate::term::{Bool, Ctx, Int};

use super::progress::Progress;
use super::status::Status;
use super::step::Step;
use super::view::{Annotation, Deployment, ReplicaSet};
use super::{history, recreate, rolling, scaling};

/// A reconcile that is about to happen.
pub struct Reconcile<'v, 'a, 'c> {
    /// Where terms go.
    pub ctx: &'c Ctx,
    /// The Deployment.
    pub deployment: &'v Deployment<'a, 'c>,
    /// Its ReplicaSets, oldest first, ties by name.
    pub sets: &'v [ReplicaSet<'c>],
    /// Which of them has the present template: of several the oldest.
    pub new: Option<usize>,
}

/// What a reconcile writes.
pub struct Written<'c> {
    /// Numbers of the Deployment's status.
    pub status: Status<'c>,
    /// Whether its condition Available is True.
    pub available: Bool<'c>,
    /// Its condition Progressing.
    pub progress: Progress<'c>,
    /// The revision of the ReplicaSet of the present template, found or created.
    pub revision: Int<'c>,
    /// Annotations `desired-replicas` and `max-replicas` of ReplicaSets.
    pub annotations: Vec<[Annotation<'c>; 2]>,
    /// ReplicaSets that the history limit removes.
    pub deleted: Vec<Bool<'c>>,
}

impl<'c> Reconcile<'_, '_, 'c> {
    /// Whether `spec.replicas` changed since ReplicaSets were last resized.
    pub fn is_scaling_event(&self) -> Bool<'c> {
        scaling::is_scaling_event(self.ctx, self.deployment, self.sets)
    }

    /// What decides what happens to ReplicaSets: whether that is a change of `spec.replicas`, and what does if not.
    pub fn deciding(&self) -> (Option<Bool<'c>>, &'static Rule) {
        match (self.deployment.paused, self.deployment.is_rolling()) {
            (true, _) => (None, &scaling::RULE),
            (false, true) => (Some(self.is_scaling_event()), &rolling::RULE),
            (false, false) => (Some(self.is_scaling_event()), &recreate::RULE),
        }
    }

    /// What happens to ReplicaSets.
    pub fn step(&self) -> Step<'c> {
        let (ctx, deployment, sets, new) = (self.ctx, self.deployment, self.sets, self.new);
        if deployment.paused {
            return scaling::step(ctx, deployment, sets, new);
        }
        let rollout = match deployment.is_rolling() {
            true => rolling::step(ctx, deployment, sets, new),
            false => recreate::step(ctx, deployment, sets, new),
        };
        let scales = self.is_scaling_event();
        if scales.constant() == Some(false) {
            return rollout;
        }
        let mut scaled = scaling::step(ctx, deployment, sets, new);
        scaled.idle = ctx.bool(false);
        scaled.or(scales, rollout)
    }

    /// What is written besides sizes, with the condition Progressing as it was before.
    pub fn written(&self, step: &Step<'c>, progress: Progress<'c>) -> Written<'c> {
        let (ctx, deployment, sets, new) = (self.ctx, self.deployment, self.sets, self.new);
        let status = Status::of(ctx, sets, new, step);
        let next_revision = history::next_revision(ctx, sets, new);
        let cleans = if deployment.paused { ctx.bool(true) } else { deployment.status.is_complete(deployment) };
        Written {
            available: status.is_available(deployment),
            progress: self.progress(step, &status, progress, next_revision),
            status,
            revision: new.map_or(next_revision, |new| sets[new].revision.max(next_revision)),
            annotations: self.annotations(step),
            deleted: history::deleted(ctx, deployment, sets, new, step.idle & cleans),
        }
    }

    fn progress(
        &self,
        step: &Step<'c>,
        status: &Status<'c>,
        before: Progress<'c>,
        next_revision: Int<'c>,
    ) -> Progress<'c> {
        let (ctx, paused) = (self.ctx, self.deployment.paused);
        let rolls_out = if paused { ctx.bool(false) } else { !self.is_scaling_event() };
        let Some(deadline) = self.deployment.progress_deadline else {
            let absent = Progress::none(ctx);
            return absent.or(rolls_out, before);
        };
        let found = self.new.map_or(ctx.bool(false), |new| self.sets[new].revision.ge(next_revision));
        let searched = before.after_pause(paused).after_search(found, step.creates);
        searched.after_rollout(self, status, deadline).or(rolls_out, searched)
    }

    fn annotations(&self, step: &Step<'c>) -> Vec<[Annotation<'c>; 2]> {
        let (replicas, most) = (self.deployment.replicas, self.deployment.max_replicas());
        let sets = self.sets.iter().zip(&step.annotated);
        sets.map(|(set, &when)| [set.desired.rewritten(when, replicas), set.max.rewritten(when, most)]).collect()
    }
}
