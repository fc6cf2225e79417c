//! Single scheduling cycles: who is feasible, why the others are not, what each plugin scores.

use serde_json::Value;

use crate::conformance::Verdict;
use crate::term::Ctx;

use super::{cluster, outcome};

/// Compares one record.
pub fn compare(record: &Value, with_z3: bool) -> Verdict {
    match differences(record, with_z3) {
        Ok(differences) => Verdict::from_differences(differences),
        Err(reason) => Verdict::Differs(reason),
    }
}

fn differences(record: &Value, with_z3: bool) -> Result<Vec<String>, String> {
    let spec = cluster::spec(record, std::slice::from_ref(&record["pod"]))?;
    let ctx = Ctx::new();
    let cluster = cluster::scheduled(&ctx, &spec)?;
    let template = cluster::template_of(&cluster, &record["pod"]).ok_or("the pod is not among the templates")?;
    let cells = cluster.cells(&cluster.state());
    let outcome = cluster::outcome(&cluster, &cells, template);
    let probe = cluster::at_the_start(&cluster);
    let nodes = cluster::nodes(&cluster, &cells)?;
    let computed = outcome.read(&nodes, |terms| probe.values(terms)).cycle();
    let mut differences = outcome::differences(&computed, &record["expect"], "");
    cluster.check().map_err(|error| error.to_string())?;
    if with_z3 {
        differences.extend(cluster::confirm(&cluster, &cells, template));
    }
    Ok(differences)
}
