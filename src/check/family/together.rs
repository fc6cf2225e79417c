//! Asks about many members of a family in one query.
//!
//! Members that differ in nothing but numbers of alike nodes and of replicas are one model, whose runs choose their size at the start
//! ([`crate::cluster::counting::sizes`]). What holds of it holds of each of them. What it breaks, some member breaks: which is the
//! smallest is asked of fewer and fewer of them, and that one is then checked alone, so that a counterexample is always a
//! run of a member.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::report::OneQuery;
use crate::check::saved::fingerprint;
use crate::check::{Answer, CheckResult};
use crate::cluster::counting::sizes::{self, Dependence, Sizes};
use crate::cluster::object::spec::ClusterSpec;
use crate::engine::{Extent, Verdict};
use crate::input::{Amounts, Size};
use crate::model::{Model, build_of_sizes};

use super::question::FamilyCheck;
use crate::check::asking::{Asking, applicable};
use crate::check::plan::Plan;
use crate::check::source::Input;

/// Fewer members than this are checked one by one.
const FEWEST: usize = 3;

/// What is known of one property.
pub struct Known {
    /// Members that keep it, in the order of the search.
    sizes: Vec<Size>,
    /// The same, to look them up.
    positions: BTreeSet<Size>,
    /// The weakest extent in which they do.
    pub extent: Extent,
    /// The results, for all of them together.
    pub results: Vec<CheckResult>,
}

/// What queries about many members say, by property.
#[derive(Default)]
pub struct Together {
    /// Properties that some of them are known to keep.
    pub known: BTreeMap<String, Known>,
}

/// Asks about the members of `sizes`; an error says why they are to be checked one by one. All queries together take no
/// longer than `time`.
pub fn ask(
    family: &FamilyCheck<'_>,
    names: &[String],
    sizes: &[Size],
    time: Duration,
    begin: &mut dyn FnMut(&str),
) -> Result<Together, String> {
    if !family.plan.reduce {
        return Err("nodes are told apart (--no-reduce)".to_owned());
    }
    if sizes.len() < FEWEST {
        return Ok(Together::default());
    }
    let deadline = Instant::now() + time;
    let mut members = Alike::among(family, sizes)?;
    begin(&format!("modelling {} sizes together", members.sizes.len()));
    let model = members.model_most(family, names)?;
    let mut together = Together::default();
    for name in applicable(&model.system) {
        begin(&format!("{name} at {} sizes together", members.sizes.len()));
        let query = Query { family, members: &members, name, deadline, whole: &model };
        together.known.extend(query.narrow().map(|known| (name.to_owned(), known)));
    }
    Ok(together)
}

/// Members that differ in numbers of alike nodes and of replicas only. Odd ones are left out, to be checked alone.
struct Alike {
    /// In the order of the search.
    sizes: Vec<Size>,
    amounts: Vec<Amounts>,
}

impl Alike {
    /// Those members that are like the largest one.
    fn among(family: &FamilyCheck<'_>, sizes: &[Size]) -> Result<Self, String> {
        let amounts = |size: &Size| Some((size.clone(), family.members.amounts(size)?));
        let all: Option<Vec<(Size, Amounts)>> = sizes.iter().map(amounts).collect();
        let all = all.ok_or("cases are made one by one")?;
        let Some((_, largest)) = all.last().cloned() else { return Err("there are none".to_owned()) };
        let has_same_pools = |(_, other): &(Size, Amounts)| {
            other.size.pools.iter().all(|(pool, &nodes)| (nodes > 0) == (largest.size.pools[pool] > 0))
        };
        let all: Vec<(Size, Amounts)> = all.into_iter().filter(has_same_pools).collect();
        if all.len() < FEWEST {
            return Err("few have nodes in the same pools".to_owned());
        }
        let has_same_limits = |(_, other): &(Size, Amounts)| other.limits == largest.limits;
        let (sizes, amounts): (Vec<Size>, Vec<Amounts>) = all.into_iter().filter(has_same_limits).unzip();
        if sizes.len() < FEWEST {
            return Err("limits of autoscalers depend on it".to_owned());
        }
        let alike = Alike { sizes, amounts };
        alike.compare(family)?;
        Ok(alike)
    }

    /// The cluster that has the nodes of each of the first `count` members.
    fn union(&self, family: &FamilyCheck<'_>, count: usize) -> Result<Input, String> {
        let mut amounts = self.amounts[0].clone();
        for other in &self.amounts[..count] {
            raise(&mut amounts.size.pools, &other.size.pools);
            raise(&mut amounts.size.replicas, &other.size.replicas);
        }
        let mut input = family
            .members
            .cluster(&self.sizes[count - 1], &amounts)
            .map_err(|_| "their nodes are no cluster".to_owned())?;
        (family.adjust)(&mut input);
        Ok(input)
    }

    /// Compares the first and the last member with the part of the union that has their nodes. Those between are made in the
    /// same way: these numbers are all that members have from their size.
    fn compare(&self, family: &FamilyCheck<'_>) -> Result<(), String> {
        let union = self.union(family, self.sizes.len())?.spec;
        for size in [&self.sizes[0], &self.sizes[self.sizes.len() - 1]] {
            let mut member = family.members.member(size).map_err(|_| "some are no clusters".to_owned())?;
            (family.adjust)(&mut member);
            if fingerprint(&restricted(&union, &member.spec)) != fingerprint(&member.spec) {
                return Err("more than numbers of nodes and replicas depends on it".to_owned());
            }
        }
        Ok(())
    }

    /// The model of all members but the odd ones, which are left out.
    fn model_most(&mut self, family: &FamilyCheck<'_>, names: &[String]) -> Result<Model, String> {
        loop {
            match self.model(family, names, self.sizes.len()) {
                Ok(model) => return Ok(model),
                Err(Dependence { odd: Some(odd), .. }) if self.sizes.len() >= odd.len() + FEWEST => {
                    let all: Vec<(Size, Amounts)> = self.sizes.drain(..).zip(self.amounts.drain(..)).collect();
                    let stay = all.into_iter().enumerate().filter(|(position, _)| !odd.contains(position));
                    (self.sizes, self.amounts) = stay.map(|(_, member)| member).unzip();
                }
                Err(Dependence { why, .. }) => return Err(why),
            }
        }
    }

    /// The model of the first `count` members, or what in it is not the same for them.
    fn model(&self, family: &FamilyCheck<'_>, names: &[String], count: usize) -> Result<Model, Dependence> {
        let for_all = |why: String| Dependence { why, odd: None };
        let input = self.union(family, count).map_err(for_all)?;
        let sizes: Vec<sizes::Size> = self.amounts[..count].iter().map(|it| it.size.clone()).collect();
        let selection = family.selection(&input, names);
        let built = build_of_sizes(&input.spec, &selection, &Sizes::new(&sizes));
        let model = built.map_err(|error| for_all(error.to_string()))?;
        let dependences = &model.parts.depends_on_size;
        let Some(first) = dependences.iter().find(|it| it.odd.is_none()).or(dependences.first()) else {
            return Ok(model);
        };
        let odd: Option<Vec<&BTreeSet<usize>>> = dependences.iter().map(|it| it.odd.as_ref()).collect();
        Err(Dependence { why: first.why.clone(), odd: odd.map(|all| all.into_iter().flatten().copied().collect()) })
    }
}

/// The larger of the numbers of each name.
fn raise<K: Ord>(most: &mut BTreeMap<K, i64>, other: &BTreeMap<K, i64>) {
    for (name, most) in most {
        *most = (*most).max(other[name]);
    }
}

/// The part of a cluster that has the nodes of a member only, and its replicas.
fn restricted(union: &ClusterSpec, member: &ClusterSpec) -> ClusterSpec {
    let names: BTreeSet<&str> = member.nodes.iter().map(|node| node.name.as_str()).collect();
    let mut spec = union.clone();
    spec.nodes.retain(|node| names.contains(node.name.as_str()));
    for (workload, other) in spec.workloads.iter_mut().zip(&member.workloads).filter(|(it, other)| it.key == other.key)
    {
        workload.replicas = other.replicas;
    }
    let scenario = &mut spec.scenario;
    let lists = scenario.failures.iter_mut().map(|it| &mut it.nodes);
    let lists = lists.chain(scenario.overload.iter_mut().map(|it| &mut it.nodes));
    let lists = lists.chain(scenario.maintenance.iter_mut().map(|it| &mut it.nodes));
    lists.for_each(|nodes| nodes.retain(|name| names.contains(name.as_str())));
    spec
}

/// One property, asked of alike members.
struct Query<'a> {
    family: &'a FamilyCheck<'a>,
    members: &'a Alike,
    name: &'a str,
    deadline: Instant,
    /// The model of all members.
    whole: &'a Model,
}

impl Query<'_> {
    /// The members before the smallest that breaks the property, as far as that can be found out: asks about all, then, below
    /// one that breaks it, about all of those and about half and half.
    fn narrow(&self) -> Option<Known> {
        let mut known: Option<Known> = None;
        let (mut held, mut end, mut first) = (0, self.members.sizes.len(), true);
        let mut to = end;
        while held < end {
            let result = match to == self.members.sizes.len() {
                true => self.decide(self.whole, to),
                false => self
                    .members
                    .model(self.family, &[self.name.to_owned()], to)
                    .ok()
                    .and_then(|it| self.decide(&it, to)),
            };
            let Some(found) = result else { break };
            match found {
                Found::Holds(extent, result) => {
                    held = to;
                    let sizes = self.members.sizes[..held].to_vec();
                    known = Some(Known::more(known, sizes, extent, *result));
                }
                Found::Violated(index) => end = index,
            }
            to = if std::mem::take(&mut first) { end } else { held + (end - held).div_ceil(2) };
        }
        known
    }

    /// What an engine says of the first `count` members; `None` if it does not decide.
    fn decide(&self, model: &Model, count: usize) -> Option<Found> {
        let started = Instant::now();
        let (members, sizes) = (self.family.members, &self.members.sizes);
        let of_all = format!("{}..{}", members.part(&sizes[0]), members.part(&sizes[count - 1]));
        let part = self.family.plan.engine.part(&of_all);
        let engine = part.as_deref().unwrap_or(self.family.plan.engine);
        let budget = self.family.plan.budget.clone();
        let plan = &Plan { engine, budget, patience: self.family.plan.patience.clone(), ..*self.family.plan };
        let asking = Asking { model, plan, time: Some(self.deadline.saturating_duration_since(started)) };
        let asked = asking.ask(self.name);
        match &asked.decision.outcome.verdict {
            Verdict::Holds(extent) => {
                let extent = *extent;
                let name = self.family.members.name(&self.members.sizes[count - 1]);
                let result = asked.into_result(name, Answer::Holds(extent), None, started.elapsed());
                Some(Found::Holds(extent, Box::new(result)))
            }
            Verdict::Violated { trace, .. } => {
                let variable = model.parts.size?.index();
                let position = asked.reduction.slice.kept.binary_search(&variable).ok()?;
                let index = usize::try_from(trace.initial[position]).ok()?;
                (index < count).then_some(Found::Violated(index))
            }
            Verdict::Unknown { .. } => None,
        }
    }
}

enum Found {
    Holds(Extent, Box<CheckResult>),
    /// By this member, and perhaps by others.
    Violated(usize),
}

impl Known {
    /// Which members the queries cover.
    pub fn query(&self) -> Option<OneQuery> {
        let (first, last) = (self.sizes.first()?.clone(), self.sizes.last()?.clone());
        Some(OneQuery::Covers { first, last, count: self.sizes.len() })
    }

    /// Whether they cover a member.
    pub fn covers(&self, size: &[i64]) -> bool {
        self.positions.contains(size)
    }

    fn more(known: Option<Known>, sizes: Vec<Size>, extent: Extent, result: CheckResult) -> Known {
        let mut results = known.as_ref().map_or_else(Vec::new, |known| known.results.clone());
        results.push(result);
        let extent = known.map_or(extent, |known| known.extent.weaker(extent));
        Known { positions: sizes.iter().cloned().collect(), sizes, extent, results }
    }
}
