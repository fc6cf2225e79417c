//! Reads what pages show of scenarios, together with a cluster that has everything they speak of.

use kubound::input::{LoadOptions, load};

use super::markdown::Block;

/// Workloads that the documents name: namespace and name. Each has an autoscaler.
const WORKLOADS: [(&str, &str); 6] = [
    ("default", "web"),
    ("default", "checkout"),
    ("default", "search"),
    ("default", "queue"),
    ("default", "queue-worker"),
    ("shop", "cart"),
];
/// The one whose autoscaler looks at a metric of its own instead of cpu.
const QUEUE: &str = "queue-worker";
const METRIC: &str =
    "{type: Pods, pods: {metric: {name: messages_waiting}, target: {type: AverageValue, averageValue: 100}}}";
const CPU: &str = "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}";
/// Nodes, for parts of a scenario that have none.
const POOL: &str = "nodePools: [{name: worker, count: 3, template: {allocatable: {cpu: '8', memory: 16Gi}}}]\n";
/// A NodePool of Karpenter.
const NODE_POOL: &str =
    "{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: default}, spec: {template: {spec: {}}}}\n";
const HEAD: &str = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n";

/// The scenarios of a block: itself, or each of its documents as a part of `spec`.
pub fn scenarios(block: &Block) -> Vec<String> {
    if block.text.contains("kind: Scenario") {
        return vec![block.text.clone()];
    }
    block.text.split("---\n").map(whole).collect()
}

fn whole(part: &str) -> String {
    let pool = if part.contains("nodePools:") { "" } else { POOL };
    let lines = pool.lines().chain(part.lines()).map(|line| format!("  {line}\n"));
    HEAD.to_owned() + &lines.collect::<String>()
}

/// Reads a scenario with the cluster; what is wrong with it, if anything is.
pub fn read(scenario: &str) -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    write("web-v2.yaml", &deployment("default", "web"));
    let paths = [write("cluster.yaml", &cluster()), write("scenario.yaml", scenario)];
    match load(&paths, LoadOptions::default()) {
        Ok(loaded) if loaded.scenario_given => Ok(()),
        Ok(_) => Err("no scenario was seen".to_owned()),
        Err(errors) => Err(errors.to_string()),
    }
}

fn cluster() -> String {
    let documents = WORKLOADS.iter().flat_map(|(namespace, name)| {
        let metric = if *name == QUEUE { METRIC } else { CPU };
        [deployment(namespace, name), autoscaler(namespace, name, metric)]
    });
    let others = [cron_job("report"), NODE_POOL.to_owned(), vertical_autoscaler("search")];
    documents.chain(others).collect::<Vec<String>>().join("---\n")
}

fn deployment(namespace: &str, name: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
      - {{name: main, image: x, resources: {{requests: {{cpu: 250m, memory: 64Mi}}}}}}
"
    )
}

fn cron_job(name: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: CronJob
metadata: {{name: {name}}}
spec:
  schedule: '@hourly'
  jobTemplate:
    spec:
      template:
        spec: {{restartPolicy: Never, containers: [{{name: main, image: x}}]}}
"
    )
}

fn vertical_autoscaler(name: &str) -> String {
    format!(
        "apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {{name: {name}}}
spec:
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
"
    )
}

fn autoscaler(namespace: &str, name: &str, metric: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  maxReplicas: 12
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
  metrics: [{metric}]
"
    )
}
