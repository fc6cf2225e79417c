//! What goes wrong, always about one workload named `web` (in m5 about whoever finds no room).

use serde_json::{Value, json};

use crate::cases::File;
use crate::cases::manifests::{descheduler_policy, file};

use super::crowd::{Crowd, Team, apart, spread as constraint};

/// What the crowd may come to use, in percent of the cpus.
const ROOMY: usize = 60;
const TOO_MUCH: usize = 130;
/// What a node of the pool that is kept for `web` offers, in thousandths of a cpu.
const POOL_NODE: usize = 4000;

const ALL: [&str; 4] = ["pods-schedulable", "min-replicas", "no-eviction-loop", "settles"];
const ALL_AND_ROLLOUTS: [&str; 5] =
    ["pods-schedulable", "min-replicas", "no-eviction-loop", "settles", "rollout-completes"];

const TAINT: &str = "kept-for";

/// Three nodes in two zones, kept for `web` by a taint.
fn pool(crowd: &mut Crowd) {
    for (index, zone) in ["a", "a", "b"].into_iter().enumerate() {
        let labels = json!({"topology.kubernetes.io/zone": zone, "pool": "web"});
        let taint = json!({"key": TAINT, "value": "web", "effect": "NoSchedule"});
        crowd.node(&name(index), POOL_NODE, labels, Some(taint));
    }
}

fn name(index: usize) -> String {
    format!("web-node-{}", index + 1)
}

/// A Deployment `web` whose pods run in the pool.
fn web(replicas: usize, cpu: usize, more: Value) -> Team {
    let mut pod = json!({
        "nodeSelector": {"pool": "web"},
        "tolerations": [{"key": TAINT, "operator": "Exists"}],
    });
    if let (Some(pod), Value::Object(more)) = (pod.as_object_mut(), more) {
        pod.extend(more);
    }
    Team::new("web", replicas, cpu, pod)
}

fn in_pool(node: &str) -> bool {
    node.starts_with("web-node-")
}

/// m1. Two hard constraints over zones of unequal size, and an autoscaler that goes one too far.
pub fn spread(scale: usize, fixed: bool) -> Vec<File> {
    let mut crowd = Crowd::new(scale, ROOMY);
    pool(&mut crowd);
    let mut constraints = vec![constraint("kubernetes.io/hostname", "DoNotSchedule", "web")];
    if !fixed {
        constraints.push(constraint("topology.kubernetes.io/zone", "DoNotSchedule", "web"));
    }
    let team = web(5, 100, json!({"topologySpreadConstraints": constraints}));
    crowd.autoscaler(&team, 5, 6, 91, (90, 110));
    // Two on the node that is a zone of its own: it has the most room after the others have one each.
    crowd.running(&team, in_pool);
    crowd.files("m1", &ALL)
}

/// m2. Pods that name a node whose taint evicts them.
pub fn pinned(scale: usize, fixed: bool) -> Vec<File> {
    let mut crowd = Crowd::new(scale, ROOMY);
    let taint = json!({"key": TAINT, "value": "web", "effect": "NoExecute"});
    crowd.node(&name(0), POOL_NODE, json!({}), Some(taint));
    let tolerations = if fixed { json!([{"key": TAINT, "operator": "Exists"}]) } else { json!([]) };
    let pod = json!({"nodeName": name(0), "tolerations": tolerations});
    let team = Team::new("web", 1, 100, pod);
    crowd.running(&team, |node| fixed && in_pool(node));
    crowd.files("m2", &ALL)
}

/// m3. A manifest with fewer replicas than the autoscaler's least.
pub fn reset(scale: usize, fixed: bool) -> Vec<File> {
    let mut crowd = Crowd::new(scale, ROOMY);
    let team = Team::new("web", 4, 100, json!({}));
    crowd.autoscaler(&team, 4, 8, 70, (50, 70));
    crowd.running(&team, |_| true);
    crowd.apply(&team.manifest(2, (!fixed).then_some(1)));
    crowd.files("m3", &ALL_AND_ROLLOUTS)
}

/// m4. The descheduler evicts duplicates that have nowhere else to go.
pub fn duplicates(scale: usize, fixed: bool) -> Vec<File> {
    let mut crowd = Crowd::new(scale, ROOMY);
    pool(&mut crowd);
    if !fixed {
        crowd.daemons(&busy(), &[name(0), name(1)]);
    }
    crowd.running(&web(5, POOL_NODE / 5 - 100, json!({})), |node| node == name(2));
    let policy = descheduler_policy("RemoveDuplicates", "namespaces: {include: [default]}");
    crowd.file(file("descheduler.yaml", policy));
    crowd.files("m4", &ALL)
}

/// What fills two nodes of the pool.
fn busy() -> Team {
    let expression = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [name(0), name(1)]});
    let terms = json!({"nodeSelectorTerms": [{"matchExpressions": [expression]}]});
    let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
    let pod = json!({"affinity": affinity, "tolerations": [{"key": TAINT, "operator": "Exists"}]});
    Team::new("busy", 0, POOL_NODE * 4 / 5, pod)
}

/// m5. Autoscalers at their maximum ask for more than there is.
pub fn shortage(scale: usize, fixed: bool) -> Vec<File> {
    Crowd::new(scale, if fixed { ROOMY } else { TOO_MUCH }).files("m5", &ALL)
}

/// m6. A rollout of as many pods as nodes that may not share one, and none may be missing meanwhile.
pub fn anti_affinity(scale: usize, fixed: bool) -> Vec<File> {
    let mut crowd = Crowd::new(scale, ROOMY);
    pool(&mut crowd);
    let anti = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart("web")]}});
    let rolling = json!({"maxSurge": usize::from(!fixed), "maxUnavailable": usize::from(fixed)});
    let strategy = json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}});
    let team = Team { spec: strategy, ..web(3, 100, json!({"affinity": anti})) };
    crowd.running(&team, in_pool);
    crowd.apply(&team.manifest(2, Some(3)));
    crowd.files("m6", &ALL_AND_ROLLOUTS)
}
