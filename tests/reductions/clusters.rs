//! Random small clusters, as manifests: node classes, workloads with spread and affinity, autoscalers, a descheduler,
//! failures, maintenance and commands.
#![allow(dead_code, reason = "no test uses all of it")]

use std::fmt::Write;

use proptest::prelude::*;

/// A node pool.
#[derive(Clone, Debug)]
pub struct Pool {
    count: usize,
    zone: usize,
    cpu: usize,
    tainted: bool,
}

/// A Deployment.
#[derive(Clone, Debug)]
pub struct App {
    replicas: usize,
    cpu: usize,
    tolerates: bool,
    /// `topologyKey` and whether it is required.
    spread: Option<(&'static str, bool)>,
    prefers_zone: Option<usize>,
    /// Required: no two pods on one node.
    anti_affinity: bool,
    slow_start: bool,
    /// maxReplicas, target utilization, largest load in percent of the request.
    autoscaler: Option<(usize, usize, usize)>,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    Nothing,
    Failures { recover: bool },
    Maintenance { once: bool },
    Overload,
    Scale { replicas: usize },
    Drain,
    Rollout,
}

/// A cluster in outline.
#[derive(Clone, Debug)]
pub struct Sketch {
    pools: Vec<Pool>,
    apps: Vec<App>,
    event: Event,
    descheduler: Option<&'static str>,
    budget: bool,
    bystander: bool,
}

fn pool() -> impl Strategy<Value = Pool> {
    (1..=3usize, 0..=1usize, 2..=4usize, prop::bool::weighted(0.2)).prop_map(|(count, zone, cpu, tainted)| Pool {
        count,
        zone,
        cpu,
        tainted,
    })
}

/// Pools that, more often than not, differ in few respects.
fn pools() -> impl Strategy<Value = Vec<Pool>> {
    let alike = (pool(), 0..=1usize, 1..=2usize).prop_map(|(first, zone, count)| {
        let second = Pool { zone, count, ..first.clone() };
        vec![first, second]
    });
    prop_oneof![3 => alike, 1 => prop::collection::vec(pool(), 1..=2)]
}

fn app() -> impl Strategy<Value = App> {
    let spread = prop::option::of((
        prop::sample::select(vec!["kubernetes.io/hostname", "topology.kubernetes.io/zone"]),
        any::<bool>(),
    ));
    let autoscaler = prop::option::weighted(0.3, (2..=4usize, 40..=80usize, 60..=150usize));
    let odd = (prop::bool::weighted(0.3), prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    let prefers = prop::option::weighted(0.3, 0..=1usize);
    (1..=3usize, 1..=2usize, spread, prefers, autoscaler, odd).prop_map(
        |(replicas, cpu, spread, prefers_zone, autoscaler, (tolerates, anti_affinity, slow_start))| App {
            replicas,
            cpu,
            tolerates,
            spread,
            prefers_zone,
            anti_affinity,
            slow_start,
            autoscaler,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Nothing),
        any::<bool>().prop_map(|recover| Event::Failures { recover }),
        any::<bool>().prop_map(|once| Event::Maintenance { once }),
        Just(Event::Overload),
        (0..=4usize).prop_map(|replicas| Event::Scale { replicas }),
        Just(Event::Drain),
        Just(Event::Rollout),
    ]
}

/// Any sketch.
pub fn sketch() -> impl Strategy<Value = Sketch> {
    let plugins = vec!["RemoveDuplicates", "RemovePodsViolatingTopologySpreadConstraint", "LowNodeUtilization"];
    let descheduler = prop::option::weighted(0.3, prop::sample::select(plugins));
    (
        pools(),
        prop::collection::vec(app(), 1..=2),
        event(),
        descheduler,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(pools, apps, event, descheduler, budget, bystander)| Sketch {
            pools,
            apps,
            event,
            descheduler,
            budget,
            bystander,
        })
}

/// Sketches of two to four workloads.
pub fn sketch_of_several() -> impl Strategy<Value = Sketch> {
    (sketch(), prop::collection::vec(app(), 2..=4)).prop_map(|(sketch, apps)| Sketch { apps, ..sketch })
}

impl Sketch {
    /// The manifests.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let mut objects: Vec<String> = Vec::new();
        for (index, app) in self.apps.iter().enumerate() {
            objects.push(app.deployment(index, app.cpu));
            objects.extend(app.autoscaler(index));
        }
        if self.budget {
            objects.push(BUDGET.to_owned());
        }
        if self.bystander {
            objects.push(BYSTANDER.to_owned());
        }
        let mut files = vec![("objects.yaml", objects.join("---\n")), ("scenario.yaml", self.scenario())];
        files.extend(self.descheduler.map(|plugin| ("descheduler.yaml", policy(plugin))));
        files
    }

    /// The manifests, with pods that run anywhere at the start; there may be too little room for them.
    pub fn files_placed_anywhere(&self) -> Vec<(&'static str, String)> {
        let place = |(name, text): (&'static str, String)| match name {
            "scenario.yaml" => (name, text + "  initialPlacement: any\n"),
            _ => (name, text),
        };
        self.files().into_iter().map(place).collect()
    }

    fn scenario(&self) -> String {
        let mut text = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n".to_owned();
        for (index, pool) in self.pools.iter().enumerate() {
            let Pool { count, zone, cpu, tainted } = pool;
            let taints = if *tainted { "taints: [{key: only, value: x, effect: NoSchedule}], " } else { "" };
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "  - {{name: p{index}, count: {count}, template: {{labels: {{topology.kubernetes.io/zone: z{zone}}}, {taints}allocatable: {{cpu: '{cpu}', memory: 8Gi, pods: '4'}}}}}}"
            );
        }
        let slow = self.apps.iter().enumerate().filter(|(_, app)| app.slow_start);
        let slow: Vec<String> = slow.map(|(index, _)| format!("deployment/app{index}")).collect();
        if !slow.is_empty() {
            let _ = writeln!(text, "  slowStart: [{}]", slow.join(", "));
        }
        let loads: String =
            self.apps.iter().enumerate().filter_map(|(index, app)| app.load(index)).collect::<Vec<_>>().concat();
        let _ = writeln!(text, "  loads:{}{}", if loads.is_empty() { " []" } else { "\n" }, loads);
        text + &self.event_lines()
    }

    fn event_lines(&self) -> String {
        match &self.event {
            Event::Nothing => String::new(),
            Event::Rollout => {
                let next = self.apps[0].deployment(0, 3 - self.apps[0].cpu);
                let indented: String = next.lines().map(|line| format!("      {line}\n")).collect();
                format!("  commands:\n  - apply:\n{indented}")
            }
            Event::Failures { recover } => format!("  failures: {{atMost: 1, recover: {recover}}}\n"),
            Event::Maintenance { once } => format!("  maintenance: {{parallel: 1, once: {once}}}\n"),
            Event::Overload => "  overload: {threshold: 95%, recover: true}\n".to_owned(),
            Event::Scale { replicas } => {
                format!("  commands:\n  - scale: {{target: deployment/app0, replicas: {replicas}}}\n")
            }
            Event::Drain => "  commands:\n  - drain: p0-1\n  - uncordon: p0-1\n".to_owned(),
        }
    }
}

impl App {
    fn deployment(&self, index: usize, cpu: usize) -> String {
        let mut pod = String::new();
        if self.tolerates {
            pod += "      tolerations: [{key: only, operator: Exists}]\n";
        }
        if let Some((key, required)) = self.spread {
            let when = if required { "DoNotSchedule" } else { "ScheduleAnyway" };
            let _ = writeln!(
                pod,
                "      topologySpreadConstraints:\n      - {{maxSkew: 1, topologyKey: {key}, whenUnsatisfiable: {when}, labelSelector: {{matchLabels: {{app: app{index}}}}}}}"
            );
        }
        if self.prefers_zone.is_some() || self.anti_affinity {
            pod += "      affinity:\n";
        }
        if let Some(zone) = self.prefers_zone {
            let _ = writeln!(
                pod,
                "        nodeAffinity:\n          preferredDuringSchedulingIgnoredDuringExecution:\n          - weight: 10\n            preference: {{matchExpressions: [{{key: topology.kubernetes.io/zone, operator: In, values: [z{zone}]}}]}}"
            );
        }
        if self.anti_affinity {
            let _ = writeln!(
                pod,
                "        podAntiAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n          - {{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: app{index}}}}}}}"
            );
        }
        let replicas = self.replicas;
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app{index}}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: app{index}}}}}\n  template:\n    metadata: {{labels: {{app: app{index}}}}}\n    spec:\n{pod}      containers:\n      - {{name: c, image: example.com/c, resources: {{requests: {{cpu: '{cpu}', memory: 1Gi}}}}}}\n"
        )
    }

    fn autoscaler(&self, index: usize) -> Option<String> {
        let (max, target, _) = self.autoscaler?;
        Some(format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: app{index}}}\nspec:\n  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: app{index}}}\n  minReplicas: 1\n  maxReplicas: {max}\n  metrics:\n  - {{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {target}}}}}}}\n"
        ))
    }

    fn load(&self, index: usize) -> Option<String> {
        let (_, target, percent) = self.autoscaler?;
        let (least, most) = (self.cpu * 10 * target.min(percent), self.cpu * 10 * target.max(percent));
        Some(format!(
            "  - {{target: deployment/app{index}, range: {least}m..{most}m, initial: {least}m, changes: 1}}\n"
        ))
    }
}

const BUDGET: &str = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: app0}\nspec:\n  maxUnavailable: 1\n  selector: {matchLabels: {app: app0}}\n";

/// A pod that nobody owns, on the first node.
const BYSTANDER: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: bystander}\nspec:\n  nodeName: p0-1\n  containers:\n  - {name: c, image: example.com/c, resources: {requests: {cpu: '1'}}}\nstatus: {phase: Running, conditions: [{type: Ready, status: 'True'}]}\n";

fn policy(plugin: &str) -> String {
    let arguments = match plugin {
        "LowNodeUtilization" => {
            "    - name: LowNodeUtilization\n      args: {thresholds: {cpu: 40}, targetThresholds: {cpu: 60}}\n"
        }
        "RemovePodsViolatingTopologySpreadConstraint" => {
            "    - name: RemovePodsViolatingTopologySpreadConstraint\n      args: {constraints: [DoNotSchedule, ScheduleAnyway]}\n"
        }
        _ => "",
    };
    let configuration = if arguments.is_empty() { String::new() } else { format!("    pluginConfig:\n{arguments}") };
    format!(
        "apiVersion: descheduler/v1alpha2\nkind: DeschedulerPolicy\nprofiles:\n  - name: default\n{configuration}    plugins:\n      balance:\n        enabled: [{plugin}]\n"
    )
}
