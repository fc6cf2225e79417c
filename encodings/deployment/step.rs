//! What one reconcile does to ReplicaSets: `scaleReplicaSet`.
//!
//! Part of the rule `deployment/reconcile`.

use crate::term::{Bool, Ctx, Int};

use super::view::ReplicaSet;

/// A resize that the controller reports.
#[derive(Clone, Copy)]
pub struct Event<'c> {
    /// Which ReplicaSet; `None`: the one that this reconcile creates.
    pub set: Option<usize>,
    /// Its size before.
    pub from: Int<'c>,
    /// Its size afterwards.
    pub to: Int<'c>,
    /// Whether it happens.
    pub happens: Bool<'c>,
}

/// Changes of one reconcile.
#[derive(Clone)]
pub struct Step<'c> {
    /// `spec.replicas` afterwards.
    pub sizes: Vec<Int<'c>>,
    /// Whose annotations `desired-replicas` and `max-replicas` now show the Deployment's.
    pub annotated: Vec<Bool<'c>>,
    /// Whether a ReplicaSet for the present template is created.
    pub creates: Bool<'c>,
    /// Its size.
    pub first_size: Int<'c>,
    /// In the order in which they are reported.
    pub events: Vec<Event<'c>>,
    /// Whether nothing was left to do, so that old ReplicaSets may be cleaned up.
    pub idle: Bool<'c>,
}

impl<'c> Step<'c> {
    /// No change.
    pub fn none(ctx: &'c Ctx, sets: &[ReplicaSet<'c>]) -> Self {
        Step {
            sizes: sets.iter().map(|set| set.size).collect(),
            annotated: vec![ctx.bool(false); sets.len()],
            creates: ctx.bool(false),
            first_size: ctx.int(0),
            events: Vec::new(),
            idle: ctx.bool(true),
        }
    }

    /// Resizes one ReplicaSet under a condition and reports it if that changes anything.
    pub fn resize(&mut self, position: usize, when: Bool<'c>, to: Int<'c>) {
        let from = self.sizes[position];
        let happens = when & from.ne(to);
        self.events.push(Event { set: Some(position), from, to, happens });
        self.sizes[position] = when.ite(to, from);
        self.annotated[position] = self.annotated[position] | happens;
    }

    /// Creates the ReplicaSet of the present template under a condition.
    pub fn create(&mut self, ctx: &'c Ctx, when: Bool<'c>, size: Int<'c>) {
        self.creates = when;
        self.first_size = size;
        self.events.push(Event { set: None, from: ctx.int(0), to: size, happens: when & size.ge(1) });
    }

    /// This step where the ReplicaSet that it creates is the one at `position`, which was of size 0.
    pub fn created_at(mut self, position: usize) -> Self {
        self.sizes[position] = self.creates.ite(self.first_size, self.sizes[position]);
        self.annotated[position] = self.annotated[position] | self.creates;
        let created = self.events.iter_mut().filter(|event| event.set.is_none());
        created.for_each(|event| event.set = Some(position));
        self
    }

    /// This step if an error ends it after so many of its resizes.
    pub fn up_to(&self, ctx: &'c Ctx, sets: &[ReplicaSet<'c>], writes: Int<'c>) -> Self {
        let mut step = Step::none(ctx, sets);
        for (number, event) in self.events.iter().enumerate() {
            if let Some(set) = event.set {
                step.resize(set, event.happens & writes.gt(number as i64), event.to);
            }
        }
        step
    }

    /// This step under a condition, otherwise the other.
    pub fn or(self, when: Bool<'c>, other: Step<'c>) -> Self {
        let choose = |(here, there): (Int<'c>, Int<'c>)| when.ite(here, there);
        let limited =
            |condition: Bool<'c>| move |event: Event<'c>| Event { happens: condition & event.happens, ..event };
        let (here, there) = (self.events.into_iter().map(limited(when)), other.events.into_iter().map(limited(!when)));
        Step {
            sizes: self.sizes.into_iter().zip(other.sizes).map(choose).collect(),
            annotated: self.annotated.into_iter().zip(other.annotated).map(|(a, b)| when.ite_bool(a, b)).collect(),
            creates: when.ite_bool(self.creates, other.creates),
            first_size: when.ite(self.first_size, other.first_size),
            events: here.chain(there).filter(|event| event.happens.constant() != Some(false)).collect(),
            idle: when.ite_bool(self.idle, other.idle),
        }
    }
}
