//! What KWOK's fake machines do that its stages of every day do not: nodes that are down, containers that never become
//! ready or take their time, pods of Jobs that run until the script ends them.
//!
//! A stage wins over KWOK's own by its weight: those have none. It writes the same status each time, so that KWOK
//! has nothing to do once it is written.

use serde_json::{Value, json};

use crate::cluster::object::spec::{ClusterSpec, Workload};

/// The annotation of a node that is down.
pub const DOWN: &str = "reproduce.kubound.dev/down";

/// The annotation of a pod of a Job that ends: `succeeded` or `failed`.
pub const ENDS: &str = "reproduce.kubound.dev/ends";

/// Seconds that a pod of `slowStart` takes to become ready.
pub const SLOW_SECONDS: i64 = 20;

/// More than the weight of any of KWOK's own stages.
const WEIGHT: i64 = 1_000_000;

const NODE_DOWN: &str = "\
conditions:
- type: Ready
  status: \"False\"
  reason: KubeletNotReady
  message: down, as the story has it
  lastHeartbeatTime: {{ .metadata.creationTimestamp | Quote }}
  lastTransitionTime: {{ .metadata.creationTimestamp | Quote }}
";

const NEVER_READY: &str = "\
phase: Running
startTime: {{ Now | Quote }}
conditions:
- {type: Initialized, status: \"True\"}
- {type: ContainersReady, status: \"False\", reason: ContainersNotReady}
- {type: Ready, status: \"False\", reason: ContainersNotReady}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  restartCount: 0
  state: {waiting: {reason: CrashLoopBackOff}}
{{ end }}
";

const READY: &str = "\
phase: Running
startTime: {{ Now | Quote }}
conditions:
- {type: Initialized, status: \"True\"}
- {type: ContainersReady, status: \"True\", lastTransitionTime: {{ Now | Quote }}}
- {type: Ready, status: \"True\", lastTransitionTime: {{ Now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state: {running: {startedAt: {{ Now | Quote }}}}
{{ end }}
";

const FAILED: &str = "\
phase: Failed
conditions:
- {type: ContainersReady, status: \"False\", reason: PodFailed}
- {type: Ready, status: \"False\", reason: PodFailed}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  restartCount: 0
  state: {terminated: {exitCode: 1, reason: Error}}
{{ end }}
";

/// The stages that a cluster needs; `falls` says whether nodes go down in the story.
pub fn stages(cluster: &ClusterSpec, falls: bool) -> Vec<Value> {
    let mut stages = Vec::new();
    if falls {
        let selector = json!({"matchAnnotations": {DOWN: "true"}});
        stages.push(stage("kubound-node-down", "Node", selector, 0, NODE_DOWN));
    }
    if !cluster.scenario.never_ready.is_empty() {
        let of_images = json!({"key": ".spec.containers.[].image", "operator": "In",
            "values": cluster.scenario.never_ready});
        stages.push(stage("kubound-never-ready", "Pod", in_phase("Pending", vec![of_images]), 0, NEVER_READY));
    }
    let slow = cluster.workloads.iter().filter(|it| cluster.scenario.slow_start.contains(&it.key));
    stages.extend(slow.enumerate().map(|(number, workload)| slow_start(number + 1, workload)));
    if cluster.workloads.iter().any(|workload| workload.kind.is_batch()) {
        stages.extend(of_jobs());
    }
    stages
}

/// Pods of Jobs stay until they are told how to end.
fn of_jobs() -> [Value; 2] {
    let of_job = json!({"key": ".metadata.ownerReferences.[].kind", "operator": "In", "values": ["Job"]});
    let ends = format!(".metadata.annotations[\"{ENDS}\"]");
    let goes_on = json!({"key": ends, "operator": "DoesNotExist"});
    let fails = json!({"key": ends, "operator": "In", "values": ["failed"]});
    [
        stage("kubound-job-runs", "Pod", in_phase("Running", vec![of_job.clone(), goes_on]), 0, "phase: Running\n"),
        stage("kubound-job-fails", "Pod", in_phase("Running", vec![of_job, fails]), 0, FAILED),
    ]
}

fn slow_start(number: usize, workload: &Workload) -> Value {
    let mut selector = in_phase("Pending", Vec::new());
    selector["matchLabels"] = json!(workload.selector.match_labels.clone().unwrap_or_default());
    stage(&format!("kubound-slow-start-{number}"), "Pod", selector, SLOW_SECONDS, READY)
}

/// Pods in a phase that are not being deleted, and more.
fn in_phase(phase: &str, more: Vec<Value>) -> Value {
    let mut expressions = vec![
        json!({"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}),
        json!({"key": ".status.phase", "operator": "In", "values": [phase]}),
    ];
    expressions.extend(more);
    json!({"matchExpressions": expressions})
}

fn stage(name: &str, kind: &str, selector: Value, delay_seconds: i64, status: &str) -> Value {
    let mut spec = json!({
        "resourceRef": {"apiGroup": "v1", "kind": kind},
        "selector": selector,
        "weight": WEIGHT,
        "next": {"statusTemplate": status},
    });
    if delay_seconds > 0 {
        spec["delay"] = json!({"durationMilliseconds": delay_seconds * 1000});
    }
    json!({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": {"name": name}, "spec": spec})
}
