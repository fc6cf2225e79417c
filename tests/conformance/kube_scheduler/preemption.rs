//! Preemption: who may preempt, whose eviction helps on which node, and which node is chosen.

use std::collections::BTreeMap;

use itertools::Itertools;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::{Value, json};

use crate::cluster::Phase;
use crate::cluster::view::Cluster;
use crate::conformance::Verdict;
use crate::conformance::probe::Probe;
use crate::encodings::kube_scheduler::preemption::{self, DryRun, Group, Preemption};
use crate::encodings::kube_scheduler::{self, Cycle};
use crate::term::{Bool, Ctx, Int};

use super::cluster;
use super::outcome::Outcome;

/// Budgets allow up to so many disruptions.
const MOST_DISRUPTIONS: i64 = 10;
/// What the plugin that comes before preemption has to say.
const MESSAGE: &str = "no new claims to deallocate, preemption: ";

/// Compares one record.
pub fn compare(record: &Value, with_z3: bool) -> Verdict {
    match differences(record, with_z3) {
        Ok(differences) => Verdict::from_differences(differences),
        Err(reason) => Verdict::NotModelled(reason),
    }
}

fn differences(record: &Value, with_z3: bool) -> Result<Vec<String>, String> {
    let spec = cluster::spec(record, std::slice::from_ref(&record["pod"]))?;
    let ctx = Ctx::new();
    let cluster = cluster::scheduled(&ctx, &spec)?;
    let template = cluster::template_of(&cluster, &record["pod"]).ok_or("the pod is not among the templates")?;
    let probe = cluster::at_the_start(&cluster);
    let cells = cluster.cells(&cluster.state());
    let nodes = cluster::nodes(&cluster, &cells)?;
    let cycle = kube_scheduler::cycle(&cluster, &cells, template);
    let allowed = |budget: &PodDisruptionBudget| disruptions_allowed(&probe, budget);
    let preemption = preemption::preemption(&cluster, &cells, &cycle.verdicts, template, &allowed, 0);
    let computed =
        Computed { record, cluster: &cluster, probe: &probe, cycle: &cycle, preemption: &preemption, nodes: &nodes };
    let mut differences = computed.differences();
    cluster.check().map_err(|error| error.to_string())?;
    if with_z3 {
        differences.extend(computed.confirm());
    }
    Ok(differences)
}

/// `status.disruptionsAllowed`, as a variable: what it is in other states depends on the disruption controller.
fn disruptions_allowed<'c>(probe: &Probe<'c>, budget: &PodDisruptionBudget) -> Int<'c> {
    let allowed = budget.status.as_ref().map_or(0, |status| i64::from(status.disruptions_allowed));
    let name = budget.metadata.name.as_deref().unwrap_or_default();
    probe.given(&format!("disruptionsAllowed of {name}"), allowed, 0, MOST_DISRUPTIONS)
}

/// A preemption and the record that it is held against.
struct Computed<'a, 'c> {
    record: &'a Value,
    cluster: &'a Cluster<'c>,
    probe: &'a Probe<'c>,
    cycle: &'a Cycle<'c>,
    preemption: &'a Preemption<'c>,
    /// Name and cell of every node.
    nodes: &'a [(String, usize)],
}

impl<'c> Computed<'_, 'c> {
    fn differences(&self) -> Vec<String> {
        let alternatives = self.nodes_with(&self.preemption.best);
        let candidates = self.candidates();
        let nominated = alternatives.first();
        let victims =
            nominated.and_then(|node| candidates.get(node)).map_or(json!([]), |found| found["victims"].clone());
        let computed = [
            ("rejected", self.rejected()),
            ("feasibleWithoutPreemption", json!(self.nodes_with(&self.cycle.feasible))),
            ("candidates", json!(candidates)),
            ("nominatedNodeAlternatives", json!(alternatives)),
            ("nominatedNode", json!(nominated)),
            ("victims", victims),
            ("status", json!(self.status(nominated.is_some()))),
            ("message", json!(self.message(nominated.is_some()))),
        ];
        let expect = &self.record["expect"];
        let differs = |(field, value): (&str, Value)| {
            (value != expect[field]).then(|| format!("{field} {value}, recorded {}", expect[field]))
        };
        computed.into_iter().filter_map(differs).collect()
    }

    /// Sorted names of the nodes whose cells have a property.
    fn nodes_with(&self, by_cell: &[Bool<'c>]) -> Vec<String> {
        let nodes = self.nodes.iter().filter(|(_, cell)| self.probe.holds(by_cell[*cell]));
        nodes.map(|(name, _)| name.clone()).sorted().collect()
    }

    /// Why each node that is not feasible is refused.
    fn rejected(&self) -> Value {
        Outcome::new(self.cycle, &[], &[]).read(self.nodes, |terms| self.probe.values(terms)).rejected()
    }

    /// By node: the pods that would have to go, and how many of them violate a budget.
    fn candidates(&self) -> BTreeMap<String, Value> {
        let candidates = self.nodes.iter().filter(|(_, cell)| self.probe.holds(self.preemption.candidates[*cell]));
        let told = candidates.map(|(name, cell)| {
            let run = &self.preemption.runs[*cell];
            let violations = self.probe.value(run.violations);
            (name.clone(), json!({"victims": self.victims(name, run), "pdbViolations": violations}))
        });
        told.collect()
    }

    /// The victims on a node by name, the most important first. Of pods that are alike, those given first.
    fn victims(&self, node: &str, run: &DryRun<'c>) -> Vec<String> {
        let groups = self.preemption.groups.iter().zip(&run.victims);
        let of_group = |(group, &victims): (&Group, &Int<'c>)| {
            let template = &self.cluster.templates[group.template.0];
            let pods = &self.cluster.spec.workloads[template.workload].revisions[template.revision].pods;
            let members = template.members.iter().map(|&member| &pods[member]);
            let here = members.filter(|pod| pod.node.as_deref() == Some(node) && Phase::of(pod) == group.phase);
            let gone = usize::try_from(self.probe.value(victims)).unwrap_or_default();
            here.take(gone).map(|pod| format!("{}/{}", template.namespace, pod.name)).collect::<Vec<String>>()
        };
        groups.flat_map(of_group).collect()
    }

    fn status(&self, nominates: bool) -> &'static str {
        match self.nodes_with(&self.cycle.feasible).is_empty() {
            false => "NotNeeded",
            true if nominates => "Success",
            true => "Unschedulable",
        }
    }

    /// What the pod's event says where preemption does not help.
    fn message(&self, nominates: bool) -> Option<String> {
        if self.status(nominates) != "Unschedulable" {
            return None;
        }
        let why = match (self.preemption.allowed, self.probe.holds(self.preemption.waits)) {
            (false, _) => "not eligible due to preemptionPolicy=Never.".to_owned(),
            (true, true) => "not eligible due to a terminating pod on the nominated node.".to_owned(),
            (true, false) => self.why_it_does_not_help(),
        };
        Some(format!("{MESSAGE}{why}"))
    }

    fn why_it_does_not_help(&self) -> String {
        let reasons = self.nodes.iter().flat_map(|&(_, cell)| {
            let run = &self.preemption.runs[cell];
            if !self.probe.holds(self.cycle.verdicts[cell].resolvable()) {
                vec!["Preemption is not helpful for scheduling".to_owned()]
            } else if !self.probe.holds(run.has_prey) {
                vec!["No preemption victims found for incoming pod".to_owned()]
            } else {
                reasons(self.probe, &run.emptied)
            }
        });
        let counted = reasons.counts().into_iter().map(|(reason, nodes)| format!("{nodes} {reason}")).sorted();
        format!("0/{} nodes are available: {}.", self.nodes.len(), counted.format(", "))
    }

    /// Whether Z3 finds the same candidates, victims and choice.
    fn confirm(&self) -> Option<String> {
        let runs = &self.preemption.runs;
        let numbers = runs.iter().flat_map(|run| run.victims.iter().copied().chain([run.violations]));
        let truths = self.preemption.candidates.iter().chain(&self.preemption.best).copied();
        self.probe.confirm(&numbers.collect::<Vec<_>>(), &truths.chain([self.preemption.waits]).collect::<Vec<_>>())
    }
}

/// What the first filter that refuses a node says.
fn reasons<'c>(probe: &Probe<'c>, verdict: &kube_scheduler::Verdict<'c>) -> Vec<String> {
    let first = verdict.refusals.iter().find(|refusal| probe.holds(refusal.refuses));
    let reasons = first.into_iter().flat_map(|refusal| &refusal.reasons);
    reasons.filter(|reason| probe.holds(reason.applies)).map(|reason| reason.message.clone()).collect()
}
