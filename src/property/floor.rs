//! What properties have in common that demand so many replicas: once a demand was met, there are never fewer than that,
//! or than what is demanded now.

use crate::cluster::object::activation::Activation;
use crate::cluster::object::selector;
use crate::cluster::object::spec::{Autoscaler, Workload};
use crate::cluster::view::{Cluster, Declaring, View, WorkloadVars, effect};
use crate::cluster::{Cell, TemplateId};
use crate::system::{Checkpoint, IntVar, PropertyKind, State};
use crate::term::Int;

use super::Expression;
use super::definition::Observer;
use super::observer::observe;

/// How many replicas are demanded.
pub enum Demand {
    /// A fixed number.
    Fixed(i64),
    /// An expression over the spec.
    Computed(Expression),
}

/// The replicas that a property demands of a workload, with the memory that it needs.
struct Floor {
    property: &'static str,
    /// Position of the workload.
    workload: usize,
    demand: Demand,
    /// The demand that was last met; 0 before.
    reached: IntVar,
    /// In which states it is asked.
    at: Checkpoint,
    /// Which pods count.
    counts: Counts,
}

/// Which pods count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Those on nodes that are up.
    Serving,
    /// Also those on nodes that are down which will be evicted, or are back when their node is: the failure took them, and
    /// they are on their way.
    Replaced,
}

/// The autoscaler of a workload.
pub fn autoscaler<'c>(cluster: &View<'c>, object: &Workload) -> Option<&'c Autoscaler> {
    cluster.spec.autoscalers.iter().find(|autoscaler| autoscaler.target == object.key)
}

/// The replicas below which an autoscaler never goes.
pub fn min_replicas(autoscaler: &Autoscaler) -> i64 {
    autoscaler.object.spec.as_ref().and_then(|spec| spec.min_replicas).map_or(1, i64::from)
}

/// The size at which KEDA lets a workload sleep.
fn idle(cluster: &View<'_>, object: &Workload) -> Option<i64> {
    cluster.spec.activations.iter().find(|it| it.target == object.key).map(Activation::idle_size)
}

/// Declares the memory of a property that demands replicas of a workload.
pub fn declare(
    cluster: &Declaring<'_>,
    property: &'static str,
    workload: usize,
    vars: &WorkloadVars,
    demand: Demand,
    (at, counts): (Checkpoint, Counts),
) -> Observer {
    let most = vars.max_replicas.max(match demand {
        Demand::Fixed(number) => number,
        Demand::Computed(_) => 0,
    });
    let name = format!("{property} of {} reached", cluster.spec.workloads[workload].key);
    let reached = cluster.int(name, 0, most, Some(0));
    let floor = Floor { property, workload, demand, reached, at, counts };
    Box::new(move |cluster| floor.add(cluster))
}

/// Pods of a workload that count.
fn counted<'c>(cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars, counts: Counts) -> Int<'c> {
    let ctx = cluster.ctx();
    let replaces = counts == Counts::Replaced && cluster.spec.scenario.controllers.taint_eviction;
    let some_up = ctx.any(cluster.cells(state).iter().map(|cell| cell.exists & !cluster.is_down(cell)));
    let of = |template: TemplateId| {
        let evicted = replaces && selector::leave_nodes_that_are_down(cluster.templates[template.0].tolerations());
        let counts = |cell: &Cell<'c>| !cluster.is_down(cell) | (ctx.bool(evicted) & some_up);
        cluster.sum(state, |cell| counts(cell).ite(cluster.active_on(cell, template), 0))
    };
    ctx.sum(vars.templates.iter().map(|&template| of(template)))
}

impl Floor {
    fn demanded<'c>(&self, cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars) -> Int<'c> {
        let object = &cluster.spec.workloads[self.workload];
        let limits = autoscaler(cluster, object);
        let idle = idle(cluster, object);
        let (min, max) = limits.map_or((1, vars.max_replicas), |it| {
            (min_replicas(it), it.object.spec.as_ref().map_or(1, |spec| i64::from(spec.max_replicas)))
        });
        match &self.demand {
            Demand::Fixed(number) => match idle.filter(|idle| idle < number) {
                None => cluster.ctx().int(*number),
                Some(idle) => state.get(vars.replicas).eq(idle).ite(idle, *number),
            },
            Demand::Computed(expression) => state.get(vars.replicas).map(|replicas| {
                let value = expression.evaluate(&|name| match name {
                    "minReplicas" => idle.filter(|&idle| idle < min && idle == replicas).unwrap_or(min),
                    "maxReplicas" => max,
                    _ => replicas,
                });
                value.clamp(0, vars.max_replicas)
            }),
        }
    }

    fn add(&self, cluster: &Cluster<'_>) {
        let Floor { property, workload, reached, at, counts, .. } = *self;
        let Some(vars) = &cluster.workloads[workload] else { return };
        let object = &cluster.spec.workloads[workload];
        let state = cluster.state();
        let (count, demand) = (counted(cluster, &state, vars, counts), self.demanded(cluster, &state, vars));
        let mut next = state.clone();
        next.set(reached, demand);
        let guard = state.get(reached).ne(demand) & count.ge(demand);
        let seen = effect::on_nodes(&[effect::bound, effect::deleted], vars.templates.iter().copied());
        observe(cluster, format!("{property} {}", object.key), guard, next, seen.clone());
        let gone = !cluster.exists(&state, vars);
        let holds = gone | count.ge(state.get(reached).min(demand));
        let kind = PropertyKind::Invariant { holds: holds.id(), at };
        cluster.property_seeing(property, object.key.to_string(), kind, seen);
        let (count, demand, name) = (count.id(), demand.id(), object.key.to_string());
        let awaits = counts == Counts::Replaced && cluster.nodes_may_be_down();
        let nodes = if awaits { "nodes" } else { "nodes that are up" };
        cluster.diagnose(
            property,
            Box::new(move |scene| match (scene.get(count), scene.get(demand)) {
                (count, demand) if count < demand => {
                    vec![format!("{name} has {count} pod(s) on {nodes}, where at least {demand} are demanded and were reached before").into()]
                }
                _ => Vec::new(),
            }),
        );
    }
}
