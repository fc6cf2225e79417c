//! What the eviction API answered, held against the encoding.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cluster::object::selector::Labels;
use crate::cluster::view::{Cluster, Declaring, Shape};
use crate::conformance::probe::Probe;
use crate::encodings::READERS;
use crate::encodings::disruption::{answer, budget};
use crate::term::Ctx;

use super::evictions::asked;
use super::objects;
use super::record::{Stretch, listed};
use super::step;

/// Compares the answers; which one differs, if one does.
pub fn compare(stretch: &Stretch) -> Result<(), String> {
    let mut leaving = BTreeSet::new();
    for asked in stretch.steps.iter().flat_map(asked) {
        if answers(stretch, &leaving, asked.pod)? != asked.is_evicted {
            let answer = if asked.is_evicted { "granted" } else { "refused" };
            return Err(format!("the eviction of {} was {answer}, and not by the model", asked.pod));
        }
        if asked.is_evicted {
            leaving.insert(asked.pod.to_owned());
        }
    }
    Ok(())
}

/// Whether the encoding evicts a pod while others are leaving.
fn answers(stretch: &Stretch, leaving: &BTreeSet<String>, name: &str) -> Result<bool, String> {
    let pod =
        listed(&stretch.before, "Pod").iter().find(|pod| pod["name"] == name).ok_or("an unknown pod is evicted")?;
    let spec = step::read(stretch, leaving)?.spec;
    let ctx = Ctx::new();
    let declaring = Declaring::new(&ctx, &spec, &READERS, Shape::SingleNodes).map_err(|error| error.to_string())?;
    let cluster = declaring.acting();
    let probe = Probe::new(&ctx);
    cluster.initial_values().into_iter().for_each(|(var, term, value)| probe.fix(var, term, value));
    let runs = pod["phase"] == "Running" && pod["deleting"] != true && !leaving.contains(name);
    let evictee = answer::Evictee { runs: ctx.bool(runs), ready: ctx.bool(pod["ready"] == true) };
    let budgets = statuses(&cluster, &labels(stretch, pod));
    Ok(probe.holds(answer::is_evicted(&ctx, &budgets, evictee)))
}

/// The budgets that select pods with these labels, with their statuses.
fn statuses<'c>(
    cluster: &Cluster<'c>,
    labels: &Labels,
) -> Vec<(&'c k8s_openapi::api::policy::v1::PodDisruptionBudget, budget::Status<'c>)> {
    let selecting = cluster.spec.disruption_budgets.iter().filter(|it| budget::selects(it, "default", labels));
    selecting.map(|it| (it, budget::status(cluster, &cluster.state(), it))).collect()
}

fn labels(stretch: &Stretch, pod: &Value) -> Labels {
    let given = objects::as_given(stretch, &stretch.objects, pod).unwrap_or_default();
    serde_json::from_value(given["metadata"]["labels"].clone()).unwrap_or_default()
}
