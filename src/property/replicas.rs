//! Properties of replica counts that need history: `min-replicas`, `expected-replicas` and the finite form of
//! `no-replica-oscillation`.

use crate::cluster::scenario::PropertySpec;
use crate::cluster::spec::{Autoscaler, Workload};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::system::{ActionDraft, ActionKind, BoolVar, Checkpoint, IntVar, PropertyKind, State};
use crate::term::{Bool, Int};

use super::{Expression, OBSERVER_PREFIX, OBSERVER_RANK, PropertyError, Selection};

/// Smallest change that counts as rising or falling, in replicas.
const DEFAULT_THRESHOLD: i64 = 2;

/// The variables of one observer.
pub enum Monitor {
    /// Replicas that were reached once are kept.
    Floor {
        /// The property's name.
        property: &'static str,
        /// Position of the workload.
        workload: usize,
        /// The floor.
        floor: Floor,
        /// The floor that was last reached; 0 before.
        reached: IntVar,
        /// In which states it is asked.
        at: Checkpoint,
    },
    /// The replicas do not turn round by the threshold.
    Reversal {
        /// Position of the workload.
        workload: usize,
        /// Smallest change that counts.
        threshold: i64,
        /// Smallest and largest `spec.replicas` since the last disturbance or turn.
        low: IntVar,
        /// See `low`.
        high: IntVar,
        /// 0: neither; 1: has risen by the threshold; 2: has fallen by it.
        direction: IntVar,
        /// Set when it turned.
        reversed: BoolVar,
        /// Set by changes from outside.
        disturbed: BoolVar,
    },
}

/// How many replicas are demanded.
pub enum Floor {
    /// A fixed number.
    Fixed(i64),
    /// An expression over the spec.
    Computed(Expression),
}

impl Monitor {
    /// The property that it belongs to.
    pub fn property(&self) -> &'static str {
        match self {
            Monitor::Floor { property, .. } => property,
            Monitor::Reversal { .. } => "no-replica-oscillation",
        }
    }
}

fn autoscaler<'c>(cluster: &Cluster<'c>, object: &Workload) -> Option<&'c Autoscaler> {
    cluster.spec.autoscalers.iter().find(|autoscaler| autoscaler.target == object.key)
}

fn min_replicas(autoscaler: &Autoscaler) -> i64 {
    autoscaler.object.spec.as_ref().and_then(|spec| spec.min_replicas).map_or(1, i64::from)
}

/// Declares the variables of all replica monitors.
pub fn prepare(cluster: &mut Cluster<'_>, selection: &Selection) -> Result<Vec<Monitor>, PropertyError> {
    let mut monitors = Vec::new();
    for property in &selection.properties {
        let owners: Vec<(usize, &Workload, WorkloadVars)> = super::targets(cluster, &property.target)
            .map(|(index, object, vars)| (index, object, vars.clone()))
            .collect();
        for (index, object, vars) in owners {
            let autoscaler = autoscaler(cluster, object);
            let monitor = match property.name.as_str() {
                "min-replicas" => autoscaler.map(|it| {
                    let floor = Floor::Fixed(min_replicas(it));
                    declare_floor(cluster, "min-replicas", index, &vars, floor, Checkpoint::Settled)
                }),
                "expected-replicas" => expectation(cluster, property)?
                    .map(|floor| declare_floor(cluster, "expected-replicas", index, &vars, floor, Checkpoint::Every)),
                "no-replica-oscillation" if autoscaler.is_some() => {
                    Some(declare_reversal(cluster, index, object, &vars, threshold(property)?))
                }
                _ => None,
            };
            monitors.extend(monitor);
        }
    }
    Ok(monitors)
}

fn bad(property: &PropertySpec, argument: &str, reason: String) -> PropertyError {
    PropertyError::Argument { property: property.name.clone(), argument: argument.to_owned(), reason }
}

fn threshold(property: &PropertySpec) -> Result<i64, PropertyError> {
    match property.arguments.get("threshold") {
        None => Ok(DEFAULT_THRESHOLD),
        Some(text) => match text.trim().parse() {
            Ok(threshold) if threshold >= 1 => Ok(threshold),
            _ => Err(bad(property, "threshold", format!("`{text}` is not a number of at least 1"))),
        },
    }
}

/// What `expected-replicas` demands: its `value`, or, under maintenance, all replicas but those of the nodes that may be
/// under maintenance at a time.
fn expectation(cluster: &Cluster<'_>, property: &PropertySpec) -> Result<Option<Floor>, PropertyError> {
    if let Some(text) = property.arguments.get("value") {
        let expression =
            Expression::parse(text).map_err(|error| bad(property, "value", format!("`{text}`: {error}")))?;
        return Ok(Some(Floor::Computed(expression)));
    }
    let parallel = cluster.spec.scenario.maintenance.as_ref().map(|maintenance| i64::from(maintenance.parallel));
    Ok(parallel.map(|parallel| {
        let replicas = Expression::Name("spec.replicas".to_owned());
        Floor::Computed(Expression::Binary('-', Box::new(replicas), Box::new(Expression::Number(parallel))))
    }))
}

fn declare_floor(
    cluster: &Cluster<'_>,
    property: &'static str,
    workload: usize,
    vars: &WorkloadVars,
    floor: Floor,
    at: Checkpoint,
) -> Monitor {
    let most = vars.max_replicas.max(match floor {
        Floor::Fixed(number) => number,
        Floor::Computed(_) => 0,
    });
    let name = format!("{property} of {} reached", cluster.spec.workloads[workload].key);
    let reached = cluster.builder.int(name, 0, most, Some(0));
    Monitor::Floor { property, workload, floor, reached, at }
}

fn declare_reversal(
    cluster: &mut Cluster<'_>,
    workload: usize,
    object: &Workload,
    vars: &WorkloadVars,
    threshold: i64,
) -> Monitor {
    let disturbed = cluster.declare_disturbed(&object.key.to_string());
    let replicas = cluster.size.replicas(object);
    let int = |what: &str, most: i64, start: &[i64]| {
        cluster.size.int(&cluster.builder, format!("{} {what}", object.key), (0, most), start)
    };
    Monitor::Reversal {
        workload,
        threshold,
        low: int("lowest replicas", vars.max_replicas, &replicas),
        high: int("highest replicas", vars.max_replicas, &replicas),
        direction: int("direction", 2, &[0]),
        reversed: cluster.builder.bool(format!("{} reversed", object.key), Some(false)),
        disturbed,
    }
}

/// Adds observers and invariants of all replica monitors.
pub fn add(cluster: &Cluster<'_>, prepared: &super::Prepared) -> Result<(), PropertyError> {
    for monitor in &prepared.replicas {
        if cluster.is_stopped() {
            return Ok(());
        }
        match monitor {
            Monitor::Floor { property, workload, floor, reached, at } => {
                add_floor(cluster, property, *workload, floor, *reached, *at);
            }
            Monitor::Reversal { .. } => add_reversal(cluster, monitor),
        }
    }
    Ok(())
}

/// Pods of a workload on nodes that are up.
fn serving<'c>(cluster: &Cluster<'c>, state: &State<'c>, vars: &WorkloadVars) -> Int<'c> {
    let up = |template| cluster.sum(state, |cell| cluster.is_down(cell).ite(0, cluster.active_on(cell, template)));
    cluster.ctx().sum(vars.templates.iter().map(|&template| up(template)))
}

fn demanded<'c>(
    cluster: &Cluster<'c>,
    state: &State<'c>,
    workload: usize,
    vars: &WorkloadVars,
    floor: &Floor,
) -> Int<'c> {
    let limits = autoscaler(cluster, &cluster.spec.workloads[workload]);
    let (min, max) = limits.map_or((1, vars.max_replicas), |it| {
        (min_replicas(it), it.object.spec.as_ref().map_or(1, |spec| i64::from(spec.max_replicas)))
    });
    match floor {
        Floor::Fixed(number) => cluster.ctx().int(*number),
        Floor::Computed(expression) => state.get(vars.replicas).map(|replicas| {
            let value = expression.evaluate(&|name| match name {
                "minReplicas" => min,
                "maxReplicas" => max,
                _ => replicas,
            });
            value.clamp(0, vars.max_replicas)
        }),
    }
}

fn observer<'c>(cluster: &Cluster<'c>, what: String, guard: Bool<'c>, next: State<'c>) {
    let draft = ActionDraft {
        name: format!("{OBSERVER_PREFIX}{what}"),
        kind: ActionKind::Event { rank: OBSERVER_RANK },
        guard,
        inputs: Vec::new(),
        choice: cluster.ctx().bool(true),
        next,
        marks: Vec::new(),
    };
    cluster.observe(draft);
}

fn add_floor(
    cluster: &Cluster<'_>,
    property: &'static str,
    workload: usize,
    floor: &Floor,
    reached: IntVar,
    at: Checkpoint,
) {
    let Some(vars) = &cluster.workloads[workload] else { return };
    let object = &cluster.spec.workloads[workload];
    let state = cluster.state();
    let (count, demand) = (serving(cluster, &state, vars), demanded(cluster, &state, workload, vars, floor));
    let mut next = state.clone();
    next.set(reached, demand);
    let guard = state.get(reached).ne(demand) & count.ge(demand);
    observer(cluster, format!("{property} {}", object.key), guard, next);
    let gone = !cluster.exists(&state, vars);
    let holds = gone | count.ge(state.get(reached).min(demand));
    cluster.builder.property(property, object.key.to_string(), PropertyKind::Invariant { holds: holds.id(), at });
    let (count, demand, name) = (count.id(), demand.id(), object.key.to_string());
    cluster.diagnose(
        property,
        Box::new(move |scene| match (scene.get(count), scene.get(demand)) {
            (count, demand) if count < demand => {
                vec![format!("{name} has {count} pod(s) on nodes that are up, where at least {demand} are demanded and were reached before")]
            }
            _ => Vec::new(),
        }),
    );
}

fn add_reversal(cluster: &Cluster<'_>, monitor: &Monitor) {
    let Monitor::Reversal { workload, threshold, low, high, direction, reversed, disturbed } = *monitor else { return };
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
    let values = [
        (low, (fresh | (steady & fell)).ite(now, lowest)),
        (high, (fresh | (steady & rose)).ite(now, highest)),
        (direction, fresh.ite(0, steady.ite(rose.ite(1, fell.ite(2, 0)), state.get(direction)))),
    ];
    let reverses = !fresh & turned & !state.is(reversed);
    let mut next = state.clone();
    for (var, value) in values {
        next.set(var, value);
    }
    next.set_bool(reversed, state.is(reversed) | reverses);
    next.set_bool(disturbed, ctx.bool(false));
    let changes = ctx.any(values.iter().map(|&(var, value)| value.ne(state.get(var))));
    observer(cluster, format!("replicas of {}", object.key), fresh | changes | reverses, next);
    let kind = PropertyKind::Invariant { holds: (!state.is(reversed)).id(), at: Checkpoint::Every };
    let subject = format!("{}: reversal of {threshold} or more", object.key);
    cluster.builder.property("no-replica-oscillation", subject, kind);
}
