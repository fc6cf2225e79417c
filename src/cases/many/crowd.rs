//! Workloads as teams write them: requests, autoscalers, budgets, wishes where pods should be.

use serde_json::{Value, json};

use crate::cases::File;
use crate::cases::manifests::file;

/// What a node offers, in thousandths of a cpu; a cpu comes with 4 GiB.
pub const NODE: usize = 16_000;
/// What the largest pod requests.
const LARGEST: usize = NODE / 8;
/// What pods of the DaemonSet on each node request.
const AGENT: usize = 100;

/// Numbers that look random and are the same everywhere (the multiplier and increment are Knuth's).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn one_of(&mut self, values: &[usize]) -> usize {
        values[self.below(values.len())]
    }

    fn is_lucky(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// How large a workload may become.
#[derive(Clone, Copy)]
struct Size {
    /// Whether it is autoscaled.
    is_scaled: bool,
    /// Its pods at most, without the surge of a rollout.
    most: usize,
    /// What each requests, in thousandths of a cpu.
    cpu: usize,
}

/// Twice as many workloads as nodes that may come to fill so many percent of the cpus.
fn sizes(dice: &mut Dice, nodes: usize, percent: usize) -> Vec<Size> {
    let all = nodes * NODE * percent / 100;
    let weights: Vec<usize> = (0..2 * nodes).map(|_| dice.one_of(&[1, 1, 2, 3, 5])).collect();
    let total: usize = weights.iter().sum();
    let size = |(index, weight): (usize, usize)| {
        let is_scaled = dice.is_lucky(40) || index == 0;
        let most = dice.one_of(if is_scaled { &[4, 6, 8, 12] } else { &[1, 2, 3, 4, 6] });
        let cpu = (all * weight / total / (most + most.div_ceil(4)) / 10 * 10).clamp(10, LARGEST);
        Size { is_scaled, most, cpu }
    };
    let mut sizes: Vec<Size> = weights.into_iter().enumerate().map(size).collect();
    // Where more is asked for than there is, the largest pods do not suffice: autoscalers get higher limits.
    while percent > 100 && sizes.iter().map(|it| it.most * it.cpu).sum::<usize>() < all {
        sizes.iter_mut().filter(|it| it.is_scaled).for_each(|it| it.most += 1);
    }
    sizes
}

/// A Deployment, as far as cases differ in it.
pub struct Team {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `spec.replicas`.
    pub replicas: usize,
    /// What a pod requests, in thousandths of a cpu.
    pub cpu: usize,
    /// Further fields of its pods' spec.
    pub pod: Value,
    /// Further fields of its spec.
    pub spec: Value,
}

impl Team {
    /// One in the default namespace.
    pub fn new(name: &str, replicas: usize, cpu: usize, pod: Value) -> Self {
        let (name, namespace) = (name.to_owned(), "default".to_owned());
        Team { name, namespace, replicas, cpu, pod, spec: json!({}) }
    }

    /// The pod template with that image; `labels` come on top.
    fn template(&self, version: usize, labels: Value) -> Value {
        let request = json!({"cpu": format!("{}m", self.cpu), "memory": format!("{}Mi", 4 * self.cpu)});
        let container = json!({
            "name": "main",
            "image": format!("example.com/{}:{version}", self.name),
            "resources": {"requests": request},
        });
        json!({
            "metadata": {"labels": with(json!({"app": self.name}), labels)},
            "spec": with(json!({"containers": [container]}), self.pod.clone()),
        })
    }

    /// The manifest, with an image of that version and so many replicas, if it says how many.
    pub fn manifest(&self, version: usize, replicas: Option<usize>) -> Value {
        let spec = json!({
            "selector": {"matchLabels": {"app": self.name}},
            "template": self.template(version, json!({})),
        });
        let replicas = replicas.map_or(json!({}), |replicas| json!({"replicas": replicas}));
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": with(with(spec, replicas), self.spec.clone()),
        })
    }
}

/// The fields of two objects.
fn with(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

/// A cluster that is being put together.
pub struct Crowd {
    dice: Dice,
    /// Names of nodes with the room that is left.
    room: Vec<(String, usize)>,
    objects: Vec<Value>,
    loads: Vec<Value>,
    commands: Vec<Value>,
    more: Vec<File>,
}

impl Crowd {
    /// So many nodes and twice as many workloads that may come to fill so many percent of the cpus.
    pub fn new(nodes: usize, percent: usize) -> Self {
        let dice = Dice(nodes as u64);
        let mut crowd = Crowd { dice, room: vec![], objects: vec![], loads: vec![], commands: vec![], more: vec![] };
        for number in 0..nodes {
            let zone = ["a", "b", "c"][number % 3];
            let labels = json!({"topology.kubernetes.io/zone": zone});
            crowd.node(&format!("node-{:04}", number + 1), NODE, labels, None);
        }
        let names: Vec<String> = crowd.room.iter().map(|(name, _)| name.clone()).collect();
        crowd.daemons(&Team::new("agent", 0, AGENT, json!({})), &names);
        for (index, size) in sizes(&mut crowd.dice, nodes, percent).into_iter().enumerate() {
            crowd.workload(index, size);
        }
        crowd
    }

    /// A node; its name is its `kubernetes.io/hostname`, too.
    pub fn node(&mut self, name: &str, cpu: usize, labels: Value, taint: Option<Value>) {
        let room = json!({"cpu": format!("{cpu}m"), "memory": format!("{}Mi", cpu / 1000 * 4096), "pods": "250"});
        let labels = with(json!({"kubernetes.io/hostname": name}), labels);
        let spec = taint.map_or(json!({}), |taint| json!({"taints": [taint]}));
        self.objects.push(json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "spec": spec,
            "status": {"allocatable": room, "capacity": room, "conditions": [{"type": "Ready", "status": "True"}]},
        }));
        self.room.push((name.to_owned(), cpu));
    }

    /// A workload of the crowd.
    fn workload(&mut self, index: usize, Size { is_scaled, most, cpu }: Size) {
        let name = format!("app-{:04}", index + 1);
        let mut pod = json!({});
        if self.dice.is_lucky(40) {
            let spread = spread("topology.kubernetes.io/zone", "ScheduleAnyway", &name);
            pod = with(pod, json!({"topologySpreadConstraints": [spread]}));
        }
        if self.dice.is_lucky(30) {
            let term = json!({"weight": 100, "podAffinityTerm": apart(&name)});
            let apart = json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}});
            pod = with(pod, json!({"affinity": apart}));
        }
        let replicas = if is_scaled { (most / 2).min(6) } else { most };
        let team = Team { namespace: format!("team-{}", index % 7), ..Team::new(&name, replicas, cpu, pod) };
        if is_scaled {
            self.autoscaler(&team, (replicas / 2).max(1), most, 70, (0, 2 * cpu));
        }
        if replicas > 1 && self.dice.is_lucky(40) {
            self.objects.push(json!({
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": {"name": name, "namespace": team.namespace},
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
            }));
        }
        self.running(&team, |_| true);
    }

    /// An autoscaler of a workload on cpu utilization, and the loads that its pods may have.
    pub fn autoscaler(&mut self, team: &Team, min: usize, max: usize, target: usize, (low, high): (usize, usize)) {
        let Team { name, namespace, .. } = team;
        let utilization = json!({"type": "Utilization", "averageUtilization": target});
        self.objects.push(json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": min,
                "maxReplicas": max,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}],
            },
        }));
        let target = format!("{namespace}/deployment/{name}");
        self.loads.push(json!({"target": target, "resource": "cpu", "range": format!("{low}m..{high}m")}));
    }

    /// A Deployment with its ReplicaSet, and its pods on the emptiest of the nodes that it may use.
    pub fn running(&mut self, team: &Team, may_use: impl Fn(&str) -> bool) {
        let Team { name, namespace, replicas, .. } = team;
        let hash = format!("{:010x}", self.dice.below(1 << 30));
        let (set, uid) = (format!("{name}-{hash}"), format!("{namespace}-{name}"));
        let template = team.template(1, json!({"pod-template-hash": hash}));
        let mut deployment = team.manifest(1, Some(*replicas));
        deployment["metadata"]["uid"] = json!(format!("deployment-{uid}"));
        let owner = |kind: &str, name: &str| {
            json!([{
                "apiVersion": "apps/v1", "kind": kind, "name": name, "controller": true,
                "uid": format!("{}-{uid}", kind.to_lowercase()),
            }])
        };
        self.objects.push(deployment);
        self.objects.push(json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": set, "namespace": namespace, "uid": format!("replicaset-{uid}"),
                "labels": template["metadata"]["labels"],
                "annotations": {"deployment.kubernetes.io/revision": "1"},
                "ownerReferences": owner("Deployment", name),
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": template["metadata"]["labels"]},
                "template": template,
            },
        }));
        for number in 0..*replicas {
            let usable = self.room.iter_mut().filter(|(node, room)| may_use(node) && *room >= team.cpu);
            let Some((node, room)) = usable.max_by_key(|(_, room)| *room) else { break };
            *room -= team.cpu;
            let mut pod = pod(&format!("{set}-{number:05}"), namespace, owner("ReplicaSet", &set), node, &template);
            pod["metadata"]["labels"] = template["metadata"]["labels"].clone();
            self.objects.push(pod);
        }
    }

    /// A DaemonSet of the nodes that it is for, with a pod on each of them.
    pub fn daemons(&mut self, team: &Team, nodes: &[String]) {
        let Team { name, cpu, .. } = team;
        let (namespace, template) = ("kube-system", team.template(1, json!({})));
        let owner =
            json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": name, "uid": name, "controller": true}]);
        self.objects.push(json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": name, "namespace": namespace, "uid": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
        }));
        for node in nodes {
            let mut pod = pod(&format!("{name}-{node}"), namespace, owner.clone(), node, &template);
            pod["metadata"]["labels"] = template["metadata"]["labels"].clone();
            self.objects.push(pod);
            self.room.iter_mut().filter(|(known, _)| known == node).for_each(|(_, room)| *room -= cpu);
        }
    }

    /// A file besides the cluster's and the scenario's.
    pub fn file(&mut self, file: File) {
        self.more.push(file);
    }

    /// A command that applies a manifest.
    pub fn apply(&mut self, manifest: &Value) {
        self.file(file("changed.yaml", manifest.to_string() + "\n"));
        self.commands.push(json!({"apply": "changed.yaml"}));
    }

    /// The files, with these properties.
    pub fn files(self, id: &str, properties: &[&str]) -> Vec<File> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": self.objects});
        let scenario = json!({
            "apiVersion": "kubound.dev/v1alpha1",
            "kind": "Scenario",
            "metadata": {"name": id},
            "spec": {
                "properties": properties,
                "bound": 6,
                "loads": self.loads,
                "commands": self.commands,
            },
        });
        let files = [file("cluster.json", format!("{list:#}\n")), file("scenario.json", format!("{scenario:#}\n"))];
        files.into_iter().chain(self.more).collect()
    }
}

fn pod(name: &str, namespace: &str, owner: Value, node: &str, template: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": owner},
        "spec": with(template["spec"].clone(), json!({"nodeName": node})),
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// A topology spread constraint with maxSkew 1 over an application's pods.
pub fn spread(key: &str, when_unsatisfiable: &str, app: &str) -> Value {
    json!({
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": when_unsatisfiable,
        "labelSelector": {"matchLabels": {"app": app}},
    })
}

/// The affinity term for pods of an application on the same node.
pub fn apart(app: &str) -> Value {
    json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}})
}
