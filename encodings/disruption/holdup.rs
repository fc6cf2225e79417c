//! Why a drain does not go on: what is left on its nodes, and the budgets that keep it there.
//!
//! Part of the rule `disruption/eviction`.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::view::Cluster;
use crate::cluster::view::story::{Line, MovedNode, Scene, join_names};
use crate::cluster::{Attribute, Phase, TemplateId};
use crate::property::drain_completes;
use crate::term::TermId;

use super::budget::Status;
use super::{RULE, budget};

/// Where the nodes of a class keep whether they are drained, and how many pods of a template they have.
struct Positions {
    drained: Option<usize>,
    pods: Vec<usize>,
}

/// A budget and what its status says: how many are healthy, how many it wants, how many disruptions it allows.
struct Told {
    name: String,
    healthy: TermId,
    desired: TermId,
    allowed: TermId,
    in_force: TermId,
}

impl Told {
    fn of((budget, status): &(&PodDisruptionBudget, Status<'_>)) -> Self {
        Told {
            name: budget.metadata.name.clone().unwrap_or_default(),
            healthy: status.healthy.id(),
            desired: status.desired.id(),
            allowed: status.allowed.id(),
            in_force: status.in_force.id(),
        }
    }

    fn tell(&self, scene: &Scene<'_>) -> String {
        let [healthy, desired, allowed] = [self.healthy, self.desired, self.allowed].map(|term| scene.get(term));
        let so_many = if allowed < 1 { "no".to_owned() } else { allowed.to_string() };
        format!("budget {} allows {so_many} disruption ({healthy} healthy, {desired} wanted)", self.name)
    }
}

/// Adds the explanation of `drain-completes` for the pods of a template, which these budgets select.
pub fn add<'c>(cluster: &Cluster<'c>, template: TemplateId, budgets: &[(&'c PodDisruptionBudget, Status<'c>)]) {
    if budgets.is_empty() {
        return;
    }
    let positions = (0..cluster.classes().len()).map(|class| positions(cluster, class, template));
    let positions: Vec<Positions> = positions.collect();
    let (name, waiting) =
        (cluster.templates[template.0].name.clone(), cluster.waiting(&cluster.state(), template).id());
    let budgets: Vec<Told> = budgets.iter().map(Told::of).collect();
    let tell = move |scene: &Scene<'_>| match left(scene, &positions) {
        (0, _) => Vec::new(),
        (pods, nodes) => {
            let in_force: Vec<&Told> = budgets.iter().filter(|budget| scene.holds(budget.in_force)).collect();
            let why = match in_force.as_slice() {
                [budget] => budget.tell(scene),
                several => {
                    let names = join_names(several.iter().map(|it| it.name.as_str()));
                    format!("budgets {names} select the same pods, and the eviction API refuses to serve that")
                }
            };
            let waiting = match scene.get(waiting) {
                0 => String::new(),
                waiting => format!(", while {waiting} pod(s) of {name} wait for a node"),
            };
            let text = format!("the drain of {nodes} waits for ever for {pods} pod(s) of {name}: {why}{waiting}");
            vec![Line { text, rules: vec![&RULE, &super::answer::RULE, &budget::RULE] }]
        }
    };
    cluster.diagnose(drain_completes::DEFINITION.name, Box::new(tell));
}

fn positions(cluster: &Cluster<'_>, class: usize, template: TemplateId) -> Positions {
    let pods = |phase: Phase| cluster.position(class, Attribute::Pods(template, phase));
    Positions {
        drained: cluster.position(class, Attribute::Maintenance),
        pods: [Phase::Starting, Phase::Unready, Phase::Running].into_iter().filter_map(pods).collect(),
    }
}

/// How many pods are left on nodes whose drain began, and the names of these nodes.
fn left(scene: &Scene<'_>, positions: &[Positions]) -> (i64, String) {
    let pods = |node: &MovedNode| -> i64 {
        let at = &positions[node.class];
        let is_drained = at.drained.is_some_and(|drained| node.after[drained] == 1);
        if is_drained { at.pods.iter().map(|&position| node.after[position]).sum() } else { 0 }
    };
    let holding = scene.moved.iter().map(|node| (node, pods(node))).filter(|(_, pods)| *pods > 0);
    let (nodes, pods): (Vec<&str>, Vec<i64>) = holding.map(|(node, pods)| (node.name.as_str(), pods)).unzip();
    (pods.iter().sum(), join_names(nodes.into_iter()))
}
