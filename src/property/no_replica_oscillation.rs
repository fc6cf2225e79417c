//! `no-replica-oscillation`: an autoscaler does not scale up and down, or round in circles, with no change from outside.
//!
//! Two forms: a finite one, kept by an observer of each workload, and a loop.

use crate::cluster::counting::sizes::BySize;
use crate::cluster::object::scenario::PropertySpec;
use crate::cluster::object::spec::Workload;
use crate::cluster::view::{Cluster, Declaring, Proposals, WorkloadVars};
use crate::system::{BoolVar, Checkpoint, IntVar, PropertyKind};

use super::definition::{About, Definition, Field, Observer};
use super::floor::autoscaler;
use super::loops::forbid_each;
use super::observer::observe;
use super::{PropertyError, targets};

/// The property.
pub const DEFINITION: Definition = Definition {
    name: "no-replica-oscillation",
    says: "an autoscaler does not scale up and down, or round in circles, with no change from outside",
    violated_by: "either a *reversal*: with no change from outside in between, what an autoscaler proposes turns round, and \
                  `spec.replicas` of its workload rises by at least `threshold` and later falls by at least as much, or the \
                  other way round (an earlier recommendation that is carried out late turns nothing round); or a *loop* \
                  that changes its `spec.replicas`",
    arguments: &["threshold"],
    needs: "it needs a workload with a HorizontalPodAutoscaler",
    about: About { marks: true, turns: true, ..Definition::PLAIN.about },
    field: Field::OfAutoscaler("spec.metrics"),
    may_apply: |spec| !spec.autoscalers.is_empty(),
    observe: observers,
    build,
    ..Definition::PLAIN
};

/// Smallest change that counts as rising or falling, in replicas.
const DEFAULT_THRESHOLD: i64 = 2;

/// The memory of the finite form.
#[derive(Clone, Copy)]
struct Reversal {
    /// Position of the workload.
    workload: usize,
    /// Smallest change that counts.
    threshold: i64,
    /// Smallest and largest `spec.replicas` since the last disturbance or turn; 0 where it does not matter.
    low: IntVar,
    /// See `low`.
    high: IntVar,
    /// 0: neither; 1: has risen by the threshold; 2: has fallen by it.
    direction: IntVar,
    /// Set when it turned.
    reversed: BoolVar,
    /// Set by changes from outside.
    disturbed: BoolVar,
    /// What autoscalers proposed since the last of these.
    proposals: Proposals,
}

fn threshold(property: &PropertySpec) -> Result<i64, PropertyError> {
    match property.arguments.get("threshold") {
        None => Ok(DEFAULT_THRESHOLD),
        Some(text) => match text.trim().parse() {
            Ok(threshold) if threshold >= 1 => Ok(threshold),
            _ => Err(DEFINITION.bad("threshold", format!("`{text}` is not a number of at least 1"))),
        },
    }
}

fn observers(cluster: &mut Declaring<'_>, property: &PropertySpec) -> Result<Vec<Observer>, PropertyError> {
    let scaled = targets(cluster, &property.target).filter(|(_, object, _)| autoscaler(cluster, object).is_some());
    let scaled: Vec<(usize, &Workload, WorkloadVars)> =
        scaled.map(|(index, object, vars)| (index, object, vars.clone())).collect();
    let mut observers: Vec<Observer> = Vec::new();
    for (workload, object, vars) in scaled {
        let reversal = Reversal::declare(cluster, workload, object, &vars, threshold(property)?);
        observers.push(Box::new(move |cluster| reversal.add(cluster)));
    }
    Ok(observers)
}

/// The loop: `spec.replicas` of an autoscaled workload does not go round in a circle.
fn build(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<bool, PropertyError> {
    let is_scaled = |object: &Workload| autoscaler(cluster, object).is_some();
    Ok(forbid_each(cluster, property, is_scaled, |index| cluster.resize_mark(index)))
}

impl Reversal {
    fn declare(
        cluster: &mut Declaring<'_>,
        workload: usize,
        object: &Workload,
        vars: &WorkloadVars,
        threshold: i64,
    ) -> Self {
        let disturbed = cluster.disturbed(&object.key.to_string());
        let proposals = cluster.follow_proposals(workload, &object.key.to_string(), vars.max_replicas);
        let replicas = cluster.replicas_by_size(object);
        let int = |what: &str, most: i64, start: &BySize<i64>| {
            cluster.int_by_size(format!("{} {what}", object.key), (0, most), start)
        };
        Reversal {
            workload,
            threshold,
            low: int("lowest replicas", vars.max_replicas, &replicas),
            high: int("highest replicas", vars.max_replicas, &replicas),
            direction: int("direction", 2, &BySize::same(0)),
            reversed: cluster.bool(format!("{} reversed", object.key), Some(false)),
            disturbed,
            proposals,
        }
    }

    fn add(&self, cluster: &Cluster<'_>) {
        let Reversal { workload, threshold, low, high, direction, reversed, disturbed, proposals } = *self;
        let Some(vars) = &cluster.workloads[workload] else { return };
        let (object, state, ctx) = (&cluster.spec.workloads[workload], cluster.state(), cluster.ctx());
        let now = state.get(vars.replicas);
        let fresh = state.is(disturbed);
        let (lowest, highest) = (state.get(low).min(now), state.get(high).max(now));
        let (rising, falling) = (state.get(direction).eq(1), state.get(direction).eq(2));
        let rose = (now - lowest).ge(threshold);
        let fell = (highest - now).ge(threshold);
        let turned = (rising & fell) | (falling & rose);
        let steady = !rising & !falling;
        let (up, down) = (rising | (steady & rose), falling | (steady & fell & !rose));
        // After a rise only a fall matters, and the other way round: the other extreme is not kept.
        let values = [
            (low, fresh.ite(now, up.ite(0, (steady & fell).ite(now, lowest)))),
            (high, fresh.ite(now, down.ite(0, (steady & rose).ite(now, highest)))),
            (direction, fresh.ite(0, up.ite(1, down.ite(2, 0)))),
        ];
        let reverses = !fresh & turned & proposals.have_turned(&state) & !state.is(reversed);
        let mut next = state.clone();
        for (var, value) in values {
            next.set(var, value);
        }
        next.set_bool(reversed, state.is(reversed) | reverses);
        next.set_bool(disturbed, ctx.bool(false));
        proposals.forget(&state, &mut next, fresh);
        let changes = ctx.any(values.iter().map(|&(var, value)| value.ne(state.get(var))));
        observe(cluster, format!("replicas of {}", object.key), fresh | changes | reverses, next, Vec::new());
        let kind = PropertyKind::Invariant { holds: (!state.is(reversed)).id(), at: Checkpoint::Every };
        let subject = format!("{}: reversal of {threshold} or more", object.key);
        cluster.property(DEFINITION.name, subject, kind);
    }
}
