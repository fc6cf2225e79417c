//! Few workloads on the real nodes, in the company of the rest: for properties that ask where pods are, or that depend on
//! what happens to nodes.
//!
//! Only the focus keeps its controllers. Pods of others that never move stay where they are. What the rest can do to it is
//! over-approximated: where it reaches the same nodes, it may leave pods of the focus no room whenever it likes (unless even
//! all of it together leaves room on every node), and any node that passes the filters may win, whatever the scores.
//! [`obstacle`] lists what this does not cover.

use std::collections::BTreeSet;

use crate::cluster::counting::layout::requested;
use crate::cluster::object::spec::{ClusterSpec, Company, DeschedulerPlugin};
use crate::cluster::object::{budget, selector};
use crate::cluster::{Template, counting::loose, object::affinity};

use super::anywhere::may_be_preempted;
use super::arrival;
use super::frozen;
use super::survey::Survey;

/// Nodes on which pods of others that never move are shown, at most: each becomes a node of its own kind.
const MOST_SHOWN: usize = 12;

/// Workloads that a focus grows to at most.
pub const LARGEST: usize = 3;

/// A focus on the real nodes.
pub struct Apart {
    /// The model's cluster.
    pub spec: ClusterSpec,
    /// Whether others may leave pods of the focus no room.
    pub crowded: bool,
    /// Positions, in the whole scenario, of the commands that are left.
    pub commands: Vec<usize>,
}

/// The workload and whoever its pods ask about, or who shares a budget with it, and so on.
pub fn closure(survey: &Survey<'_>, workload: usize) -> BTreeSet<usize> {
    let mut focus = BTreeSet::from([workload]);
    let mut waiting = vec![workload];
    while let Some(next) = waiting.pop() {
        let met = survey.owners().map(|(other, _)| other).filter(|&other| !focus.contains(&other));
        let met: Vec<usize> = met.filter(|&other| meets(survey, next, other)).collect();
        focus.extend(&met);
        waiting.extend(met);
        if focus.len() > LARGEST {
            break;
        }
    }
    focus
}

/// The focus with whoever else can be on the nodes that its pods can be on, and so takes their room; `None` if there is
/// nobody, or they are too many.
pub fn with_neighbours(survey: &Survey<'_>, focus: &BTreeSet<usize>) -> Option<BTreeSet<usize>> {
    let own: Vec<usize> = templates(survey, focus).collect();
    let ground = grounds(survey, &own);
    let shown = survey.nodes_for(own.iter().copied()).len() <= MOST_SHOWN;
    let mut larger = focus.clone();
    for (other, _) in survey.owners().filter(|(other, _)| !focus.contains(other)) {
        // Who never moves is there already.
        let moves = !(shown && survey.never_moves(other));
        let mut templates = survey.templates_of(other).filter(|&it| survey.most[it] > 0);
        if moves && templates.any(|it| survey.reach(it).iter().zip(&ground).any(|(&here, &there)| here && there)) {
            larger.insert(other);
            if larger.len() > LARGEST {
                return None;
            }
        }
    }
    (larger.len() > focus.len()).then_some(larger)
}

/// By class: whether pods of some templates can be there.
fn grounds(survey: &Survey<'_>, own: &[usize]) -> Vec<bool> {
    let mut ours = vec![false; survey.classes.len()];
    for &template in own {
        ours.iter_mut().zip(survey.reach(template)).for_each(|(known, here)| *known |= here);
    }
    ours
}

fn pairs<'a>(survey: &'a Survey<'_>, a: usize, b: usize) -> impl Iterator<Item = (&'a Template, &'a Template)> {
    let of = move |workload: usize| survey.templates.iter().filter(move |template| template.workload == workload);
    of(a).flat_map(move |one| of(b).map(move |other| (one, other)))
}

fn meets(survey: &Survey<'_>, a: usize, b: usize) -> bool {
    pairs(survey, a, b).any(|(one, other)| {
        asks_about(one, other) || asks_about(other, one) || share_budget(survey, one, other) || share_ports(one, other)
    })
}

/// Whether a selector by which the scheduler looks at other pods for one template matches another.
fn asks_about(one: &Template, other: &Template) -> bool {
    let spread = one.spec.topology_spread_constraints.iter().flatten().map(|it| it.label_selector.as_ref());
    let terms = affinity::all(&one.spec).map(|term| term.label_selector.as_ref());
    spread.chain(terms).flatten().any(|it| selector::matches(it, &other.labels))
}

fn share_budget(survey: &Survey<'_>, one: &Template, other: &Template) -> bool {
    survey.spec.disruption_budgets.iter().any(|it| {
        let selects = |template: &Template| budget::selects(it, &template.namespace, &template.labels);
        selects(one) && selects(other)
    })
}

/// Whether pods of two templates may be refused a node for each other's host ports.
pub fn share_ports(one: &Template, other: &Template) -> bool {
    let number =
        |template: &Template| loose::host_ports(&template.spec).into_iter().map(|it| it.2).collect::<Vec<i32>>();
    let theirs = number(other);
    number(one).iter().any(|port| theirs.contains(port))
}

/// Why a focus cannot be looked at in the company of the rest; `None` if it can.
pub fn obstacle(survey: &Survey<'_>, focus: &BTreeSet<usize>) -> Option<String> {
    if focus.len() > LARGEST {
        return Some(format!("it belongs together with more than {} other workloads", LARGEST - 1));
    }
    let own: Vec<usize> = templates(survey, focus).collect();
    // A pod that is for one node and had to leave it in the first block waits as if it had never got there.
    let waits_again = |it: usize| survey.templates[it].is_daemon() && arrival::is_preempted_at_first_only(survey, it);
    if survey.templates.iter().any(|it| it.priority() != survey.templates[own[0]].priority())
        && own.iter().any(|&it| may_be_preempted(survey, it) && !waits_again(it))
    {
        return Some("pods of higher priority may preempt its pods".to_owned());
    }
    if own.iter().any(|&it| survey.templates[it].priority() != survey.templates[own[0]].priority()) {
        return Some("its pods may preempt each other".to_owned());
    }
    if survey.may_be_refused(&own) {
        return Some("a quota may refuse its pods".to_owned());
    }
    if survey.spec.scenario.overload.is_some() {
        return Some("nodes panic at what others' pods request".to_owned());
    }
    let strangers = survey.templates.iter().enumerate().filter(|(other, _)| !own.contains(other));
    let mut known = own.iter().map(|&it| &survey.templates[it]);
    if known.any(|pod| strangers.clone().any(|(_, other)| asks_about(pod, other) || share_ports(pod, other))) {
        return Some("its pods ask about pods without a modelled owner".to_owned());
    }
    if own.iter().any(|&it| survey.templates[it].pinned_to().is_some()) && !has_room_for_sure(survey, &own) {
        return Some("its pods name their node, and others may fill it".to_owned());
    }
    let descheduled = focus.iter().any(|&it| survey.is_descheduled(&survey.spec.workloads[it]));
    (descheduled && !is_plain(survey)).then(|| "what the descheduler evicts depends on others' pods".to_owned())
}

/// Whether the descheduler's decisions about a pod depend only on pods of the same owner.
fn is_plain(survey: &Survey<'_>) -> bool {
    survey.spec.descheduler.as_ref().is_none_or(|policy| {
        let limited = policy.max_total.is_some() || policy.max_per_namespace.is_some() || policy.max_per_node.is_some();
        let plain = |plugin: &DeschedulerPlugin| {
            matches!(plugin, DeschedulerPlugin::RemoveDuplicates { .. } | DeschedulerPlugin::NodeTaints(_))
        };
        !limited && policy.plugins.iter().all(|it| plain(&it.plugin) && !it.evictor.node_fit)
    })
}

fn templates<'a>(survey: &'a Survey<'_>, focus: &'a BTreeSet<usize>) -> impl Iterator<Item = usize> + 'a {
    focus.iter().flat_map(|&workload| survey.templates_of(workload))
}

/// The model of a focus, which has no [`obstacle`].
pub fn apart(survey: &Survey<'_>, focus: &BTreeSet<usize>) -> Apart {
    let own: Vec<usize> = templates(survey, focus).collect();
    let ground = survey.nodes_for(own.iter().copied());
    let few = if ground.len() <= MOST_SHOWN { ground } else { BTreeSet::new() };
    let (mut spec, commands) = frozen::without_company(survey, focus, |node| few.contains(node));
    let is_alone = !strangers_reach(survey, &own);
    let crowded = !is_alone && !has_room_for_sure(survey, &own);
    if crowded {
        let keys = focus.iter().map(|&it| survey.spec.workloads[it].key.clone());
        spec.company = Company { crowds_out: keys.collect(), ..Company::default() };
    }
    spec.company.holds_nodes = survey.owners().any(|(other, _)| !focus.contains(&other));
    for profile in &mut spec.scheduler {
        profile.preemption = false;
        if !is_alone {
            profile.scores.clear();
        }
    }
    Apart { spec, crowded, commands }
}

/// Whether other movable pods can be on nodes that pods of the focus can be on, or sway where these go.
fn strangers_reach(survey: &Survey<'_>, own: &[usize]) -> bool {
    let ours = grounds(survey, own);
    let strangers = (0..survey.templates.len()).filter(|other| !own.contains(other) && survey.most[*other] > 0);
    let known: Vec<&Template> = own.iter().map(|&it| &survey.templates[it]).collect();
    strangers.into_iter().any(|other| {
        let reaches = survey.reach(other).iter().zip(&ours).any(|(&here, &there)| here && there);
        let stranger = &survey.templates[other];
        reaches || known.iter().any(|pod| asks_about(pod, stranger) || asks_about(stranger, pod))
    })
}

/// Whether every node that pods of the focus can be on has room for all that can ever be there, and nobody repels them.
fn has_room_for_sure(survey: &Survey<'_>, own: &[usize]) -> bool {
    let all = (0..survey.templates.len()).filter(|&it| survey.most[it] > 0);
    let reaches: Vec<(usize, Vec<bool>)> = all.map(|it| (it, survey.reach(it))).collect();
    let mut grounds = own.iter().map(|&it| (it, survey.ground(it)));
    grounds.all(|(template, ground)| {
        let pod = &survey.templates[template];
        let strangers = survey.templates.iter().enumerate().filter(|(other, _)| !own.contains(other));
        let repels = |(_, other): (usize, &Template)| {
            affinity::required_anti(&other.spec)
                .iter()
                .flat_map(|it| &it.label_selector)
                .any(|it| selector::matches(it, &pod.labels))
        };
        let mut classes = survey.classes.iter().enumerate().filter(|&(class, _)| ground[class]);
        !strangers.into_iter().any(repels)
            && classes.all(|(position, class)| {
                requested(pod).filter(|&(_, amount)| amount > 0).all(|(name, _)| {
                    let here = reaches.iter().filter(|(_, reach)| reach[position]);
                    let here = here.filter(|(it, _)| !arrival::gives_way(survey, template, *it));
                    let used = here.map(|(it, _)| {
                        survey.templates[*it].requests.get(name).saturating_mul(survey.most_on_a_node(*it))
                    });
                    used.fold(0i64, i64::saturating_add) <= class.free(name)
                })
            })
    })
}
