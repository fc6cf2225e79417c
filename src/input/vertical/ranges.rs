//! What may be recommended for each container: as a scenario says, or from `minAllowed` to `maxAllowed`, or what the status
//! says now.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::PodSpec;

use crate::cluster::arithmetic::recommendation::capped;
use crate::cluster::object::quantity;
use crate::cluster::object::spec::Workload;
use crate::input::scenario::recommendations::Recommendation;

use super::given::Given;
use super::policy::{Amounts, RESOURCES};

/// A recommendation: amounts by container.
pub type Level = BTreeMap<String, Amounts>;

/// What is known of recommendations.
#[derive(Debug)]
pub struct Ranges {
    /// What may be recommended: the least, and the most where that is something else.
    pub levels: Vec<Level>,
    /// What is recommended at the start.
    pub start: Option<Level>,
    /// Whether anything in between may be recommended, too.
    pub is_wide: bool,
    /// Whether nothing is known but what is recommended at the start.
    pub is_momentary: bool,
}

impl Ranges {
    /// What is known; `None` if of some container and resource nothing is.
    pub fn of(given: &Given, workload: &Workload, declared: &[Recommendation]) -> Option<Self> {
        let (mut least, mut most) = (Level::new(), Level::new());
        let mut is_momentary = false;
        for name in containers(workload) {
            for resource in RESOURCES.into_iter().filter(|it| given.policies.controls(&name, it)) {
                let known = range(given, &name, resource, declared);
                let now = given.status.as_ref().and_then(|status| status.get(&name)?.get(resource).copied());
                is_momentary |= known.is_none() && now.is_some();
                // A status may recommend nothing for a container, or for one of its resources.
                let Some(range) = known.or(now.map(|now| (now, now))) else {
                    if given.status.is_some() {
                        continue;
                    }
                    return None;
                };
                let bounds = given.policies.bounds(&name, resource);
                let add = |level: &mut Level, amount| {
                    level.entry(name.clone()).or_default().insert(resource.to_owned(), capped(amount, bounds));
                };
                add(&mut least, range.0);
                add(&mut most, range.1);
            }
        }
        if least.is_empty() {
            return None;
        }
        let is_wide = least != most;
        let levels = if is_wide { vec![least, most] } else { vec![least] };
        Some(Ranges { levels, start: start(given, workload), is_wide, is_momentary })
    }

    /// All levels, in order; and the number of the one at the start, from 1, or 0 if nothing is recommended.
    pub fn all(&self) -> (Vec<Level>, i64) {
        let mut levels = self.levels.clone();
        let Some(start) = &self.start else { return (levels, 0) };
        let at = levels.iter().position(|it| it == start).unwrap_or_else(|| {
            levels.push(start.clone());
            levels.len() - 1
        });
        (levels, at as i64 + 1)
    }
}

/// Names of the containers that some template of a workload has.
fn containers(workload: &Workload) -> BTreeSet<String> {
    let pods = workload.revisions.iter().filter_map(|revision| revision.template.spec.as_ref());
    pods.flat_map(|pod: &PodSpec| &pod.containers).map(|container| container.name.clone()).collect()
}

/// The range that is declared, or that bounds leave.
fn range(given: &Given, container: &str, resource: &str, declared: &[Recommendation]) -> Option<(i64, i64)> {
    let is_about = |it: &&Recommendation, name: Option<&str>| it.container.as_deref() == name;
    let named = |name: Option<&str>| {
        declared.iter().filter(|it| is_about(it, name)).find_map(|it| it.ranges.get(resource).copied())
    };
    let bounds = given.policies.bounds(container, resource);
    named(Some(container)).or_else(|| named(None)).or((bounds.0 > 0 && bounds.1 > 0).then_some(bounds))
}

/// What the status recommends, within bounds, for containers and resources that are set.
fn start(given: &Given, workload: &Workload) -> Option<Level> {
    let known = containers(workload);
    let status = given.status.as_ref()?;
    let of = |(name, amounts): (&String, &Amounts)| {
        let set = amounts.iter().filter(|(resource, _)| given.policies.controls(name, resource));
        let capped = |(resource, &amount): (&String, &i64)| {
            (resource.clone(), capped(amount, given.policies.bounds(name, resource)))
        };
        (name.clone(), set.map(capped).collect::<Amounts>())
    };
    let levels: Level = status.iter().filter(|(name, _)| known.contains(*name)).map(of).collect();
    Some(levels.into_iter().filter(|(_, amounts)| !amounts.is_empty()).collect())
}

/// A recommendation in words; containers are named where there are several.
pub fn text(level: &Level) -> String {
    let amounts = |amounts: &Amounts| {
        let amount = |(name, &amount): (&String, &i64)| format!("{name} {}", quantity::format_resource(name, amount));
        amounts.iter().map(amount).collect::<Vec<_>>().join(", ")
    };
    let several = level.len() > 1;
    let part = |(name, of): (&String, &Amounts)| {
        if several { format!("{name}: {}", amounts(of)) } else { amounts(of) }
    };
    level.iter().map(part).collect::<Vec<_>>().join("; ")
}
