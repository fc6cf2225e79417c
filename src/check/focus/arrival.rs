//! DaemonSets whose pods come in the first block, each to its node, and stay: if they preempt others, they do so by then and
//! never again.
//!
//! A pod that preempts takes all the room of its node that pods of lower priority use. So it surely gets there if all others
//! that can ever be on the node leave room for it.

use crate::cluster::counting::layout::requested;
use crate::cluster::object::spec::WorkloadKind;

use super::anywhere::preemptors;
use super::apart::share_ports;
use super::survey::{Survey, is_used};

/// Whether pods of a template are preempted in the first block at most, and only by DaemonSets whose pods stay.
pub fn is_preempted_at_first_only(survey: &Survey<'_>, template: usize) -> bool {
    preemptors(survey, template).all(|other| comes_once(survey, other))
}

/// Whether the pods of a template come in the first block and stay where they are.
fn comes_once(survey: &Survey<'_>, template: usize) -> bool {
    let pod = &survey.templates[template];
    let owner = &survey.spec.workloads[pod.workload];
    let scenario = &survey.spec.scenario;
    let is_commanded = scenario.commands.iter().any(|it| it.action.target() == Some(&owner.key));
    let mut reached = survey.reach(template).into_iter().zip(&survey.troubled);
    owner.kind == WorkloadKind::DaemonSet
        && scenario.interleaving.waits()
        && scenario.overload.is_none()
        && !owner.created_later
        && !is_commanded
        && !survey.is_descheduled(owner)
        && (0..owner.revisions.len()).filter(|&it| is_used(survey.spec, owner, it)).count() == 1
        && !reached.any(|(reached, &troubled)| reached && troubled)
        && fits_by_preempting(survey, template)
        && is_preempted_at_first_only(survey, template)
}

/// Whether every node that pods of a template are made for has room for one, once all of lower priority are gone.
pub fn fits_by_preempting(survey: &Survey<'_>, template: usize) -> bool {
    let pod = &survey.templates[template];
    let ground = survey.ground(template);
    let stays: Vec<(usize, Vec<bool>)> = (0..survey.templates.len())
        .filter(|&other| survey.most[other] > 0 && !gives_way(survey, template, other))
        .map(|other| (other, survey.reach(other)))
        .collect();
    let mut others = survey.templates.iter().enumerate().filter(|&(other, _)| other != template);
    let meets_ports = others.any(|(other, it)| share_ports(pod, it) && !gives_way(survey, template, other));
    let mut classes = survey.classes.iter().enumerate().filter(|&(class, _)| ground[class]);
    pod.is_daemon()
        && survey.asks_nothing_of_others(template)
        && !meets_ports
        && classes.all(|(position, class)| {
            requested(pod).filter(|&(_, amount)| amount > 0).all(|(name, _)| {
                let here = stays.iter().filter(|(_, reach)| reach[position]);
                let used = here
                    .map(|&(it, _)| survey.templates[it].requests.get(name).saturating_mul(survey.most_on_a_node(it)));
                used.fold(0i64, i64::saturating_add) <= class.free(name)
            })
        })
}

/// Whether pods of one template preempt those of another wherever they need their room.
pub fn gives_way(survey: &Survey<'_>, template: usize, other: usize) -> bool {
    let (pod, prey) = (&survey.templates[template], &survey.templates[other]);
    let is_owned = survey.spec.workloads[prey.workload].kind != WorkloadKind::Fixed;
    pod.is_daemon() && survey.may_preempt(template) && is_owned && prey.priority() < pod.priority()
}
