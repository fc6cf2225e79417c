//! Whether there is always a node with room for a pod: the pigeonhole principle over all nodes at once.
//!
//! A node refuses a pod for want of room if some resource r of it is used beyond what the node has, less what the pod
//! asks for: used ≥ free − asked + 1 =: gap(r). A pod on the node that asks for a(r) contributes at most max over r of
//! a(r) / gap(r) towards that, so on a node that refuses these shares add up to 1 or more. If *all* nodes of a set refuse,
//! the shares of all pods there can be add up to at least the number of nodes, and no placement of the pods can make more
//! of them than each on the kind of node where its share is largest. So if even that sum stays below the number of
//! nodes, some node has room, whatever happened before: no search, no order, no score matters.
//!
//! The same holds with a positive weight for each kind of node (the dual of a linear program: any weights are sound,
//! good ones prove more), and weight 0 leaves a kind out. Shares are rounded up to multiples of 2⁻³².

use crate::cluster::NodeClass;
use crate::cluster::counting::layout::requested;
use crate::cluster::object::resources::Resources;

use super::survey::Survey;

/// Unit of shares.
const ONE: u128 = 1 << 32;

/// Whether, in every settled state in which a pod of the template waits, some node has room for it and nothing else
/// stands in its way.
pub fn always_has_room(survey: &Survey<'_>, template: usize) -> bool {
    has_room(survey, template, &survey.most)
}

/// The same for all pods of a workload. Where they stay once they are bound, it is enough that there is room when the first
/// block ends, before anybody was resized: afterwards none of them waits.
pub fn finds_room(survey: &Survey<'_>, workload: usize) -> bool {
    let mut templates = survey.templates_of(workload).filter(|&it| survey.most[it] > 0);
    templates.clone().all(|it| always_has_room(survey, it))
        || survey.spec.scenario.interleaving.waits()
            && survey.stays(workload)
            && templates.all(|it| has_room(survey, it, &survey.at_first))
}

/// Whether some node has room for a waiting pod while there are at most so many pods of each template.
fn has_room(survey: &Survey<'_>, template: usize, most: &[i64]) -> bool {
    if !survey.asks_for_room_only(template) {
        return false;
    }
    let kinds = kinds(survey, template);
    let demands = demands(survey, template, most);
    let names = resources(survey, template);
    prefixes(&kinds).any(|kinds| {
        let plain = kinds.iter().map(|_| 1);
        let by_room = kinds.iter().map(|kind| kind.gaps[0].max(1));
        is_surely_free(kinds, &plain.collect::<Vec<i64>>(), &demands, &names)
            || is_surely_free(kinds, &by_room.collect::<Vec<i64>>(), &demands, &names)
    })
}

/// Nodes that have the same room for a pod.
struct Kind {
    nodes: i64,
    /// By resource: what must be used at least so that the pod is refused; all are positive.
    gaps: Vec<i64>,
}

/// What a pod of the template asks for: only such resources can make a node refuse it.
fn resources(survey: &Survey<'_>, template: usize) -> Vec<String> {
    let asked = requested(&survey.templates[template]).filter(|&(_, amount)| amount > 0);
    asked.map(|(name, _)| name.to_owned()).collect()
}

/// The kinds of nodes that the template may use at any time, those with most room first.
fn kinds(survey: &Survey<'_>, template: usize) -> Vec<Kind> {
    let ground = survey.ground(template);
    let names = resources(survey, template);
    let pod = &survey.templates[template];
    let gaps = |class: &NodeClass| -> Vec<i64> {
        names.iter().map(|name| class.free(name).saturating_sub(pod.requests.get(name)).saturating_add(1)).collect()
    };
    let usable = survey.classes.iter().enumerate().filter(|&(at, _)| ground[at] && !survey.troubled[at]);
    let mut kinds: Vec<Kind> = Vec::new();
    for (_, class) in usable {
        let gaps = gaps(class);
        let nodes = class.members.len() as i64;
        match kinds.iter_mut().find(|kind| kind.gaps == gaps) {
            Some(kind) => kind.nodes += nodes,
            None if gaps.iter().all(|&gap| gap > 0) => kinds.push(Kind { nodes, gaps }),
            None => {}
        }
    }
    let totals: Vec<f64> = names.iter().map(|name| total(survey, name)).collect();
    let room =
        |kind: &Kind| kind.gaps.iter().zip(&totals).map(|(&gap, total)| gap as f64 / total).fold(f64::MAX, f64::min);
    kinds.sort_by(|a, b| room(b).total_cmp(&room(a)));
    kinds
}

/// What all pods together may ask for of a resource, at least 1: only for putting kinds in order.
fn total(survey: &Survey<'_>, name: &str) -> f64 {
    let demands = survey.templates.iter().zip(&survey.most);
    demands.map(|(pod, &most)| pod.requests.get(name) as f64 * most as f64).sum::<f64>().max(1.0)
}

/// Sets of kinds worth a try: the largest one, the two largest, and so on, at most so many.
fn prefixes(kinds: &[Kind]) -> impl Iterator<Item = &[Kind]> {
    const TRIED: usize = 16;
    let step = kinds.len().div_ceil(TRIED).max(1);
    (1..=kinds.len()).rev().step_by(step).map(|length| &kinds[..length])
}

/// What all pods but the one that waits may ask for, equal ones together.
fn demands<'a>(survey: &'a Survey<'_>, template: usize, most: &[i64]) -> Vec<(&'a Resources, i64)> {
    let mut demands: std::collections::HashMap<&Resources, i64> = Default::default();
    for (other, pod) in survey.templates.iter().enumerate() {
        let most = if other == template { most[other] - 1 } else { most[other] };
        *demands.entry(&pod.requests).or_default() += most.max(0);
    }
    demands.into_iter().collect()
}

fn is_surely_free(kinds: &[Kind], weights: &[i64], demands: &[(&Resources, i64)], names: &[String]) -> bool {
    let share = |asked: &Resources, kind: &Kind, weight: i64| {
        let by_resource = names.iter().zip(&kind.gaps);
        let shares = by_resource.map(|(name, &gap)| {
            let asked = asked.get(name).max(0) as u128;
            (asked * weight as u128).saturating_mul(ONE).div_ceil(gap as u128)
        });
        shares.max().unwrap_or(0)
    };
    let largest = |asked: &Resources| {
        kinds.iter().zip(weights).map(|(kind, &weight)| share(asked, kind, weight)).max().unwrap_or(0)
    };
    let needed: u128 =
        kinds.iter().zip(weights).map(|(kind, &weight)| (kind.nodes as u128) * weight as u128 * ONE).sum();
    let taken = demands
        .iter()
        .fold(0u128, |sum, &(asked, pods)| sum.saturating_add(largest(asked).saturating_mul(pods as u128)));
    taken < needed
}
