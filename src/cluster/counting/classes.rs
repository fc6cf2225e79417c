//! Node classes: nodes that agree on everything that somebody reads, as [`Reads`] declare it.
//!
//! Labels matter only if somebody reads them. A topology key whose value no two nodes share (the hostname, as a
//! rule) makes each node a domain of its own, which needs no name: only its presence matters. Nodes that are named
//! (pinned pods, commands) stand alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use k8s_openapi::api::core::v1::{Node, Taint};

use super::reads::{Readings, Reads};
use super::templates::{Phase, Template, TemplateId, Tenure};
use crate::cluster::object::images;
use crate::cluster::object::karpenter::Offer;
use crate::cluster::object::node_groups;
use crate::cluster::object::resources::{self, Resources};
use crate::cluster::object::spec::{ClusterSpec, WorkloadKind};

/// Topology key of the hostname.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// Topology key of the zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// Nodes that encodings cannot tell apart, apart from what runs on them.
#[derive(Clone, Debug)]
pub struct NodeClass {
    /// Positions in [`ClusterSpec::nodes`]; never empty.
    pub members: Vec<usize>,
    /// The first member's object: labels, taints.
    pub node: Node,
    /// Names of the members.
    pub names: Vec<String>,
    /// Allocatable.
    pub allocatable: Resources,
    /// Pods that stay, by template and phase, where something reads who they are.
    pub residents: Vec<(TemplateId, Phase, i64)>,
    /// Used by pods that the model does not move, residents among them.
    pub used: Resources,
    /// What scoring takes those pods to use: cpu in thousandths, memory in bytes.
    pub used_scoring: (i64, i64),
    /// Whether a scenario lets the members fail.
    pub may_fail: bool,
    /// Whether a scenario lets the members panic when they are full.
    pub may_panic: bool,
    /// Whether a scenario maintains the members.
    pub maintained: bool,
    /// Whether commands cordon or drain the (single) member.
    pub commanded: bool,
    /// Whether a command deletes the (single) member.
    pub may_be_deleted: bool,
    /// Whether the members start cordoned.
    pub unschedulable: bool,
    /// Whether the members start with a Ready condition that is not True.
    pub starts_not_ready: bool,
    /// The node group that the members are of, as a position in the scenario's.
    pub group: Option<usize>,
    /// Whether a cluster autoscaler or Karpenter may remove the members.
    pub removable: bool,
    /// Whether the members are marked as such that their scaler is not to choose.
    pub kept: bool,
    /// Whether the members may be replaced by cheaper ones, or come as such.
    pub replaced: bool,
    /// Of Karpenter's nodes: what each member costs, and counts for.
    pub offer: Offer,
    /// Whether some of the members are not there at the start.
    pub starts_absent: bool,
    /// What encodings read of the members, in words: the subject and its value.
    pub reading: BTreeMap<String, String>,
}

impl NodeClass {
    /// Whether maintenance or a command may cordon or uncordon the members.
    pub fn may_be_cordoned(&self) -> bool {
        self.maintained || self.commanded
    }

    /// Whether the members may be absent.
    pub fn comes_and_goes(&self) -> bool {
        self.removable || self.starts_absent
    }

    /// The taints, in order.
    pub fn taints(&self) -> &[Taint] {
        self.node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.node.metadata.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// Residents of a template in a phase on each member.
    pub fn residents(&self, template: TemplateId, phase: Phase) -> i64 {
        let found = self.residents.iter().find(|(known, there, _)| (*known, *there) == (template, phase));
        found.map_or(0, |&(_, _, count)| count)
    }

    /// Free of a resource for modelled pods, by name.
    pub fn free(&self, resource: &str) -> i64 {
        self.allocatable.get(resource) - self.used.get(resource)
    }
}

/// Everything that two nodes of one class agree on.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    labels: BTreeMap<String, Option<String>>,
    images: BTreeMap<String, i64>,
    taints: Vec<(String, String, String)>,
    unschedulable: bool,
    not_ready: bool,
    allocatable: Resources,
    offers: Option<String>,
    used: Resources,
    used_scoring: (i64, i64),
    residents: Vec<(TemplateId, Phase, i64)>,
    flags: [bool; 5],
    group: Option<usize>,
    offer: Offer,
    named: Option<usize>,
}

impl Key {
    /// Subjects and values, without what is as it usually is.
    fn in_words(&self, name: &str, templates: &[Template]) -> BTreeMap<String, String> {
        let mut words: BTreeMap<String, String> = BTreeMap::new();
        let mut say = |subject: String, value: String| drop(words.insert(subject, value));
        for (key, value) in &self.labels {
            say(format!("label {key}"), value.clone().unwrap_or_else(|| "present".to_owned()));
        }
        self.images.iter().for_each(|(image, size)| say(format!("image {image}"), format!("{size} bytes")));
        self.taints.iter().for_each(|(key, value, effect)| say(format!("taint {key}:{effect}"), format!("'{value}'")));
        for (what, resources) in [("allocatable", &self.allocatable), ("used by pods that stay", &self.used)] {
            let plain = ["cpu", "memory", "ephemeral-storage", "pods"].into_iter();
            let names = plain.chain(resources.extended.keys().map(String::as_str));
            let amounts = names.map(|name| (name, resources.get(name))).filter(|(_, amount)| *amount != 0);
            amounts.for_each(|(name, amount)| say(format!("{what}, {name}"), amount_in_words(name, amount)));
        }
        let (cpu, memory) = self.used_scoring;
        if self.used_scoring != (self.used.cpu, self.used.memory) {
            say("used by pods that stay, in scores".to_owned(), format!("cpu {cpu}m, memory {memory}"));
        }
        self.offers.iter().for_each(|offers| say("status as the descheduler reads it".to_owned(), offers.clone()));
        for (template, phase, count) in &self.residents {
            say(format!("{} {phase:?}", templates[template.0].name), format!("{count} that stay"));
        }
        let [may_fail, may_panic, maintained, removable, kept] = self.flags;
        let facts = [
            (self.unschedulable, "cordoned"),
            (self.not_ready, "not ready"),
            (may_fail, "may fail"),
            (may_panic, "may panic"),
            (maintained, "is maintained"),
            (removable, "may be removed"),
            (kept, "is marked as not to be removed"),
        ];
        facts.into_iter().filter(|(holds, _)| *holds).for_each(|(_, fact)| say(fact.to_owned(), "yes".to_owned()));
        self.group.iter().for_each(|group| say("node group".to_owned(), group.to_string()));
        self.offer.price.iter().for_each(|price| say("price".to_owned(), format!("{}", *price as f64 / 1e6)));
        let counted = self.offer.counted.iter();
        counted.for_each(|(name, amount)| say(format!("counted, {name}"), amount_in_words(name, *amount)));
        self.named.iter().for_each(|_| say("name".to_owned(), name.to_owned()));
        words
    }
}

/// Thousandths for cpu, the number for anything else.
fn amount_in_words(name: &str, amount: i64) -> String {
    if name == "cpu" { format!("{amount}m") } else { amount.to_string() }
}

/// How labels and images are read by anybody.
struct Reading<'r> {
    /// Keys whose values matter.
    by_value: BTreeSet<&'r str>,
    /// Keys of which only the presence matters: every node is a domain of its own.
    by_presence: BTreeSet<&'r str>,
    reads: &'r Reads,
}

impl<'r> Reading<'r> {
    fn of(readings: &'r Readings) -> Self {
        let reads = &readings.all;
        let topology = reads.topology_keys.iter().map(String::as_str);
        let (singleton, shared): (BTreeSet<_>, BTreeSet<_>) = topology.partition(|key| readings.is_singleton(key));
        let by_value: BTreeSet<&str> = reads.labels.iter().map(String::as_str).chain(shared).collect();
        Reading { by_presence: singleton.difference(&by_value).copied().collect(), by_value, reads }
    }
}

/// Groups the nodes into classes, in the order of their first members; with `single`, each is one of its own.
pub fn classes(
    spec: &ClusterSpec,
    templates: &[Template],
    readings: &Readings,
    single: bool,
) -> Result<Vec<NodeClass>, resources::ResourceError> {
    let reading = Reading::of(readings);
    let apart = |name: &String| single || readings.all.names.contains(name);
    let fixed = fixed_use(spec, templates)?;
    let removable = node_groups::removable(spec);
    let replaced = node_groups::nodes_may_be_replaced(spec);
    let mut position: HashMap<Key, usize> = HashMap::new();
    let mut classes: Vec<NodeClass> = Vec::new();
    for (index, node) in spec.nodes.iter().enumerate() {
        let mut class = class_of(spec, index, fixed.get(node.name.as_str()).cloned().unwrap_or_default())?;
        class.removable = removable.contains_key(node.name.as_str());
        class.replaced = replaced && node.offer.price.is_some();
        let key = key(&class, &reading, apart(&node.name).then_some(index));
        match position.get(&key) {
            Some(&at) => {
                classes[at].members.push(index);
                classes[at].starts_absent |= node.absent;
                classes[at].names.push(node.name.clone());
            }
            None => {
                class.reading = key.in_words(&node.name, templates);
                position.insert(key, classes.len());
                classes.push(class);
            }
        }
    }
    Ok(classes)
}

fn class_of(spec: &ClusterSpec, index: usize, fixed: Fixed) -> Result<NodeClass, resources::ResourceError> {
    let node = &spec.nodes[index];
    let lists = |names: &[String]| names.contains(&node.name);
    let scenario = &spec.scenario;
    let commanded = scenario.commands.iter().any(|command| command.action.node() == Some(&node.name));
    Ok(NodeClass {
        members: vec![index],
        names: vec![node.name.clone()],
        allocatable: resources::allocatable(&node.node)?,
        residents: fixed.residents,
        used: fixed.used,
        used_scoring: fixed.scoring,
        may_fail: scenario.failures.as_ref().is_some_and(|failures| lists(&failures.nodes)),
        may_panic: scenario.overload.as_ref().is_some_and(|overload| lists(&overload.nodes)),
        maintained: scenario.maintenance.as_ref().is_some_and(|maintenance| lists(&maintenance.nodes)),
        commanded,
        may_be_deleted: scenario.commands.iter().any(|command| command.action.deletes(&node.name)),
        unschedulable: node.is_cordoned(),
        starts_not_ready: node.is_not_ready(),
        group: node.group,
        removable: false,
        kept: node_groups::scaler_of(spec, node).is_some_and(|scaler| scaler.is_kept(&node.node)),
        replaced: false,
        offer: node.offer.clone(),
        starts_absent: node.absent,
        reading: BTreeMap::new(),
        node: node.node.clone(),
    })
}

fn key(class: &NodeClass, reading: &Reading<'_>, named: Option<usize>) -> Key {
    let labels = class.node.metadata.labels.iter().flatten();
    let labels = labels.filter_map(|(key, value)| {
        if reading.by_value.contains(key.as_str()) {
            Some((key.clone(), Some(value.clone())))
        } else {
            reading.by_presence.contains(key.as_str()).then(|| (key.clone(), None))
        }
    });
    let taint = |taint: &Taint| (taint.key.clone(), taint.value.clone().unwrap_or_default(), taint.effect.clone());
    let images = images::of_node(&class.node).filter(|(name, _)| reading.reads.has_image(name));
    let taints: &[Taint] = if reading.reads.taints { class.taints() } else { &[] };
    Key {
        labels: labels.collect(),
        images: images.map(|(name, size)| (name.to_owned(), size)).collect(),
        taints: taints.iter().map(taint).collect(),
        unschedulable: class.unschedulable,
        not_ready: class.starts_not_ready,
        allocatable: class.allocatable.clone(),
        offers: reading.reads.status.then(|| offers(&class.node)),
        used: class.used.clone(),
        used_scoring: class.used_scoring,
        residents: class.residents.clone(),
        flags: [class.may_fail, class.may_panic, class.maintained, class.removable, class.kept],
        group: class.group,
        offer: class.offer.clone(),
        named,
    }
}

/// Allocatable and capacity as written: the descheduler reads them in its own way.
fn offers(node: &Node) -> String {
    let status = node.status.as_ref();
    format!("{:?}", status.map(|status| (&status.allocatable, &status.capacity)))
}

#[derive(Clone, Default)]
struct Fixed {
    used: Resources,
    scoring: (i64, i64),
    residents: Vec<(TemplateId, Phase, i64)>,
}

/// What pods that stay use, by node.
fn fixed_use<'a>(
    spec: &'a ClusterSpec,
    templates: &[Template],
) -> Result<HashMap<&'a str, Fixed>, resources::ResourceError> {
    let mut fixed: HashMap<&str, Fixed> = HashMap::new();
    for (index, workload) in spec.workloads.iter().enumerate().filter(|(_, it)| it.kind == WorkloadKind::Fixed) {
        let revision = &workload.revisions[0];
        let told_apart = templates.iter().enumerate().filter(|(_, template)| template.workload == index);
        let mut owner: Vec<Option<TemplateId>> = vec![None; revision.pods.len()];
        for (id, template) in told_apart {
            template.members.iter().for_each(|&member| owner[member] = Some(TemplateId(id)));
        }
        let shared = revision.template.spec.clone().unwrap_or_default();
        let shared = (resources::pod_requests(&shared)?, resources::nonzero_requests(&shared));
        for (pod, owner) in revision.pods.iter().zip(owner) {
            let Some(node) = pod.node.as_deref() else { continue };
            if owner.is_some_and(|id| templates[id.0].tenure != Tenure::Resident) {
                continue;
            }
            let entry = fixed.entry(node).or_default();
            let (requests, scoring) = match &pod.object {
                Some(object) => (resources::bound_requests(object)?, resources::bound_nonzero_requests(object)),
                None => shared.clone(),
            };
            add(&mut entry.used, &requests);
            entry.scoring = (entry.scoring.0 + scoring.0, entry.scoring.1 + scoring.1);
            owner.into_iter().for_each(|id| entry.settle(id, Phase::of(pod)));
        }
    }
    fixed.values_mut().for_each(|it| it.residents.sort());
    Ok(fixed)
}

impl Fixed {
    /// Counts a resident.
    fn settle(&mut self, template: TemplateId, phase: Phase) {
        match self.residents.iter_mut().find(|(known, there, _)| (*known, *there) == (template, phase)) {
            Some((_, _, count)) => *count += 1,
            None => self.residents.push((template, phase, 1)),
        }
    }
}

fn add(total: &mut Resources, more: &Resources) {
    total.cpu += more.cpu;
    total.memory += more.memory;
    total.ephemeral_storage += more.ephemeral_storage;
    total.pods += more.pods;
    for (name, amount) in &more.extended {
        *total.extended.entry(name.clone()).or_default() += amount;
    }
}
