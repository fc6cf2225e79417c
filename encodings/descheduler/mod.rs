//! The descheduler (`sigs.k8s.io/descheduler`) with `descheduler/v1alpha2` policies.
//!
//! Part of the rule `descheduler/cycle`.
//!
//! A policy is one cycle: `memory`, `cycle` and `walk` say how its plugins take turns, `sight` what they see, `evictor`
//! whom they may evict. Where nothing depends on an order, a cycle is one periodic action (`at_once`); else it begins
//! with one, and event-driven actions make its small choices. Pods that it evicts are made again by their owners and
//! placed again by the scheduler within the same block.

mod api_server;
mod at_once;
mod cycle;
mod duplicates;
mod evictor;
mod memory;
mod node_affinity;
mod node_taints;
mod order;
mod pod_anti_affinity;
mod sight;
mod spread;
mod utilization;
mod walk;

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::counting::reads::{Reader, Reads};
use crate::cluster::object::selector;
use crate::cluster::object::spec::{ClusterSpec, DeschedulerPlugin, DeschedulerPolicy, EnabledPlugin};
use crate::cluster::view::rule::Rule;
use crate::cluster::view::{Cluster, Declaring};
use crate::cluster::{Template, TemplateId};
use crate::system::IntVar;

use cycle::Stage;
use memory::Memory;
use node_affinity::NodeAffinity;
use node_taints::NodeTaints;
use pod_anti_affinity::InterPodAntiAffinity;
use sight::Sight;
use utilization::{Kind, Utilization};
use walk::Walk;

/// What the descheduler reads of nodes, where there is a policy. Cycles that go step by step tell all nodes apart.
pub const READER: Reader = Reader { name: "descheduler", reads };

fn reads(spec: &ClusterSpec, templates: &[Template], reads: &mut Reads) {
    let Some(policy) = &spec.descheduler else { return };
    reads.taints();
    reads.status();
    policy.node_selectors().flat_map(selector::keys).for_each(|key| reads.label(key));
    templates.iter().for_each(|template| reads.placement_of(&template.spec));
    if spec.deschedules_stepwise() {
        spec.nodes.iter().for_each(|node| reads.name(&node.name));
    }
}

/// The rules of the descheduler.
pub static RULES: &[&Rule] = &[
    &cycle::RULE,
    &sight::RULE,
    &order::RULE,
    &evictor::RULE,
    &evictor::fit::RULE,
    &duplicates::RULE,
    &spread::RULE,
    &node_taints::RULE,
    &node_affinity::RULE,
    &pod_anti_affinity::RULE,
    &utilization::RULE,
];

/// State of cycles that take several steps.
#[derive(Default)]
pub struct DeschedulerVars {
    memory: Option<Memory>,
    plugins: Vec<PluginMemory>,
    spread: Vec<spread::Group>,
}

/// What a plugin remembers beyond [`Memory`].
enum PluginMemory {
    None,
    Duplicates(duplicates::Memory),
    Spread(spread::Memory),
}

impl DeschedulerVars {
    /// Where a cycle of several steps counts its evictions, those of the cycle and those of the present stage: by node, in
    /// the order of cells, and template.
    pub fn evicted(&self) -> Vec<((usize, TemplateId), [IntVar; 2])> {
        let memory = self.memory.iter();
        let places = memory.flat_map(|memory| memory.places().into_iter().map(move |place| (memory, place)));
        let vars = |(memory, place): (&Memory, (usize, TemplateId))| {
            Some((place, [memory.evicted(place.0, place.1)?, memory.taken(place.0, place.1)?]))
        };
        places.filter_map(vars).collect()
    }
}

/// Parts of a plugin that follow one another.
fn parts(plugin: &DeschedulerPlugin) -> usize {
    match plugin {
        DeschedulerPlugin::NodeAffinity { types, .. } => types.len(),
        _ => 1,
    }
}

/// Declares what a cycle remembers between its steps.
pub fn declare(cluster: &Declaring<'_>) -> DeschedulerVars {
    let Some(policy) = cluster.spec.descheduler else { return DeschedulerVars::default() };
    if cluster.spec.deschedules_stepwise() {
        let stages = policy.plugins.iter().map(|enabled| parts(&enabled.plugin)).sum();
        let memory = Some(Memory::declare(cluster, policy, stages));
        return DeschedulerVars { memory, plugins: declare_plugins(cluster, policy), spread: Vec::new() };
    }
    let (pods, state) = (sight::pods(cluster), cluster.state());
    let spread = policy.plugins.iter().flat_map(|enabled| match &enabled.plugin {
        DeschedulerPlugin::TopologySpread { constraints, pods: seen, balance_node_fit } => {
            let (pods, cells) = (&pods, cluster.listed(&state));
            let sight = Sight { cluster, policy, enabled, pods, memory: None, cells, state: state.clone() };
            spread::declare(cluster, &sight, constraints, seen, *balance_node_fit)
        }
        _ => Vec::new(),
    });
    DeschedulerVars { memory: None, plugins: Vec::new(), spread: spread.collect() }
}

fn declare_plugins(cluster: &Declaring<'_>, policy: &DeschedulerPolicy) -> Vec<PluginMemory> {
    let (pods, state) = (sight::pods(cluster), cluster.state());
    let declare = |enabled: &EnabledPlugin| {
        let (pods, cells) = (&pods, cluster.listed(&state));
        let sight = Sight { cluster, policy, enabled, pods, memory: None, cells, state: state.clone() };
        match &enabled.plugin {
            DeschedulerPlugin::RemoveDuplicates { exclude_owner_kinds, namespaces } => {
                PluginMemory::Duplicates(duplicates::declare(cluster, &sight, exclude_owner_kinds, namespaces))
            }
            DeschedulerPlugin::TopologySpread { constraints, pods, .. } => {
                PluginMemory::Spread(spread::declare_stage(cluster, &sight, constraints, pods))
            }
            _ => PluginMemory::None,
        }
    };
    policy.plugins.iter().map(declare).collect()
}

/// Adds the cycle of the policy.
pub fn add(cluster: &Cluster<'_>, vars: &DeschedulerVars) {
    let Some(policy) = cluster.spec.descheduler else { return };
    let pods = sight::pods(cluster);
    match &vars.memory {
        Some(memory) => add_stages(cluster, policy, (memory, &vars.plugins), &pods),
        None => add_at_once(cluster, policy, &pods, vars),
    }
}

/// A cycle in one step: the policy has one plugin, and no limits.
fn add_at_once<'c>(cluster: &Cluster<'c>, policy: &'c DeschedulerPolicy, pods: &[Pod], vars: &DeschedulerVars) {
    let Some(enabled) = policy.plugins.first() else { return };
    let state = cluster.state();
    let sight = Sight { cluster, policy, enabled, pods, memory: None, cells: cluster.listed(&state), state };
    match &enabled.plugin {
        DeschedulerPlugin::RemoveDuplicates { exclude_owner_kinds, namespaces } => {
            duplicates::add_at_once(cluster, &sight, exclude_owner_kinds, namespaces);
        }
        DeschedulerPlugin::TopologySpread { .. } => spread::add(cluster, &sight, &vars.spread),
        plugin => {
            let walks: Vec<Box<dyn Walk<'c> + '_>> = (0..parts(plugin)).filter_map(|part| walk(plugin, part)).collect();
            add_walks(cluster, &sight, rule(plugin), &walks);
        }
    }
}

/// All that the walks would list goes at once; a pod that several list goes once.
fn add_walks<'c>(
    cluster: &Cluster<'c>,
    sight: &Sight<'_, 'c>,
    (rule, name): (&'static Rule, &'static str),
    walks: &[Box<dyn Walk<'c> + '_>],
) {
    let mut templates: Vec<TemplateId> = walks.iter().flat_map(|walk| walk.templates(sight)).collect();
    templates.sort();
    templates.dedup();
    templates.retain(|&id| !api_server::refuses(sight.cluster, sight.policy, id));
    let count = |at: usize, id: TemplateId| sight.ctx().max(walks.iter().map(|walk| walk.listed(sight, at, id)), 0);
    at_once::add(cluster, sight, (rule, name), &templates, &count, move |_, _| Some(name.to_owned()));
}

/// A cycle in many steps.
fn add_stages<'c>(
    cluster: &Cluster<'c>,
    policy: &'c DeschedulerPolicy,
    (memory, plugins): (&Memory, &[PluginMemory]),
    pods: &[Pod],
) {
    let stages = policy.plugins.iter().zip(plugins);
    let stages = stages.flat_map(|(it, own)| (0..parts(&it.plugin)).map(move |part| (it, own, part)));
    let stages: Vec<(Stage<'_, 'c>, &PluginMemory, usize)> = stages
        .enumerate()
        .map(|(index, (enabled, own, part))| {
            let (rule, name) = rule(&enabled.plugin);
            (Stage { cluster, policy, memory, enabled, pods, number: index + 1, rule, name }, own, part)
        })
        .collect();
    let Some((first, ..)) = stages.first() else { return };
    cycle::add_start(cluster, memory, &first.sight(&cluster.state()));
    for (stage, own, part) in &stages {
        add_stage(stage, own, *part);
    }
    cycle::add_merging(cluster, memory);
    cycle::add_end(cluster, memory, pods);
}

fn add_stage(stage: &Stage<'_, '_>, own: &PluginMemory, part: usize) {
    let plugin: &EnabledPlugin = stage.enabled;
    match (own, walk(&plugin.plugin, part)) {
        (PluginMemory::Duplicates(memory), _) => duplicates::add_stage(stage, memory),
        (PluginMemory::Spread(memory), _) => spread::add_stage(stage, memory, &plugin.plugin),
        (PluginMemory::None, Some(walk)) => walk::add(stage, &*walk),
        (PluginMemory::None, None) => stage.act_finish(stage.cluster.ctx().bool(true)),
    }
}

/// Plugins that walk.
fn walk<'c: 'p, 'p>(plugin: &'p DeschedulerPlugin, part: usize) -> Option<Box<dyn Walk<'c> + 'p>> {
    match plugin {
        DeschedulerPlugin::NodeTaints(arguments) => Some(Box::new(NodeTaints(arguments))),
        DeschedulerPlugin::NodeAffinity { types, pods } => {
            Some(Box::new(NodeAffinity { kind: *types.get(part)?, pods }))
        }
        DeschedulerPlugin::InterPodAntiAffinity { pods } => Some(Box::new(InterPodAntiAffinity(pods))),
        DeschedulerPlugin::LowNodeUtilization(arguments) => Some(Box::new(Utilization::new(Kind::Low, arguments))),
        DeschedulerPlugin::HighNodeUtilization(arguments) => Some(Box::new(Utilization::new(Kind::High, arguments))),
        DeschedulerPlugin::RemoveDuplicates { .. } | DeschedulerPlugin::TopologySpread { .. } => None,
    }
}

/// A plugin's rule, and its name.
fn rule(plugin: &DeschedulerPlugin) -> (&'static Rule, &'static str) {
    let rule = match plugin {
        DeschedulerPlugin::RemoveDuplicates { .. } => &duplicates::RULE,
        DeschedulerPlugin::TopologySpread { .. } => &spread::RULE,
        DeschedulerPlugin::NodeTaints(_) => &node_taints::RULE,
        DeschedulerPlugin::NodeAffinity { .. } => &node_affinity::RULE,
        DeschedulerPlugin::InterPodAntiAffinity { .. } => &pod_anti_affinity::RULE,
        DeschedulerPlugin::LowNodeUtilization(_) => return (&utilization::RULE, "LowNodeUtilization"),
        DeschedulerPlugin::HighNodeUtilization(_) => return (&utilization::RULE, "HighNodeUtilization"),
    };
    (rule, rule.name())
}
