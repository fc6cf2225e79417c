//! Statuses and conditions of Deployments at rest, before the user does anything, held against the encoding.
//!
//! When a deadline passes is time; at rest it is known which rollouts never come to their end, so that it passes, and which are
//! complete.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::object::spec::{Workload, WorkloadKind};
use crate::cluster::view::{Cluster, WorkloadVars};
use crate::conformance::probe::Probe;
use crate::encodings::deployment::progress::Reason;
use crate::encodings::deployment::status::Status;
use crate::encodings::deployment::view::Deployment;

use super::answers;
use super::record::{Stretch, listed};

/// What a status says.
struct Known {
    /// `replicas`, `updatedReplicas`, `readyReplicas`, `availableReplicas`, `unavailableReplicas`.
    numbers: [i64; 5],
    /// The condition Available.
    is_available: bool,
    is_complete: bool,
    is_paused: bool,
}

const FIELDS: [&str; 5] = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"];

/// Compares the statuses; which one differs, if one does.
pub fn compare(stretch: &Stretch) -> Result<(), String> {
    let recorded = listed(&stretch.before, "Deployment");
    if recorded.is_empty() || !stretch.begins_at_rest {
        return Ok(());
    }
    let computed = answers::at_rest(stretch, |cluster, probe| {
        let owners = cluster.owners().filter(|(_, object, _)| object.kind == WorkloadKind::Deployment);
        let known = owners.map(|(_, object, vars)| (object.key.name.clone(), known(cluster, probe, object, vars)));
        known.collect::<BTreeMap<String, Known>>()
    })?;
    recorded.iter().filter(|it| it["stale"] != true).try_for_each(|it| {
        let name = it["name"].as_str().unwrap_or_default();
        computed.get(name).map_or(Ok(()), |known| known.compare(it)).map_err(|why| format!("{name} at rest: {why}"))
    })
}

fn known(cluster: &Cluster<'_>, probe: &Probe<'_>, object: &Workload, vars: &WorkloadVars) -> Known {
    let state = cluster.state();
    let deployment = Deployment {
        strategy: &object.strategy,
        replicas: state.get(vars.replicas),
        paused: object.paused,
        progress_deadline: object.progress_deadline,
        revision_history_limit: None,
        status: Status::none(cluster.ctx()),
    };
    let status = Status::at_rest(cluster, &state, vars, object.current);
    let numbers = [status.replicas, status.updated, status.ready, status.available, status.unavailable];
    Known {
        numbers: numbers.map(|number| probe.value(number)),
        is_available: probe.holds(status.is_available(&deployment)),
        is_complete: probe.holds(status.is_complete(&deployment)),
        is_paused: object.paused,
    }
}

impl Known {
    fn compare(&self, recorded: &Value) -> Result<(), String> {
        let numbers = FIELDS.map(|field| recorded[field].as_i64().unwrap_or(0));
        if numbers != self.numbers {
            return Err(format!("{FIELDS:?} {numbers:?} recorded, the model has {:?}", self.numbers));
        }
        let conditions = || recorded["conditions"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for condition in conditions() {
            let agrees = match condition.split_once('=') {
                Some(("Available", said)) => said.starts_with("True") == self.is_available,
                Some(("Progressing", said)) => self.may_say(said),
                _ => true,
            };
            if !agrees {
                return Err(format!("{condition} recorded, and not by the model"));
            }
        }
        Ok(())
    }

    /// Whether the condition Progressing may say that. A rollout that was complete once stays so for it while no old pods are
    /// there again.
    fn may_say(&self, said: &str) -> bool {
        let is = |reason: Reason| said == format!("{} {reason:?}", reason.status());
        let [replicas, updated, ..] = self.numbers;
        match self.is_paused {
            true => is(Reason::DeploymentPaused) || is(Reason::ProgressDeadlineExceeded),
            false if self.is_complete => is(Reason::NewReplicaSetAvailable),
            false if replicas != updated => Reason::ALL.into_iter().any(is) && !is(Reason::NewReplicaSetAvailable),
            false => Reason::ALL.into_iter().any(is),
        }
    }
}
