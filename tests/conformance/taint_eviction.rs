//! Taint eviction: taints and tolerations that change, against the times at which pods were evicted.

use k8s_openapi::api::core::v1::{Pod, Taint, Toleration};
use serde_json::Value;

use crate::encodings::clocked::taint_eviction::{ClockedEviction, ClockedPod, ClockedSpec, build};
use crate::system::ActionId;

use super::driver::Driver;
use super::json::{list, milliseconds, text, typed};
use super::{Source, Subject, Verdict};

/// The recordings of the taint eviction controller.
pub const SUBJECT: Subject = Subject {
    name: "taint-eviction",
    version: "v1.34.9",
    sources: &[Source { file: "controllers/taint_eviction.jsonl", family: |_| "taint_eviction".to_owned(), compare }],
};

fn compare(record: &Value, asks_z3: bool) -> Verdict {
    match Case::parse(record).and_then(|case| Ok((case.evictions(asks_z3)?, case.expected))) {
        Err(reason) => Verdict::Differs(reason),
        Ok((evictions, expected)) if evictions == expected => Verdict::Agrees,
        Ok((evictions, expected)) => Verdict::Differs(format!("{evictions:?}, recorded {expected:?}")),
    }
}

/// What happens to the controller from outside.
enum Change {
    Taints(usize, Vec<Taint>),
    NodeDeleted(usize),
    Created(usize),
    Tolerations(usize, usize),
}

struct Case {
    spec: ClockedSpec,
    changes: Vec<(i64, Change)>,
    expected: Vec<(i64, String)>,
}

fn place(names: &[String], name: &Value) -> Result<usize, String> {
    let name = text(name)?;
    names.iter().position(|known| known == name).ok_or_else(|| format!("nobody is called {name}"))
}

impl Case {
    fn parse(record: &Value) -> Result<Self, String> {
        let name = |object: &Value| text(&object["metadata"]["name"]).map(str::to_owned);
        let nodes = list(&record["nodes"]).iter().map(name).collect::<Result<Vec<_>, _>>()?;
        let created = |name: &str| {
            list(&record["steps"]).iter().any(|step| step["op"] == "addPod" && step["pod"].as_str() == Some(name))
        };
        let mut pods = typed::<Pod>(&record["pods"])?
            .into_iter()
            .map(|pod| parse_pod(pod, &nodes, &created))
            .collect::<Result<Vec<_>, _>>()?;
        let mut changes = Vec::new();
        for (index, node) in list(&record["nodes"]).iter().enumerate() {
            changes.push((0, Change::Taints(index, typed(&node["spec"]["taints"])?)));
        }
        for step in list(&record["steps"]) {
            changes.push((milliseconds(&step["t"])?, parse_step(step, &nodes, &mut pods)?));
        }
        let horizon = milliseconds(&record["horizon"])?;
        let spec = ClockedSpec { nodes, taints: vocabulary(&changes), pods, horizon };
        Ok(Case { spec, changes, expected: parse_evictions(&record["expect"]["evictions"])? })
    }

    /// Runs the encoding: what was evicted when.
    fn evictions(&self, ask_z3: bool) -> Result<Vec<(i64, String)>, String> {
        let eviction = build(&self.spec);
        let mut run =
            Run { case: self, eviction: &eviction, driver: Driver::new(&eviction.system)?, now: 0, evicted: vec![] };
        for (time, change) in &self.changes {
            run.wait(*time)?;
            let (action, inputs) = run.action(change);
            if ask_z3 {
                run.driver.confirm(action, &inputs)?;
            }
            run.fire(action, &inputs)?;
        }
        run.wait(self.spec.horizon)?;
        run.evicted.sort();
        Ok(run.evicted)
    }
}

fn parse_pod(pod: Pod, nodes: &[String], created: &impl Fn(&str) -> bool) -> Result<ClockedPod, String> {
    let name = pod.metadata.name.ok_or("a pod without a name")?;
    let spec = pod.spec.unwrap_or_default();
    let node = spec.node_name.and_then(|wanted| nodes.iter().position(|node| *node == wanted));
    let tolerations = vec![spec.tolerations.unwrap_or_default()];
    Ok(ClockedPod { exists: !created(&name), name, node, tolerations })
}

fn parse_step(step: &Value, nodes: &[String], pods: &mut [ClockedPod]) -> Result<Change, String> {
    let names: Vec<String> = pods.iter().map(|pod| pod.name.clone()).collect();
    match text(&step["op"])? {
        "setTaints" => Ok(Change::Taints(place(nodes, &step["node"])?, typed(&step["taints"])?)),
        "deleteNode" => Ok(Change::NodeDeleted(place(nodes, &step["node"])?)),
        "addPod" => Ok(Change::Created(place(&names, &step["pod"])?)),
        "setTolerations" => {
            let pod = place(&names, &step["pod"])?;
            pods[pod].tolerations.push(typed::<Toleration>(&step["tolerations"])?);
            Ok(Change::Tolerations(pod, pods[pod].tolerations.len() - 1))
        }
        other => Err(format!("unknown step {other}")),
    }
}

/// All taints that arise.
fn vocabulary(changes: &[(i64, Change)]) -> Vec<Taint> {
    let mut all: Vec<Taint> = Vec::new();
    for (_, change) in changes {
        if let Change::Taints(_, taints) = change {
            taints.iter().for_each(|taint| {
                if !all.contains(taint) {
                    all.push(taint.clone());
                }
            });
        }
    }
    all
}

fn parse_evictions(evictions: &Value) -> Result<Vec<(i64, String)>, String> {
    let parse = |it: &Value| Ok((milliseconds(&it["t"])?, text(&it["pod"])?.to_owned()));
    let mut evictions = list(evictions).iter().map(parse).collect::<Result<Vec<_>, String>>()?;
    evictions.sort();
    Ok(evictions)
}

struct Run<'a> {
    case: &'a Case,
    eviction: &'a ClockedEviction,
    driver: Driver<'a>,
    now: i64,
    evicted: Vec<(i64, String)>,
}

impl Run<'_> {
    /// Lets time pass. What falls due on the way, and at the very end, happens first.
    fn wait(&mut self, until: i64) -> Result<(), String> {
        loop {
            let due = |driver: &Driver<'_>, pod: usize| self.eviction.pods[pod].due_in(&driver.values);
            let next = (0..self.eviction.pods.len()).filter_map(|pod| Some((due(&self.driver, pod)?, pod))).min();
            match next {
                Some((time, pod)) if time <= until => {
                    self.pass_time(time)?;
                    self.fire(self.eviction.expiries[pod], &[])?;
                }
                _ => return self.pass_time(until),
            }
        }
    }

    fn pass_time(&mut self, until: i64) -> Result<(), String> {
        if until > self.now {
            self.driver.fire(self.eviction.clock, &[until])?;
            self.now = until;
        }
        Ok(())
    }

    fn action(&self, change: &Change) -> (ActionId, Vec<i64>) {
        let eviction = self.eviction;
        match change {
            Change::Taints(node, taints) => {
                let present = self.case.spec.taints.iter().map(|taint| i64::from(taints.contains(taint)));
                (eviction.taints[*node], present.collect())
            }
            Change::NodeDeleted(node) => (eviction.deletions[*node], Vec::new()),
            Change::Created(pod) => (eviction.creations[*pod], Vec::new()),
            Change::Tolerations(pod, list) => (eviction.tolerations[*pod], vec![*list as i64]),
        }
    }

    /// Fires an action and notes whom it evicts.
    fn fire(&mut self, action: ActionId, inputs: &[i64]) -> Result<(), String> {
        let before = self.driver.values.clone();
        self.driver.fire(action, inputs)?;
        for (pod, spec) in self.eviction.pods.iter().zip(&self.case.spec.pods) {
            let evicted = pod.eviction().index();
            if before[evicted] == 0 && self.driver.values[evicted] != 0 {
                self.evicted.push((self.now, spec.name.clone()));
            }
        }
        Ok(())
    }
}
