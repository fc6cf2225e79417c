//! RemoveDuplicates.
//!
//! Where every owner's pods are alike and nothing limits evictions, a cycle is one step, over cells of whatever
//! multiplicity. Else it goes from pod to pod (`steps`): which of several kinds of pods is the first on a node, and in
//! which order they are listed, is free. Which form a cluster gets, `ClusterSpec::deschedules_stepwise` says.

mod keys;
mod memory;
mod plan;
mod steps;

use crate::cluster::TemplateId;
use crate::cluster::object::spec::NamespaceFilter;
use crate::cluster::view::rule::{Rule, rule};
use crate::cluster::view::story::Scene;
use crate::cluster::view::{Cluster, Declaring};
use crate::term::{Bool, Int, TermId};

use super::cycle::Stage;
use super::sight::Sight;
use super::{api_server, at_once, evictor};
use keys::Book;
pub use memory::Memory;
use plan::{Column, Plan};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "descheduler/RemoveDuplicates",
    component: Descheduler,
    upstream: [
        "pkg/framework/plugins/removeduplicates/removeduplicates.go" => [
            "Balance", "getTargetNodes", "hasExcludedOwnerRefKind",
        ],
    ],
    decides: "Pods of one namespace, owner and list of images beyond the average per feasible node, rounded up, are \
        evicted from each node. Nodes are feasible by selector, affinity and taints of the duplicates; fewer than \
        two: nothing happens.",
    parts: [
        "sets by owners and images, averages by owner, feasible nodes by the duplicates" =>
            "exact; which pod is the first of its kind on a node, and the order of owners and nodes, is free. Of \
                unlike pods of which some share two owners and others a third one, the order is not the same for \
                each owner",
    ],
};

/// Who is a duplicate of whom.
fn book(sight: &Sight<'_, '_>, excluded_kinds: &[String], namespaces: &NamespaceFilter) -> Book {
    let mut templates = sight.evictable_templates();
    templates.retain(|&id| namespaces.admits(&sight.cluster.templates[id.0].namespace));
    Book::of(sight, &templates, excluded_kinds)
}

/// Declares what the plugin remembers between steps.
pub fn declare(
    cluster: &Declaring<'_>,
    sight: &Sight<'_, '_>,
    excluded_kinds: &[String],
    namespaces: &NamespaceFilter,
) -> Memory {
    Memory::declare(cluster, book(sight, excluded_kinds, namespaces))
}

/// Adds the steps of a stage.
pub fn add_stage(stage: &Stage<'_, '_>, memory: &Memory) {
    steps::add(stage, memory);
}

/// Adds a cycle in one step. Of unlike pods of one owner those of the templates that come first go.
pub fn add_at_once<'c>(
    cluster: &Cluster<'c>,
    sight: &Sight<'_, 'c>,
    excluded_kinds: &[String],
    namespaces: &NamespaceFilter,
) {
    let book = book(sight, excluded_kinds, namespaces);
    let mut templates: Vec<TemplateId> = book.sets.iter().flat_map(|set| set.templates.iter().copied()).collect();
    templates.retain(|&id| !api_server::refuses(sight.cluster, sight.policy, id));
    let columns: Vec<Column<'c>> = book.sets.iter().flat_map(|set| columns(sight, &set.templates)).collect();
    let plans: Vec<(Vec<&Column<'c>>, Plan<'c>)> = (0..book.keys.len())
        .map(|key| {
            let handled = book.of_key(key).filter_map(|id| columns.iter().find(|column| column.template == id));
            let handled: Vec<&Column<'c>> = handled.collect();
            let in_play: Vec<Bool<'c>> = (0..sight.cells.len()).map(|at| sight.in_play(at)).collect();
            let plan = Plan::new(sight.cluster, &sight.cells, &in_play, &handled);
            (handled, plan)
        })
        .collect();
    let count = |at: usize, id: TemplateId| {
        let keys = book.keys_of(id).iter();
        sight.ctx().max(keys.map(|&key| going(sight, &plans[key], at, id)), 0)
    };
    let lines: Vec<(TemplateId, String, [TermId; 3])> = templates
        .iter()
        .filter_map(|&id| {
            let plan = &plans[*book.keys_of(id).first()?].1;
            let numbers = [plan.pods, plan.nodes, plan.stay].map(Int::id);
            Some((id, sight.cluster.templates[id.0].name.clone(), numbers))
        })
        .collect();
    let why = move |scene: &Scene<'_>, id: TemplateId| {
        let (_, name, numbers) = lines.iter().find(|(known, ..)| *known == id)?;
        let [pods, nodes, stay] = numbers.map(|number| scene.get(number));
        Some(format!("RemoveDuplicates: {pods} pods of {name} over {nodes} feasible nodes allow {stay} per node"))
    };
    at_once::add(cluster, sight, (&RULE, RULE.name()), &templates, &count, why);
}

/// Pods of one set; the first of them that is there is the original.
fn columns<'c>(sight: &Sight<'_, 'c>, templates: &[TemplateId]) -> Vec<Column<'c>> {
    let cells = 0..sight.cells.len();
    let mut originals: Vec<Bool<'c>> = cells.clone().map(|_| sight.ctx().bool(false)).collect();
    let column = |&template: &TemplateId| {
        let listed: Vec<Int<'c>> = cells.clone().map(|at| listed(sight, at, template)).collect();
        let duplicates = listed.iter().zip(&mut originals).map(|(&count, original)| {
            let first = (count.ge(1) & !*original).to_int();
            *original = *original | count.ge(1);
            count.minus_or_zero(first)
        });
        Column { template, duplicates: duplicates.collect(), listed }
    };
    templates.iter().map(column).collect()
}

/// Pods of a template that go from each node of a cell under one key: what is too much, template by template.
fn going<'c>(
    sight: &Sight<'_, 'c>,
    (columns, plan): &(Vec<&Column<'c>>, Plan<'c>),
    at: usize,
    id: TemplateId,
) -> Int<'c> {
    let all = sight.ctx().sum(columns.iter().map(|column| column.duplicates[at]));
    let mut kept = plan.kept(all);
    for column in columns {
        let here = column.duplicates[at];
        if column.template == id {
            return here.minus_or_zero(kept);
        }
        kept = kept.minus_or_zero(here);
    }
    sight.ctx().int(0)
}

/// Pods of a template on a node that the plugin lists: filter and pre-eviction filter let them go.
fn listed<'c>(sight: &Sight<'_, 'c>, at: usize, template: TemplateId) -> Int<'c> {
    let goes = evictor::filter(sight, template) & evictor::pre_eviction_filter(sight, at, template);
    (sight.in_play(at) & goes).ite(sight.active(at, template), 0)
}
