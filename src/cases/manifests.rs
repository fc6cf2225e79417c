//! Pieces of YAML that cases are put together from.

use std::fmt::Write;

use super::File;

/// What a node offers, in cores and GiB.
pub const NODE_SIZE: usize = 64;
/// What a pod requests unless noted, in cores and GiB.
pub const POD_SIZE: usize = 8;

/// `pod-template-hash` of pods that run already.
const HASH: &str = "7d4b9c5f6";

/// A Deployment and what runs of it.
pub struct App {
    /// Its name.
    pub name: &'static str,
    /// `spec.replicas`.
    pub replicas: usize,
    /// What each pod requests: cpu and memory.
    pub requests: (String, String),
    /// The tag of its image.
    pub version: usize,
    /// `spec.strategy` of the Deployment, indented by two spaces.
    pub strategy: String,
    /// Further fields of the pod spec, each line indented by two spaces.
    pub pod_spec: String,
}

impl App {
    /// An application whose pods request `size` cores and GiB.
    pub fn new(name: &'static str, replicas: usize, size: usize) -> Self {
        App {
            name,
            replicas,
            requests: (size.to_string(), format!("{size}Gi")),
            version: 1,
            strategy: String::new(),
            pod_spec: String::new(),
        }
    }

    /// The same with more fields of the pod spec.
    pub fn with(mut self, pod_spec: impl Into<String>) -> Self {
        self.pod_spec = pod_spec.into();
        self
    }

    /// The same with a rolling update that may be so many pods below or above the replicas.
    pub fn rolling(mut self, max_unavailable: usize, max_surge: usize) -> Self {
        self.strategy =
            format!("  strategy:\n    rollingUpdate: {{maxUnavailable: {max_unavailable}, maxSurge: {max_surge}}}\n");
        self
    }

    fn pod(&self, indent: usize) -> String {
        let (cpu, memory) = &self.requests;
        let App { name, version, .. } = self;
        let text = format!(
            "{}containers:\n- name: {name}\n  image: example.com/{name}:{version}\n  resources:\n    \
             requests: {{cpu: {cpu:?}, memory: {memory}}}\n",
            self.pod_spec
        );
        text.lines().map(|line| format!("{:indent$}{line}\n", "")).collect()
    }

    /// The manifest, with or without `spec.replicas`.
    pub fn manifest(&self, with_replicas: bool) -> String {
        self.deployment("", with_replicas)
    }

    fn deployment(&self, metadata: &str, with_replicas: bool) -> String {
        let App { name, replicas, strategy, .. } = self;
        let replicas = if with_replicas { format!("  replicas: {replicas}\n") } else { String::new() };
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n{metadata}spec:\n{replicas}{strategy}  \
             selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      \
             labels: {{app: {name}}}\n    spec:\n{}",
            self.pod(6)
        )
    }

    /// Deployment and ReplicaSet as a running cluster has them. `applied` says whether the manifest that was applied last
    /// gave `spec.replicas`.
    pub fn running(&self, applied: bool) -> String {
        let App { name, replicas, .. } = self;
        let last = serde_yaml::from_str::<serde_json::Value>(&self.manifest(applied)).unwrap_or_default().to_string();
        let metadata = format!(
            "  uid: deployment-{name}\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{}'\n",
            last.replace('\'', "''")
        );
        let set = format!(
            "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: {name}-{HASH}\n  uid: replicaset-{name}\n  \
             annotations: {{deployment.kubernetes.io/revision: \"1\"}}\n  \
             labels: {{app: {name}, pod-template-hash: {HASH}}}\n  \
             ownerReferences:\n  - {{apiVersion: apps/v1, kind: Deployment, name: {name}, uid: deployment-{name}, controller: true}}\n\
             spec:\n  replicas: {replicas}\n  selector:\n    matchLabels: {{app: {name}, pod-template-hash: {HASH}}}\n  \
             template:\n    metadata:\n      labels: {{app: {name}, pod-template-hash: {HASH}}}\n    spec:\n{}",
            self.pod(6)
        );
        format!("{}---\n{set}", self.deployment(&metadata, true))
    }

    /// Running pods, one for each of `nodes`.
    pub fn pods(&self, nodes: &[String]) -> String {
        let name = self.name;
        let mut out = String::new();
        for (index, node) in nodes.iter().enumerate() {
            let number = index + 1;
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                "{}apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}-{HASH}-{number}\n  uid: pod-{name}-{number}\n  \
                 labels: {{app: {name}, pod-template-hash: {HASH}}}\n  ownerReferences:\n  \
                 - {{apiVersion: apps/v1, kind: ReplicaSet, name: {name}-{HASH}, uid: replicaset-{name}, controller: true}}\n\
                 spec:\n  nodeName: {node}\n{}{RUNNING}",
                separator(index),
                self.pod(2)
            );
        }
        out
    }
}

const RUNNING: &str = "status:\n  phase: Running\n  conditions:\n  - {type: Ready, status: \"True\"}\n";

fn separator(index: usize) -> &'static str {
    if index == 0 { "" } else { "---\n" }
}

/// A DaemonSet whose pods request `size` cores and GiB, and run on `nodes`, which are those that have its name as `role`.
pub fn running_daemons(name: &str, size: usize, nodes: &[String]) -> String {
    let pod = format!(
        "nodeSelector: {{role: {name}}}\ncontainers:\n- name: {name}\n  image: example.com/{name}:1\n  \
         resources:\n    requests: {{cpu: \"{size}\", memory: {size}Gi}}\n"
    );
    let pod = |indent: usize| pod.lines().map(|line| format!("{:indent$}{line}\n", "")).collect::<String>();
    let mut out = format!(
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: {name}\n  uid: daemonset-{name}\nspec:\n  selector:\n    \
         matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n{}",
        pod(6)
    );
    for (index, node) in nodes.iter().enumerate() {
        let number = index + 1;
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}-{number}\n  uid: pod-{name}-{number}\n  \
             labels: {{app: {name}}}\n  ownerReferences:\n  \
             - {{apiVersion: apps/v1, kind: DaemonSet, name: {name}, uid: daemonset-{name}, controller: true}}\n\
             spec:\n  nodeName: {node}\n{}{RUNNING}",
            pod(2)
        );
    }
    out
}

/// An autoscaler on cpu utilization.
pub fn autoscaler(target: &str, min: usize, max: usize, utilization: usize) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {target}\nspec:\n  \
         scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}\n  \
         minReplicas: {min}\n  maxReplicas: {max}\n  metrics:\n  - type: Resource\n    resource:\n      name: cpu\n      \
         target: {{type: Utilization, averageUtilization: {utilization}}}\n"
    )
}

/// An autoscaler on the average cpu usage of pods.
pub fn autoscaler_by_usage(target: &str, min: usize, max: usize, average: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {target}\nspec:\n  \
         scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}\n  \
         minReplicas: {min}\n  maxReplicas: {max}\n  metrics:\n  - type: Resource\n    resource:\n      name: cpu\n      \
         target: {{type: AverageValue, averageValue: {average}}}\n"
    )
}

/// A topology spread constraint with maxSkew 1 over an application's pods, for [`App::with`].
pub fn spread(app: &str, key: &str, when_unsatisfiable: &str) -> String {
    format!(
        "- maxSkew: 1\n  topologyKey: {key}\n  whenUnsatisfiable: {when_unsatisfiable}\n  \
         labelSelector:\n    matchLabels: {{app: {app}}}\n"
    )
}

/// A descheduler policy with one balance plugin.
pub fn descheduler_policy(plugin: &str, arguments: &str) -> String {
    let config = if arguments.is_empty() {
        String::new()
    } else {
        format!("  pluginConfig:\n  - name: {plugin}\n    args:\n      {arguments}\n")
    };
    format!(
        "apiVersion: descheduler/v1alpha2\nkind: DeschedulerPolicy\nprofiles:\n- name: default\n{config}  \
         plugins:\n    balance:\n      enabled: [{plugin}]\n"
    )
}

/// A node pool of a scenario; nothing for no nodes. `template` has further fields, in flow style.
pub fn pool(name: &str, count: usize, template: &str) -> String {
    pool_of(name, count, NODE_SIZE, template)
}

/// A node pool of nodes that offer `size` cores and GiB; see [`pool`].
pub fn pool_of(name: &str, count: usize, size: usize, template: &str) -> String {
    if count == 0 {
        return String::new();
    }
    let more = if template.is_empty() { String::new() } else { format!("      {template}\n") };
    format!(
        "  - name: {name}\n    count: {count}\n    template:\n      \
         allocatable: {{cpu: \"{size}\", memory: {size}Gi, pods: \"110\"}}\n{more}"
    )
}

/// Names of a pool's nodes.
pub fn members(pool: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{pool}-{number}")).collect()
}

/// A scenario of pools and further fields of its spec.
pub fn scenario(name: &str, pools: &str, rest: &str) -> File {
    let text = format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nmetadata:\n  name: {name}\nspec:\n  nodePools:\n{pools}{rest}"
    );
    file("scenario.yaml", text)
}

/// A file.
pub fn file(name: &str, text: impl Into<String>) -> File {
    (name.to_owned(), text.into())
}
