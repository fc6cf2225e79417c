//! What the company is driven to where a counterexample needs room to be short, or to come free: autoscaled workloads go
//! as far as their loads make them.

use crate::cluster::spec::{ClusterSpec, ObjectKey};

use super::guide::{Deed, Guide, Value, command_name};

/// Rounds of autoscaling that are tried for a workload; policies may allow but a part of the way at a time.
const ROUNDS: usize = 12;

/// Where the company is driven to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// As large as loads make it: room gets short.
    Grow,
    /// As small as loads let it: room comes free.
    Shrink,
}

/// Puts loads of all workloads but one at their ends, lets their autoscalers follow, and only then does what `guide`
/// says, and what makes the one grow.
pub fn driven(spec: &ClusterSpec, but: &ObjectKey, guide: &Guide, drive: Drive) -> Guide {
    let mut driven = guide.clone();
    let others = spec.autoscalers.iter().filter(|autoscaler| autoscaler.target != *but);
    let mut deeds: Vec<Deed> = others.flat_map(|it| scaling(spec, &it.target, &it.key, drive)).collect();
    driven.loop_start = guide.loop_start.map(|start| start + deeds.len());
    deeds.extend(guide.deeds.iter().cloned());
    let own = spec.autoscalers.iter().filter(|autoscaler| autoscaler.target == *but);
    if guide.loop_start.is_none() {
        deeds.extend(own.flat_map(|it| scaling(spec, &it.target, &it.key, Drive::Grow)));
        deeds.extend(commands(spec));
    }
    driven.deeds = deeds;
    driven
}

/// Every autoscaled workload grows as far as its loads make it.
pub fn all_grow(spec: &ClusterSpec) -> Guide {
    let deeds = spec.autoscalers.iter().flat_map(|it| scaling(spec, &it.target, &it.key, Drive::Grow));
    Guide { deeds: deeds.chain(commands(spec)).collect(), ..Guide::default() }
}

/// All that users do, in order: some of it may make workloads larger.
fn commands(spec: &ClusterSpec) -> impl Iterator<Item = Deed> + '_ {
    let commands = spec.scenario.commands.iter().enumerate();
    commands.map(|(position, command)| Deed { action: command_name(position, command), inputs: Vec::new() })
}

/// The steps by which a workload goes as far as it can.
fn scaling(spec: &ClusterSpec, target: &ObjectKey, autoscaler: &ObjectKey, drive: Drive) -> Vec<Deed> {
    let end = match drive {
        Drive::Grow => i64::MAX,
        Drive::Shrink => 0,
    };
    let deed = |action: String| Deed { action, inputs: vec![(Deed::ANY.to_owned(), Value::Number(end))] };
    let loads = spec.scenario.loads.iter().filter(|load| load.target == *target);
    let mut deeds: Vec<Deed> = loads.map(|load| deed(format!("load of {} ({})", load.target, load.metric))).collect();
    deeds.extend(std::iter::repeat_n(deed(format!("hpa {autoscaler}")), ROUNDS));
    deeds
}
