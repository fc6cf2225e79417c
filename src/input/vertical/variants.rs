//! What pods of a revision request: what its template says, what is recommended, or what running pods were given before.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::cluster::arithmetic::recommendation::proportional_limit;
use crate::cluster::object::quantity;
use crate::cluster::object::resources;
use crate::cluster::object::spec::Revision;
use crate::cluster::object::vertical::Variant;

use super::policy::{Amounts, Policies, RESOURCES};
use super::ranges::{self, Level};

/// What each container of a pod requests of cpu and memory, in the order of the template.
type Requests = Vec<[Option<i64>; 2]>;

/// The variants of one revision, while they are collected.
pub struct Variants<'a> {
    template: PodSpec,
    policies: &'a Policies,
    found: Vec<(Requests, Variant)>,
}

impl<'a> Variants<'a> {
    /// None yet.
    pub fn new(revision: &Revision, policies: &'a Policies) -> Self {
        Variants { template: revision.template.spec.clone().unwrap_or_default(), policies, found: Vec::new() }
    }

    /// The variant that requests what the template says.
    pub fn own(&mut self) -> usize {
        self.enter(Variant::default())
    }

    /// The variant that requests what a level recommends.
    pub fn recommended(&mut self, level: &Level) -> usize {
        let resources = |container: &Container| {
            let amounts = level.get(&container.name)?;
            Some(given(container, amounts, self.policies.leaves_limits(&container.name)))
        };
        let containers = self.template.containers.iter().map(resources).collect();
        self.enter(Variant { containers, text: ranges::text(level), ..Variant::default() })
    }

    /// The variant of a running pod; of one that is not known, that of the template.
    pub fn of(&mut self, pod: Option<&Pod>) -> usize {
        match pod {
            Some(pod) => self.observed(pod),
            None => self.own(),
        }
    }

    /// The variant that requests what a running pod does.
    fn observed(&mut self, pod: &Pod) -> usize {
        let spec = pod.spec.clone().unwrap_or_default();
        let of = |container: &Container| spec.containers.iter().find(|it| it.name == container.name);
        let containers: Vec<Option<ResourceRequirements>> =
            self.template.containers.iter().map(|it| of(it)?.resources.clone()).collect();
        let several = containers.len() > 1;
        let told = self.template.containers.iter().zip(&containers).map(|(container, resources)| {
            let amounts: Amounts = resources.iter().flat_map(requested).collect();
            (container.name.clone(), amounts)
        });
        let level: Level = told.filter(|(_, amounts)| !several || !amounts.is_empty()).collect();
        self.enter(Variant { containers, text: ranges::text(&level), ..Variant::default() })
    }

    /// Says that new pods are of a variant while a level is recommended.
    pub fn note(&mut self, variant: usize, level: i64) {
        self.found[variant].1.levels.push(level);
    }

    /// Says that pods that run anywhere are of a variant.
    pub fn note_usual(&mut self, variant: usize) {
        self.found[variant].1.is_usual = true;
    }

    /// How many there are that nobody makes any more pods of.
    pub fn strange(&self) -> usize {
        self.found.iter().filter(|(_, variant)| variant.levels.is_empty()).count()
    }

    /// All of them; none if all pods request what the template says.
    pub fn finish(self) -> Vec<Variant> {
        let own = requests(&self.template, &self.template);
        let is_plain = self.found.iter().all(|(requests, _)| *requests == own);
        if is_plain { Vec::new() } else { self.found.into_iter().map(|(_, variant)| variant).collect() }
    }

    /// The position of a variant; those that request the same are one.
    fn enter(&mut self, variant: Variant) -> usize {
        let requests = requests(&variant.applied(&self.template), &self.template);
        let known = self.found.iter().position(|(known, _)| *known == requests);
        known.unwrap_or_else(|| {
            self.found.push((requests, variant));
            self.found.len() - 1
        })
    }
}

/// What a pod requests for the containers that a template has.
fn requests(pod: &PodSpec, template: &PodSpec) -> Requests {
    let amounts = |name: &String| {
        let container = pod.containers.iter().find(|it| it.name == *name)?;
        Some(container.resources.as_ref().map(requested).unwrap_or_default())
    };
    let of = |container: &Container| {
        let amounts = amounts(&container.name).unwrap_or_default();
        RESOURCES.map(|resource| amounts.get(resource).copied())
    };
    template.containers.iter().map(of).collect()
}

/// What is requested of cpu and memory; a limit stands in for a missing request.
fn requested(resources: &ResourceRequirements) -> Amounts {
    let of = |name: &str| amount(&resources.requests, name).or_else(|| amount(&resources.limits, name));
    RESOURCES.into_iter().filter_map(|name| Some((name.to_owned(), of(name)?))).collect()
}

/// Amounts that do not parse are reported elsewhere.
fn amount(list: &Option<BTreeMap<String, Quantity>>, name: &str) -> Option<i64> {
    resources::amount(name, list.as_ref()?.get(name)?).ok()
}

/// What a container gets for which these amounts are recommended.
fn given(container: &Container, recommended: &Amounts, leaves_limits: bool) -> ResourceRequirements {
    let before = container.resources.clone().unwrap_or_default();
    let mut after = before.clone();
    for (name, &recommended) in recommended {
        let limit = amount(&before.limits, name);
        let recommended = match limit {
            Some(limit) if leaves_limits => recommended.min(limit),
            _ => recommended,
        };
        let text = |amount: i64| Quantity(quantity::format_resource(name, amount));
        after.requests.get_or_insert_default().insert(name.clone(), text(recommended));
        if let Some(limit) = limit.filter(|_| !leaves_limits) {
            let request = amount(&before.requests, name).unwrap_or(limit);
            let limit = proportional_limit(limit, request, recommended);
            after.limits.get_or_insert_default().insert(name.clone(), text(limit));
        }
    }
    after
}
