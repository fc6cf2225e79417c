//! A state in a few lines: workloads with their pods, nodes with what runs on them.

use crate::cluster::spec::ClusterSpec;
use crate::cluster::view::Parts;
use crate::cluster::{Attribute, Phase, TemplateId};

use super::nodes::NodeTracker;

/// Clusters of up to so many nodes are shown node by node.
const SHOWN_SINGLY: usize = 6;
/// At most so many groups of nodes are shown.
const MOST_GROUPS: usize = 16;

/// A state in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// One entry for each workload.
    pub workloads: Vec<String>,
    /// Nodes, alike ones together.
    pub nodes: Vec<String>,
}

/// Pods of one workload by where they stand.
#[derive(Clone, Copy, Default)]
struct Pods {
    ready: i64,
    starting: i64,
    terminating: i64,
    down: i64,
}

/// Condenses a state.
pub fn summarize(spec: &ClusterSpec, parts: &Parts, tracker: &NodeTracker<'_>, state: &[i64]) -> Summary {
    let mut pods = vec![Pods::default(); spec.workloads.len()];
    let mut nodes: Vec<(usize, String, String)> = Vec::new();
    for (class, node_class) in parts.classes.iter().enumerate() {
        let attributes = &parts.cells.layout(class).attributes;
        if attributes.is_empty() {
            continue;
        }
        for (member, name) in node_class.names.iter().enumerate() {
            let values = tracker.attributes(class, member, state);
            count(parts, attributes, &values, &mut pods);
            let always_cordoned = node_class.unschedulable && !attributes.contains(&Attribute::Cordoned);
            let mut words = describe(spec, parts, attributes, &values);
            words.extend(always_cordoned.then(|| "cordoned".to_owned()));
            nodes.push((node_class.members[member], name.clone(), words.join(", ")));
        }
    }
    nodes.sort();
    Summary {
        workloads: workloads(spec, parts, &pods, state),
        nodes: group(nodes.into_iter().map(|(_, name, words)| (name, words)).collect()),
    }
}

fn count(parts: &Parts, attributes: &[Attribute], values: &[i64], pods: &mut [Pods]) {
    let is_down = attributes.iter().zip(values).any(|(attribute, &value)| *attribute == Attribute::Down && value > 0);
    for (attribute, &value) in attributes.iter().zip(values) {
        let Attribute::Pods(template, phase) = *attribute else { continue };
        let entry = &mut pods[parts.templates[template.0].workload];
        match phase {
            Phase::Terminating => entry.terminating += value,
            _ if is_down => entry.down += value,
            Phase::Starting => entry.starting += value,
            Phase::Running => entry.ready += value,
        }
    }
}

fn workloads(spec: &ClusterSpec, parts: &Parts, pods: &[Pods], state: &[i64]) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, object) in spec.workloads.iter().enumerate() {
        let Some(vars) = &parts.workloads[index] else { continue };
        let Pods { ready, starting, terminating, down } = pods[index];
        let pending: i64 = vars.templates.iter().map(|template| state[parts.pending[template.0].index()]).sum();
        let absent = vars.exists.is_some_and(|exists| state[exists.index()] == 0);
        let head = match absent {
            true => format!("{}: not there", object.key),
            false => format!("{}: spec.replicas {}, {ready} ready", object.key, state[vars.replicas.index()]),
        };
        let more = [
            (pending, "Pending"),
            (starting, "starting"),
            (terminating, "terminating"),
            (down, "on nodes that are down"),
        ];
        let more = more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        lines.push(more.fold(head, |line, part| line + &part));
    }
    lines
}

/// What a node's attributes say.
fn describe(spec: &ClusterSpec, parts: &Parts, attributes: &[Attribute], values: &[i64]) -> Vec<String> {
    let mut words = Vec::new();
    for (attribute, &value) in attributes.iter().zip(values).filter(|(_, value)| **value > 0) {
        words.push(match *attribute {
            Attribute::Pods(template, Phase::Running) => format!("{value} {}", pod_name(spec, parts, template)),
            Attribute::Pods(template, Phase::Starting) => {
                format!("{value} {} starting", pod_name(spec, parts, template))
            }
            Attribute::Pods(template, Phase::Terminating) => {
                format!("{value} {} terminating", pod_name(spec, parts, template))
            }
            Attribute::Cordoned => "cordoned".to_owned(),
            Attribute::Down => "down".to_owned(),
            Attribute::Maintenance if value == 1 => "under maintenance".to_owned(),
            Attribute::Maintenance => continue,
        });
    }
    if words.is_empty() {
        words.push("empty".to_owned());
    }
    words
}

/// Pods go by their workload's name, by their ReplicaSet's where there are several.
fn pod_name(spec: &ClusterSpec, parts: &Parts, template: TemplateId) -> String {
    let template = &parts.templates[template.0];
    let siblings = parts.templates.iter().filter(|other| other.workload == template.workload).count();
    if siblings > 1 { template.name.clone() } else { spec.workloads[template.workload].key.name.clone() }
}

/// Nodes with their words; alike ones together if there are many.
fn group(nodes: Vec<(String, String)>) -> Vec<String> {
    if nodes.len() <= SHOWN_SINGLY {
        return nodes.into_iter().map(|(name, words)| format!("{name}: {words}")).collect();
    }
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (name, words) in nodes {
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(name),
            None => groups.push((words, vec![name])),
        }
    }
    let hidden: usize = groups.iter().skip(MOST_GROUPS).map(|(_, names)| names.len()).sum();
    let mut lines: Vec<String> =
        groups.iter().take(MOST_GROUPS).map(|(words, names)| group_line(words, names)).collect();
    if hidden > 0 {
        lines.push(format!("and {hidden} more nodes"));
    }
    lines
}

fn group_line(words: &str, names: &[String]) -> String {
    let each = if words == "empty" { "" } else { " each" };
    match names {
        [name] => format!("{name}: {words}"),
        [a, b] => format!("{a} and {b}: {words}{each}"),
        many => format!("{} nodes: {words}{each}", many.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_nodes_are_shown_in_groups() {
        let nodes = |count: usize| -> Vec<(String, String)> {
            let words = |index| if index == 2 { "3 web" } else { "2 web" };
            (0..count).map(|index| (format!("node-{index}"), words(index).to_owned())).collect()
        };
        assert_eq!(group(nodes(3)), ["node-0: 2 web", "node-1: 2 web", "node-2: 3 web"]);
        assert_eq!(group(nodes(8)), ["7 nodes: 2 web each", "node-2: 3 web"]);
    }
}
