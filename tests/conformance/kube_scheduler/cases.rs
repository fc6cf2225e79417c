//! Single scheduling cycles: who is feasible, why the others are not, what each plugin scores.

use serde_json::{Value, json};

use crate::cluster::view::Cluster;
use crate::conformance::Verdict;
use crate::encodings::kube_scheduler;
use crate::term::Ctx;

use super::cluster;

/// Compares one record.
pub fn compare(record: &Value, _with_z3: bool) -> Verdict {
    match differences(record) {
        Ok(differences) => Verdict::from_differences(differences),
        Err(reason) => Verdict::NotModelled(reason),
    }
}

fn differences(record: &Value) -> Result<Vec<String>, String> {
    let spec = cluster::spec(record, std::slice::from_ref(&record["pod"]))?;
    let ctx = Ctx::new();
    let cluster = Cluster::new(&ctx, &spec).map_err(|error| error.to_string())?;
    let template = cluster::template_of(&cluster, &record["pod"]).ok_or("the pod is not among the templates")?;
    let probe = cluster::at_the_start(&cluster);
    let cells = cluster.cells(&cluster.state());
    let cycle = kube_scheduler::cycle(&cluster, &cells, template);
    let mut feasible = Vec::new();
    for (node, cell) in spec.nodes.iter().zip(cluster::cells_of_nodes(&cluster, &cells)) {
        if probe.holds(cycle.feasible[cell.ok_or("a node is in no cell")?]) {
            feasible.push(node.name.clone());
        }
    }
    feasible.sort();
    let mut differences = Vec::new();
    if record["expect"]["feasible"] != json!(feasible) {
        differences.push(format!("feasible {feasible:?}, recorded {}", record["expect"]["feasible"]));
    }
    Ok(differences)
}
