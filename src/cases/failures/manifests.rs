//! What these cases need beside the common pieces.

use crate::cases::File;
use crate::cases::manifests::{NODE_SIZE, file};
use crate::cases::scale::Scale;

pub const HOSTNAME: &str = "kubernetes.io/hostname";
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// A pool whose count is an expression over `scale`.
#[derive(Clone, Debug)]
pub struct Pool {
    name: &'static str,
    count: &'static str,
    size: usize,
    template: String,
}

impl Pool {
    /// A pool of nodes as large as in other cases.
    pub fn new(name: &'static str, count: &'static str) -> Self {
        Pool { name, count, size: NODE_SIZE, template: String::new() }
    }

    /// The same with nodes that offer `size` cores and GiB.
    pub fn of(self, size: usize) -> Self {
        Pool { size, ..self }
    }

    /// The same with further fields of its template, in flow style.
    pub fn with(self, template: impl Into<String>) -> Self {
        Pool { template: template.into(), ..self }
    }

    fn text(&self, scale: Scale) -> String {
        let Pool { name, count, size, template } = self;
        if scale.is_number() && scale.number(count) == 0 {
            return String::new();
        }
        let more = if template.is_empty() { String::new() } else { format!("      {template}\n") };
        let count = scale.count(count);
        format!(
            "  - name: {name}\n    count: {count}\n    template:\n      \
             allocatable: {{cpu: \"{size}\", memory: {size}Gi, pods: \"110\"}}\n{more}"
        )
    }
}

/// A scenario of pools and further fields of its spec.
pub fn scenario(id: &str, scale: Scale, pools: &[Pool], rest: &str) -> File {
    let (head, pools) = (scale.head(), pools.iter().map(|pool| pool.text(scale)).collect::<String>());
    let text = format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nmetadata:\n  name: {id}\nspec:\n{head}  nodePools:\n{pools}{rest}"
    );
    file("scenario.yaml", text)
}

/// Required anti-affinity between the pods of an application on one node, for `App::with`.
pub fn apart(app: &str) -> String {
    format!(
        "affinity:\n  podAntiAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n    \
         - topologyKey: {HOSTNAME}\n      labelSelector:\n        matchLabels: {{app: {app}}}\n"
    )
}

/// A PriorityClass.
pub fn priority_class(name: &str, value: i32) -> String {
    format!("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata:\n  name: {name}\nvalue: {value}\n")
}

/// A descheduler policy with one balance plugin and arguments of plugins, each in flow style.
pub fn policy(plugin: &str, arguments: &[(&str, String)]) -> String {
    let config = arguments.iter().map(|(name, args)| format!("  - name: {name}\n    args: {{{args}}}\n"));
    let config: String = config.collect();
    let config = if config.is_empty() { config } else { format!("  pluginConfig:\n{config}") };
    format!(
        "apiVersion: descheduler/v1alpha2\nkind: DeschedulerPolicy\nprofiles:\n- name: default\n{config}  \
         plugins:\n    balance:\n      enabled: [{plugin}]\n"
    )
}

/// A DaemonSet and what runs of it.
pub struct Daemon {
    /// Its name.
    pub name: &'static str,
    /// What each pod requests, in cores and GiB.
    pub size: usize,
    /// Its PriorityClass and what that is worth.
    pub class: Option<(&'static str, i32)>,
}

impl Daemon {
    fn pod(&self, version: usize, indent: usize) -> String {
        let Daemon { name, size, .. } = self;
        let class = self.class.map_or_else(String::new, |(class, _)| format!("priorityClassName: {class}\n"));
        let text = format!(
            "{class}containers:\n- name: {name}\n  image: example.com/{name}:{version}\n  resources:\n    \
             requests: {{cpu: \"{size}\", memory: {size}Gi}}\n"
        );
        text.lines().map(|line| format!("{:indent$}{line}\n", "")).collect()
    }

    /// The manifest of a version.
    pub fn manifest(&self, version: usize) -> String {
        self.with_metadata("", version)
    }

    fn with_metadata(&self, metadata: &str, version: usize) -> String {
        let name = self.name;
        format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: {name}\n{metadata}spec:\n  selector:\n    \
             matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n{}",
            self.pod(version, 6)
        )
    }

    /// Its PriorityClass if it has one, the DaemonSet as a running cluster has it, and a pod on each of `nodes`.
    pub fn running(&self, nodes: &[String]) -> String {
        let class = self.class.map(|(class, value)| priority_class(class, value));
        let set = self.with_metadata(&format!("  uid: daemonset-{}\n  generation: 1\n", self.name), 1);
        let pods = nodes.iter().enumerate().map(|(index, node)| self.pod_on(node, index + 1));
        class.into_iter().chain([set]).chain(pods).collect::<Vec<String>>().join("---\n")
    }

    fn pod_on(&self, node: &str, number: usize) -> String {
        let name = self.name;
        let priority = self.class.map_or_else(String::new, |(_, value)| format!("  priority: {value}\n"));
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}-{number}\n  uid: pod-{name}-{number}\n  \
             labels: {{app: {name}, pod-template-generation: \"1\"}}\n  ownerReferences:\n  \
             - {{apiVersion: apps/v1, kind: DaemonSet, name: {name}, uid: daemonset-{name}, controller: true}}\n\
             spec:\n  nodeName: {node}\n{priority}{}status:\n  phase: Running\n  conditions:\n  \
             - {{type: Ready, status: \"True\"}}\n",
            self.pod(1, 2)
        )
    }
}
