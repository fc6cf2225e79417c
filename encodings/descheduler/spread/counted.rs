//! RemovePodsViolatingTopologySpreadConstraint:
//! `pkg/framework/plugins/removepodsviolatingtopologyspreadconstraint/topologyspreadconstraint.go`.
//!
//! Where the largest and the smallest domain of a constraint differ by more than maxSkew, pods move, on paper, from
//! domains above the average to domains below it, the largest first; the ones that moved are evicted. This encoding
//! takes the sources in that order and lets each lose what it has above the average, rounded up, until the number of
//! moves is used up. That number is what sources have to give or sinks can take, whichever is less; upstream stops
//! earlier where a pair of domains has come within maxSkew of each other, so that the number is free within bounds,
//! which coincide for maxSkew 1 and a whole average.
//!
//! Within a domain of several nodes pods go node by node, in any order of nodes.
//!
//! Left out: pods of several templates under one constraint go template by template; several constraints are balanced
//! one after the other rather than on the same snapshot; priorities and selectors do not order pods of one template.

use itertools::Itertools;

use crate::cluster::spec::NamespaceFilter;
use crate::cluster::story::{Scene, Sentence};
use crate::cluster::view::Cluster;
use crate::cluster::{Cell, TemplateId};
use crate::encodings::descheduler;
use crate::encodings::kube_scheduler::{Constraint, constraints as constraints_of};
use crate::encodings::ranks;
use crate::system::{ActionDraft, ActionKind, IntVar, State};
use crate::term::{Bool, Int};

/// One constraint and what a cycle remembers of it.
pub struct GroupVars {
    constraint: Constraint,
    owner: TemplateId,
    values: Vec<String>,
    node_fit: bool,
    /// Moves that are still to be made; 0 when no cycle is under way.
    moves: IntVar,
    /// Pods under the constraint when the cycle began.
    total: IntVar,
    /// The domain that is losing pods (position in `values`), and how many it still has to lose.
    domain: IntVar,
    left: IntVar,
}

/// Declares the memory of every constraint that the plugin balances.
pub fn declare(
    cluster: &Cluster<'_>,
    wanted: &[String],
    namespaces: &NamespaceFilter,
    node_fit: bool,
) -> Vec<GroupVars> {
    let mut groups: Vec<GroupVars> = Vec::new();
    for owner in descheduler::eligible(cluster, namespaces) {
        for when in ["DoNotSchedule", "ScheduleAnyway"] {
            if !wanted.iter().any(|wanted| wanted == when) {
                continue;
            }
            for constraint in constraints_of(cluster, owner, when) {
                let same = |group: &GroupVars| {
                    let known = &group.constraint;
                    known.key == constraint.key
                        && known.max_skew == constraint.max_skew
                        && known.counted == constraint.counted
                };
                if !constraint.counted.is_empty() && !groups.iter().any(same) {
                    groups.push(declare_group(cluster, constraint, owner, node_fit));
                }
            }
        }
    }
    groups
}

fn declare_group(cluster: &Cluster<'_>, constraint: Constraint, owner: TemplateId, node_fit: bool) -> GroupVars {
    let most: i64 = constraint.counted.iter().map(|id| cluster.templates[id.0].max_pods).sum();
    let labels = cluster.classes.iter().filter_map(|class| class.label(&constraint.key));
    let values: Vec<String> = labels.map(str::to_owned).sorted().dedup().collect();
    let name = |what: &str| format!("descheduler {} {} {what}", cluster.templates[owner.0].name, constraint.key);
    let int = |what: &str, most: i64| cluster.builder.int(name(what), 0, most, Some(0));
    GroupVars {
        moves: int("moves", most),
        total: int("total", most),
        domain: int("domain", if constraint.singleton { 0 } else { values.len().saturating_sub(1) as i64 }),
        left: int("left", if constraint.singleton { 0 } else { most }),
        constraint,
        owner,
        values,
        node_fit,
    }
}

/// Adds the plugin for every constraint.
pub fn add(cluster: &Cluster<'_>, groups: &[GroupVars]) {
    for group in groups {
        add_cycle(cluster, group);
        if group.constraint.singleton {
            add_node_eviction(cluster, group);
        } else {
            add_domain_choice(cluster, group);
            add_domain_eviction(cluster, group);
        }
    }
}

/// A domain: how many there are of that size, and the size.
struct Domain<'c> {
    number: Int<'c>,
    size: Int<'c>,
}

impl GroupVars {
    fn includes(&self, cluster: &Cluster<'_>, cell: &Cell<'_>) -> bool {
        cluster.classes[cell.class].label(&self.constraint.key).is_some()
            && descheduler::is_feasible(cluster, cell.class, self.owner)
    }

    fn name(&self, cluster: &Cluster<'_>) -> String {
        format!("{} over {}", cluster.templates[self.owner.0].name, self.constraint.key)
    }

    fn domains<'c>(&self, cluster: &Cluster<'c>, cells: &[Cell<'c>]) -> Vec<Domain<'c>> {
        let ctx = cluster.ctx();
        let included = cells.iter().filter(|cell| self.includes(cluster, cell));
        if self.constraint.singleton {
            let domain = |cell: &Cell<'c>| Domain {
                number: cluster.is_down(cell).ite(0, cell.multiplicity),
                size: self.constraint.on_cell(cluster, cell),
            };
            return included.map(domain).collect();
        }
        let sizes =
            self.constraint.by_domain(cluster, cells, &|class| descheduler::is_feasible(cluster, class, self.owner));
        sizes.into_values().map(|size| Domain { number: ctx.int(1), size }).collect()
    }
}

/// Begins a cycle: how many moves there will be.
fn add_cycle(cluster: &Cluster<'_>, group: &GroupVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let domains = group.domains(cluster, &cells);
    let most = state.get(group.total).range().hi;
    let number = ctx.sum(domains.iter().map(|domain| domain.number)).min(cluster.spec.nodes.len() as i64);
    let total = ctx.sum(domains.iter().map(|domain| domain.number * domain.size)).min(most);
    let average = total.div(number.max(1));
    let above = (total + number.minus_or_zero(1)).div(number.max(1));
    let largest = ctx.max(domains.iter().map(|domain| domain.number.ge(1).ite(domain.size, 0)), 0);
    let smallest = ctx.min(domains.iter().map(|domain| domain.number.ge(1).ite(domain.size, most)), 0);
    let sum = |amount: &dyn Fn(&Domain<'_>) -> TermPair| {
        ctx.sum(domains.iter().map(|domain| {
            let (times, each) = amount(domain);
            ctx.as_int(times) * ctx.as_int(each)
        }))
    };
    let give = sum(&|domain| (domain.number.id(), domain.size.minus_or_zero(average).id()));
    let take = sum(&|domain| (domain.number.id(), above.minus_or_zero(domain.size).id()));
    let sure = sum(&|domain| (domain.number.id(), domain.size.minus_or_zero(above).id()))
        .min(sum(&|domain| (domain.number.id(), average.minus_or_zero(domain.size).id())));
    let highest = give.min(take).min(most);
    let lowest = match group.constraint.max_skew {
        1 => above.eq(average).ite(highest, sure.max(1)),
        _ => ctx.int(1),
    };
    let (input, moves) = cluster.builder.input("moves", 1, most.max(1));
    let mut next = state.clone();
    next.set(group.moves, moves.min(most));
    next.set(group.total, total);
    let skewed = (largest - smallest).gt(group.constraint.max_skew);
    let guard = skewed & highest.ge(1) & lowest.le(highest) & is_placeable(cluster, group, &cells, total, number);
    let draft = ActionDraft {
        name: format!("descheduler balances {}", group.name(cluster)),
        kind: ActionKind::Periodic,
        guard,
        inputs: vec![input],
        choice: moves.ge(lowest) & moves.le(highest),
        next,
        marks: Vec::new(),
    };
    let (what, key, skew) =
        (cluster.templates[group.owner.0].name.clone(), group.constraint.key.clone(), group.constraint.max_skew);
    let ids = [largest.id(), smallest.id(), moves.id()];
    let tell = move |scene: &Scene<'_>| {
        let [largest, smallest, moves] = ids.map(|id| scene.get(id));
        Sentence::new("descheduler", format!("decides to evict {moves} pod(s) of {what} to balance {key}")).because(format!(
            "RemovePodsViolatingTopologySpreadConstraint: the largest domain has {largest}, the smallest {smallest}, maxSkew is {skew}"
        ))
    };
    cluster.act(draft, Box::new(tell));
}

type TermPair = (crate::term::TermId, crate::term::TermId);

/// Whether a pod fits some node of a domain below the average (`topologyBalanceNodeFit`).
fn is_placeable<'c>(
    cluster: &Cluster<'c>,
    group: &GroupVars,
    cells: &[Cell<'c>],
    total: Int<'c>,
    number: Int<'c>,
) -> Bool<'c> {
    let ctx = cluster.ctx();
    if !group.node_fit {
        return ctx.bool(true);
    }
    let by_domain =
        group.constraint.by_domain(cluster, cells, &|class| descheduler::is_feasible(cluster, class, group.owner));
    let below = |cell: &Cell<'c>| {
        let size = if group.constraint.singleton {
            group.constraint.on_cell(cluster, cell)
        } else {
            let value = cluster.classes[cell.class].label(&group.constraint.key).unwrap_or_default();
            by_domain.get(value).copied().unwrap_or_else(|| ctx.int(0))
        };
        (size * number).lt(total)
    };
    let included = cells.iter().filter(|cell| group.includes(cluster, cell));
    ctx.any(included.map(|cell| below(cell) & descheduler::fits(cluster, cell, group.owner)))
}

/// Takes `count` pods of the constraint's templates off each node of a cell, template by template.
fn taken_off<'c>(cluster: &Cluster<'c>, group: &GroupVars, cell: &Cell<'c>, count: Int<'c>) -> Vec<Int<'c>> {
    let mut left = count;
    let mut shares = Vec::new();
    for &template in &group.constraint.counted {
        let share = left.min(cluster.active_on(cell, template));
        left = left - share;
        shares.push((template, share));
    }
    cluster.without(cell, |template| {
        shares.iter().find(|(id, _)| *id == template).map_or_else(|| cluster.ctx().int(0), |&(_, share)| share)
    })
}

fn evicting<'c>(
    cluster: &Cluster<'c>,
    group: &GroupVars,
    (name, guard): (&str, Bool<'c>),
    (inputs, choice): (Vec<crate::term::VarId>, Bool<'c>),
    mut next: State<'c>,
    count: Int<'c>,
) {
    cluster.forget_ages(&mut next);
    let ctx = cluster.ctx();
    let draft = ActionDraft {
        name: format!("descheduler {name} {}", group.name(cluster)),
        kind: ActionKind::Event { rank: ranks::UNFINISHED },
        guard,
        inputs,
        choice,
        next,
        marks: cluster.eviction_marks(|template| ctx.bool(group.constraint.counted.contains(&template))),
    };
    let (what, count) = (cluster.templates[group.owner.0].name.clone(), count.id());
    let tell = move |scene: &Scene<'_>| {
        Sentence::new(
            "descheduler",
            format!("evicts {} pod(s) of {what} from {}", scene.get(count), scene.moved_names()),
        )
    };
    cluster.act(draft, Box::new(tell));
}

/// Every node is a domain: the fullest one above the average loses what is above.
fn add_node_eviction(cluster: &Cluster<'_>, group: &GroupVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let (moves, total) = (state.get(group.moves), state.get(group.total));
    let number = ctx.sum(group.domains(cluster, &cells).iter().map(|domain| domain.number));
    let average = total.div(number.min(cluster.spec.nodes.len() as i64).max(1));
    let size = |cell: &Cell<'_>| group.constraint.on_cell(cluster, cell).id();
    let present: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| descheduler::in_play(cluster, cell) & ctx.bool(group.includes(cluster, cell)))
        .collect();
    let largest = ctx.max(cells.iter().zip(&present).map(|(cell, present)| present.ite(ctx.as_int(size(cell)), 0)), 0);
    let allowed: Vec<Bool<'_>> = cells
        .iter()
        .zip(&present)
        .map(|(cell, &present)| present & ctx.as_int(size(cell)).eq(largest) & largest.gt(average))
        .collect();
    let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
    let count = moves.min(largest.minus_or_zero(average));
    let mut next = state.clone();
    cluster.cells.rewrite_one(ctx, &mut next, &chosen, |cell| taken_off(cluster, group, cell, count));
    let some = ctx.any(allowed.iter().copied());
    next.set(group.moves, moves.minus_or_zero(count));
    evicting(cluster, group, ("evicts", moves.ge(1) & some), (vec![var], valid), next, count);
}

/// The largest domain above the average is the next to lose pods.
fn add_domain_choice(cluster: &Cluster<'_>, group: &GroupVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let included = |class: usize| descheduler::is_feasible(cluster, class, group.owner);
    let sizes = group.constraint.by_domain(cluster, &cells, &included);
    let (moves, total) = (state.get(group.moves), state.get(group.total));
    let average = total.div(sizes.len().max(1) as i64);
    let largest = ctx.max(sizes.values().copied(), 0);
    let last = group.values.len().saturating_sub(1) as i64;
    let (input, choice) = cluster.builder.input("domain", 0, last);
    let allowed = group.values.iter().enumerate().map(|(index, value)| {
        let size = sizes.get(value).copied().unwrap_or_else(|| ctx.int(0));
        choice.eq(index as i64) & size.eq(largest)
    });
    let valid = ctx.any(allowed);
    let count = moves.min(largest.minus_or_zero(average));
    let mut next = state.clone();
    next.set(group.domain, choice);
    next.set(group.left, count);
    next.set(group.moves, moves.minus_or_zero(count));
    let draft = ActionDraft {
        name: format!("descheduler takes a domain of {}", group.name(cluster)),
        kind: ActionKind::Event { rank: ranks::UNFINISHED },
        guard: moves.ge(1) & state.get(group.left).eq(0) & largest.gt(average),
        inputs: vec![input],
        choice: valid,
        next,
        marks: Vec::new(),
    };
    cluster.act(draft, Box::new(|_: &Scene<'_>| Sentence::default()));
}

/// A node of the domain that is losing pods loses all of them, or as many as are left to lose.
fn add_domain_eviction(cluster: &Cluster<'_>, group: &GroupVars) {
    let (ctx, state) = (cluster.ctx(), cluster.state());
    let cells = cluster.cells(&state);
    let (domain, left) = (state.get(group.domain), state.get(group.left));
    let in_domain = |cell: &Cell<'_>| {
        let value = cluster.classes[cell.class].label(&group.constraint.key);
        let index = value.and_then(|value| group.values.iter().position(|known| known == value));
        index.map(|index| index as i64)
    };
    let allowed: Vec<Bool<'_>> = cells
        .iter()
        .map(|cell| match in_domain(cell) {
            Some(index) if group.includes(cluster, cell) => {
                cell.exists & domain.eq(index) & group.constraint.on_cell(cluster, cell).ge(1)
            }
            _ => ctx.bool(false),
        })
        .collect();
    let (var, chosen, valid) = cluster.choose_cell("node", &allowed);
    let count = |cell: &Cell<'_>| left.min(ctx.as_int(group.constraint.on_cell(cluster, cell).id()));
    let here = ctx.sum(chosen.iter().zip(&cells).map(|(chosen, cell)| chosen.ite(count(cell), 0)));
    let mut next = state.clone();
    cluster.cells.rewrite_one(ctx, &mut next, &chosen, |cell| {
        let here = left.min(group.constraint.on_cell(cluster, cell));
        taken_off(cluster, group, cell, here)
    });
    next.set(group.left, left.minus_or_zero(here));
    let some = ctx.any(allowed.iter().copied());
    evicting(cluster, group, ("evicts from a domain of", left.ge(1) & some), (vec![var], valid), next, here);
}
