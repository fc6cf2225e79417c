//! From a record to a system that holds the descheduler's actions alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::counting::cells::Representation;
use crate::cluster::counting::layout::Attribute;
use crate::cluster::object::spec::{CacheView, ClusterSpec, ObjectKey};
use crate::cluster::view::{Declaring, Parts, Shape};
use crate::encodings::{READERS, descheduler};
use crate::input::{LoadOptions, load_strings};
use crate::system::{Interleaving, System};
use crate::term::Ctx;

use super::Losses;

/// A recorded cluster with its policy.
pub struct Situation {
    spec: ClusterSpec,
    /// `namespace/name` of every pod, in the order of the record, and its node.
    pub pods: Vec<(String, String)>,
}

/// The system of a situation.
pub struct Built {
    /// The descheduler's actions.
    pub system: System,
    parts: Parts,
    names: Vec<String>,
    /// Where evictions are counted, by node and template; empty for cycles in one step.
    counters: Vec<((usize, usize), [usize; 2])>,
    /// Node and template of each pod, by `namespace/name`.
    pub places: BTreeMap<String, (usize, usize)>,
}

impl Situation {
    /// Reads the objects of a record through the input layer.
    pub fn read(record: &Value, cache: CacheView) -> Result<Self, String> {
        let list = |key: &str| record[key].as_array().cloned().unwrap_or_default();
        let mut items: Vec<Value> = list("objects");
        items.push(record["policy"].clone());
        for (kind, key) in [("Node", "nodes"), ("Pod", "pods")] {
            for (position, mut object) in list(key).into_iter().enumerate() {
                object["apiVersion"] = json!("v1");
                object["kind"] = json!(kind);
                // What the API server printed has an identity; the recordings leave it out.
                object["metadata"]["uid"] = json!(format!("{kind}-{position}"));
                items.push(object);
            }
        }
        let text = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
        let loaded = load_strings(&[("record", &text)], LoadOptions::default());
        let mut spec = loaded.map_err(|diagnostics| diagnostics.to_string())?.spec;
        // A cycle is compared, alone: what it evicts is gone.
        spec.scenario.interleaving = Interleaving::Settled;
        let policy = spec.descheduler.as_mut().ok_or("there is no policy")?;
        policy.cache = cache;
        policy.refused = list("rejectedEvictions").iter().filter_map(key).collect();
        let pod = |pod: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let metadata = &pod["metadata"];
            let name = format!("{}/{}", text(&metadata["namespace"]), text(&metadata["name"]));
            (name, text(&pod["spec"]["nodeName"]))
        };
        Ok(Situation { pods: list("pods").iter().map(pod).collect(), spec })
    }

    /// Builds the system.
    pub fn build(&self) -> Result<Built, String> {
        let ctx = Ctx::new();
        let (unbound, parts, counters) = {
            let declaring = Declaring::new(&ctx, &self.spec, &READERS, Shape::SingleNodes);
            let declaring = declaring.map_err(|error| error.to_string())?;
            declaring.read_as(descheduler::READER.name);
            let vars = descheduler::declare(&declaring);
            let cluster = declaring.acting();
            descheduler::add(&cluster, &vars);
            let evicted = vars.evicted().into_iter();
            let counters =
                evicted.map(|((node, template), vars)| ((node, template.0), vars.map(|var| var.index()))).collect();
            let (builder, parts) = cluster.finish().map_err(|error| error.to_string())?;
            (builder.finish(self.spec.scenario.interleaving), parts, counters)
        };
        let mut places = BTreeMap::new();
        for (template, it) in parts.templates.iter().enumerate() {
            let pods = &self.spec.workloads[it.workload].revisions[it.revision].pods;
            for pod in it.members.iter().map(|&member| &pods[member]) {
                let class = parts.classes.iter().position(|class| Some(&class.names[0]) == pod.node.as_ref());
                if let Some(class) = class {
                    places.insert(format!("{}/{}", it.namespace, pod.name), (class, template));
                }
            }
        }
        let names = parts.classes.iter().map(|class| class.names[0].clone()).collect();
        Ok(Built { system: unbound.bind(ctx), parts, names, counters, places })
    }
}

fn key(value: &Value) -> Option<ObjectKey> {
    let (namespace, name) = value.as_str()?.split_once('/')?;
    Some(ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() })
}

impl Built {
    /// Pods on nodes in a state, by node and template.
    pub fn pods(&self, state: &[i64]) -> Losses {
        let mut pods = Losses::new();
        for (node, class) in self.parts.classes.iter().enumerate() {
            let Representation::Individual(members) = self.parts.cells.representation(node) else { continue };
            let attributes = &self.parts.cells.layout(node).attributes;
            for (attribute, var) in attributes.iter().zip(&members[0]) {
                if let Attribute::Pods(template, _) = attribute {
                    *pods.entry((node, template.0)).or_default() += state[var.index()];
                }
            }
            for &(template, _, count) in &class.residents {
                *pods.entry((node, template.0)).or_default() += count;
            }
        }
        pods
    }

    /// Whether the order of evictions can be told.
    pub fn has_order(&self) -> bool {
        !self.counters.is_empty()
    }

    /// Node and template of the pod that a step evicts for the first time in the cycle, if it evicts one.
    pub fn evicted(&self, before: &[i64], after: &[i64]) -> Option<(usize, usize)> {
        let count = |state: &[i64], vars: [usize; 2]| vars.map(|var| state[var]).into_iter().max();
        self.counters.iter().find(|&&(_, vars)| count(after, vars) > count(before, vars)).map(|&(place, _)| place)
    }

    /// Positions of the variables that say how many pods there are.
    pub fn pod_variables(&self) -> Vec<usize> {
        let mut found = Vec::new();
        for node in 0..self.parts.classes.len() {
            let Representation::Individual(members) = self.parts.cells.representation(node) else { continue };
            let attributes = self.parts.cells.layout(node).attributes.iter().zip(&members[0]);
            let pods = attributes.filter(|(attribute, _)| matches!(attribute, Attribute::Pods(..)));
            found.extend(pods.map(|(_, var)| var.index()));
        }
        found
    }

    /// What is lost between two states.
    pub fn lost(&self, before: &[i64], after: &[i64]) -> Losses {
        let after = self.pods(after);
        let lost = |(place, count): (&(usize, usize), &i64)| (*place, count - after.get(place).copied().unwrap_or(0));
        self.pods(before).iter().map(lost).filter(|(_, count)| *count != 0).collect()
    }

    /// Losses in words.
    pub fn show(&self, losses: &Losses) -> String {
        let one = |(&(node, template), count): (&(usize, usize), &i64)| {
            let mut pods = self.places.iter().filter(|(_, place)| **place == (node, template));
            let pod = pods.next().map_or("?", |(name, _)| name.as_str());
            format!("{count} like {pod} of {}", self.names[node])
        };
        match losses.is_empty() {
            true => "nothing".to_owned(),
            false => losses.iter().map(one).collect::<Vec<_>>().join(" + "),
        }
    }
}
