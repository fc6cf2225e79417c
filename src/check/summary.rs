//! A state in a few lines: workloads with their pods, nodes with what runs on them.

use crate::cluster::object::spec::ClusterSpec;
use crate::cluster::view::Parts;
use crate::cluster::{Attribute, Phase, TemplateId};

use super::nodes::NodeTracker;
use super::timeline::Condition;

/// Clusters of up to so many nodes are shown node by node.
const SHOWN_SINGLY: usize = 6;
/// Up to so many workloads are told in every summary.
const TOLD_ALWAYS: usize = 8;
/// At most so many groups of nodes are shown.
const MOST_GROUPS: usize = 16;

/// A state in words; of many workloads, what is new in it.
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
    unready: i64,
    terminating: i64,
    down: i64,
    /// Made for a node each, and waiting for it.
    waiting: i64,
}

/// Condenses the states of a run, one after the other. Of many workloads those are told at first that are not as they
/// should be; then only those, and only those nodes, that stand otherwise than before.
pub struct Summarizer<'a> {
    spec: &'a ClusterSpec,
    parts: &'a Parts,
    /// What pods go by, by template.
    pod_names: Vec<String>,
    /// What was said of workloads and nodes last.
    before: Option<(Vec<String>, Vec<String>)>,
}

impl<'a> Summarizer<'a> {
    /// For a run that was not begun yet.
    pub fn new(spec: &'a ClusterSpec, parts: &'a Parts) -> Self {
        let pod_names = (0..parts.templates.len()).map(|it| pod_name(spec, parts, TemplateId(it))).collect();
        Summarizer { spec, parts, pod_names, before: None }
    }

    /// What pods go by, by template.
    pub fn pod_names(&self) -> &[String] {
        &self.pod_names
    }

    /// Condenses the next state.
    pub fn summarize(&mut self, tracker: &NodeTracker<'_>, state: &[i64]) -> Summary {
        let mut pods = vec![Pods::default(); self.spec.workloads.len()];
        let mut nodes: Vec<(usize, String, String)> = Vec::new();
        for (class, node_class) in self.parts.classes.iter().enumerate() {
            let attributes = &self.parts.cells.layout(class).attributes;
            if attributes.is_empty() {
                continue;
            }
            for (member, name) in node_class.names.iter().enumerate() {
                let values = tracker.attributes(class, member, state);
                count(self.parts, attributes, &values, &mut pods);
                let always_cordoned = node_class.unschedulable && !attributes.contains(&Attribute::Cordoned);
                let mut words = match is_absent(attributes, &values) {
                    true => vec![Condition::Absent.words().to_owned()],
                    false => describe(&self.pod_names, attributes, &values),
                };
                words.extend(always_cordoned.then(|| Condition::Cordoned.words().to_owned()));
                nodes.push((node_class.members[member], name.clone(), words.join(", ")));
            }
        }
        nodes.sort();
        let workloads = workloads(self.spec, self.parts, &pods, state);
        let nodes = nodes.into_iter().map(|(_, name, words)| (name, words));
        if workloads.len() <= TOLD_ALWAYS {
            let workloads = workloads.into_iter().map(|line| line.text).collect();
            let there = nodes.filter(|(_, words)| words != Condition::Absent.words());
            return Summary { workloads, nodes: group(there.collect()) };
        }
        let nodes: Vec<(String, String)> = nodes.collect();
        let lines: Vec<String> = workloads.iter().map(|line| line.text.clone()).collect();
        let words: Vec<String> = nodes.iter().map(|(_, words)| words.clone()).collect();
        match self.before.replace((lines.clone(), words)) {
            None => Summary { workloads: amiss(workloads), nodes: Vec::new() },
            Some((old_lines, old_words)) => Summary {
                workloads: news(lines.into_iter(), &old_lines, |line| line),
                nodes: group(news(nodes.into_iter(), &old_words, |(_, words)| words)),
            },
        }
    }
}

/// Whether a node of a node group is not there.
fn is_absent(attributes: &[Attribute], values: &[i64]) -> bool {
    let mut said = attributes.iter().zip(values).filter_map(|(&attribute, &value)| Condition::of(attribute, value));
    said.any(|condition| condition == Condition::Absent)
}

/// What is not as it should be; of the other workloads there is a number.
fn amiss(workloads: Vec<Line>) -> Vec<String> {
    let (ready, amiss): (Vec<Line>, Vec<Line>) = workloads.into_iter().partition(|line| line.is_ready);
    let more = if amiss.is_empty() { "" } else { "more " };
    let rest = (!ready.is_empty()).then(|| format!("{} {more}workloads: all of their pods are ready", ready.len()));
    amiss.into_iter().map(|line| line.text).chain(rest).collect()
}

/// What is said of a workload.
struct Line {
    text: String,
    /// Whether it has as many pods as it should, and all of them are ready.
    is_ready: bool,
}

/// Those about which something else was said before.
fn news<T>(all: impl Iterator<Item = T>, before: &[String], said: impl Fn(&T) -> &String) -> Vec<T> {
    all.zip(before).filter(|(now, before)| said(now) != *before).map(|(now, _)| now).collect()
}

fn count(parts: &Parts, attributes: &[Attribute], values: &[i64], pods: &mut [Pods]) {
    let is_down = attributes.iter().zip(values).any(|(attribute, &value)| *attribute == Attribute::Down && value > 0);
    for (attribute, &value) in attributes.iter().zip(values) {
        let workload = |template: TemplateId| parts.templates[template.0].workload;
        if let Attribute::Waiting(template) = *attribute {
            pods[workload(template)].waiting += value;
        }
        let Attribute::Pods(template, phase) = *attribute else { continue };
        let entry = &mut pods[workload(template)];
        match phase {
            Phase::Terminating => entry.terminating += value,
            _ if is_down => entry.down += value,
            Phase::Starting => entry.starting += value,
            Phase::Running => entry.ready += value,
            Phase::Unready => entry.unready += value,
        }
    }
}

fn workloads(spec: &ClusterSpec, parts: &Parts, pods: &[Pods], state: &[i64]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, object) in spec.workloads.iter().enumerate() {
        let Some(vars) = &parts.workloads[index] else { continue };
        let Pods { ready, starting, unready, terminating, down, waiting } = pods[index];
        let pending: i64 = vars.templates.iter().map(|template| state[parts.pending[template.0].index()]).sum();
        let pending = pending + waiting;
        let absent = vars.exists.is_some_and(|exists| state[exists.index()] == 0);
        let head = match absent {
            true => format!("{}: not there", object.key),
            false if !object.kind.has_scale() => format!("{}: {ready} ready", object.key),
            false => format!("{}: spec.replicas {}, {ready} ready", object.key, state[vars.replicas.index()]),
        };
        let more = [
            (pending, "Pending"),
            (starting, "starting"),
            (unready, "not ready any more"),
            (terminating, "terminating"),
            (down, "on nodes that are down"),
        ];
        let is_whole = !object.kind.has_scale() || ready == state[vars.replicas.index()];
        let is_ready = more.iter().all(|&(count, _)| count == 0) && is_whole;
        let more = more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        lines.push(Line { text: more.fold(head, |line, part| line + &part), is_ready });
    }
    lines
}

/// What a node's attributes say.
fn describe(pod_names: &[String], attributes: &[Attribute], values: &[i64]) -> Vec<String> {
    let mut words = Vec::new();
    for (attribute, &value) in attributes.iter().zip(values).filter(|(_, value)| **value > 0) {
        words.push(match *attribute {
            Attribute::Pods(template, Phase::Running) => format!("{value} {}", pod_names[template.0]),
            Attribute::Pods(template, Phase::Starting) => format!("{value} {} starting", pod_names[template.0]),
            Attribute::Pods(template, Phase::Unready) => format!("{value} {} not ready", pod_names[template.0]),
            Attribute::Pods(template, Phase::Terminating) => format!("{value} {} terminating", pod_names[template.0]),
            Attribute::Nominated(template) => format!("{value} {} nominated", pod_names[template.0]),
            Attribute::Assumed(template) => format!("{value} {} assumed", pod_names[template.0]),
            Attribute::Waiting(template) => format!("{value} {} waiting", pod_names[template.0]),
            other => match Condition::of(other, value) {
                Some(condition) => condition.words().to_owned(),
                None => continue,
            },
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
