//! What a test cluster has to have for the story: how it is made, what runs beside it, and what the script asks before it
//! begins.

use crate::cluster::object::scenario::{AutoscalerFlags, Scaler};
use crate::cluster::object::spec::{DEFAULT_SCHEDULER, ObjectKey};
use crate::cluster::view::rule::Component;

use super::story::Stage;
use super::{stages, usage};

/// What is needed.
#[derive(Debug, Default)]
pub struct Needs {
    /// Arguments of `kwokctl create cluster`.
    pub arguments: Vec<String>,
    /// Whether KWOK's own stages have to be applied, because the cluster keeps stages as objects.
    pub applies_stages: bool,
    /// What else there has to be, a paragraph each.
    pub besides: Vec<String>,
    /// What the script asks, a line each.
    pub checks: Vec<String>,
}

/// What a story needs.
pub fn of(stage: &Stage<'_>) -> Needs {
    let mut needs = Needs::default();
    kwok(stage, &mut needs);
    control_plane(stage, &mut needs);
    schedulers(stage, &mut needs);
    descheduler(stage, &mut needs);
    vertical(stage, &mut needs);
    scalers(stage, &mut needs);
    metrics(stage, &mut needs);
    others(stage, &mut needs);
    needs
}

fn kwok(stage: &Stage<'_>, needs: &mut Needs) {
    needs.applies_stages = !stages::stages(stage.cluster, stage.downs_nodes()).is_empty();
    let shows_usage = stage.cluster.scenario.loads.iter().any(usage::is_shown);
    let mut kinds = Vec::new();
    if needs.applies_stages {
        kinds.push("Stage");
        needs.ask_for("stages.kwok.x-k8s.io", "create it with --enable-crds (see README.md)");
    }
    if shows_usage {
        kinds.push("ClusterResourceUsage");
        needs.ask_for("clusterresourceusages.kwok.x-k8s.io", "create it with --enable-crds (see README.md)");
        needs.arguments.push("--enable-metrics-server".to_owned());
    }
    if !kinds.is_empty() {
        needs.arguments.push(format!("--enable-crds={}", kinds.join(",")));
    }
}

fn control_plane(stage: &Stage<'_>, needs: &mut Needs) {
    if stage.cast.configurations.iter().any(|(name, _)| name == "scheduler.yaml") {
        needs.arguments.push("--kube-scheduler-config=config/scheduler.yaml".to_owned());
    }
    let controllers = &stage.cluster.scenario.controllers;
    let (flags, usual) = (controllers.hpa_flags, AutoscalerFlags::default());
    let mut flag = |name: &str, seconds: i64, is_usual: bool| {
        if !is_usual {
            let text = format!("--extra-args=kube-controller-manager=horizontal-pod-autoscaler-{name}={seconds}s");
            needs.arguments.push(text);
        }
    };
    flag("sync-period", flags.sync_period, flags.sync_period == usual.sync_period);
    let window = flags.downscale_stabilization;
    flag("downscale-stabilization", window, window == usual.downscale_stabilization);
    if let Some(seconds) = flags.cpu_initialization {
        flag("cpu-initialization-period", seconds, false);
    }
    if controllers.max_unavailable_stateful_set {
        needs.arguments.push("--kube-feature-gates=MaxUnavailableStatefulSet=true".to_owned());
    }
}

fn schedulers(stage: &Stage<'_>, needs: &mut Needs) {
    let others = stage.cluster.scheduler.iter().filter(|profile| profile.scheduler != 0);
    let names: Vec<String> =
        others.filter(|it| it.name != DEFAULT_SCHEDULER).map(|it| format!("`{}`", it.name)).collect();
    if !names.is_empty() {
        needs.besides.push(format!(
            "Another kube-scheduler, for pods with the schedulerName {}: run the binary with `--leader-elect=false`, the \
             kubeconfig of the cluster and its own `--config`.",
            names.join(", ")
        ));
    }
}

fn descheduler(stage: &Stage<'_>, needs: &mut Needs) {
    if !stage.acts(Component::Descheduler) {
        return;
    }
    needs.besides.push(
        "The descheduler (https://github.com/kubernetes-sigs/descheduler) as a program on the PATH, or named by \
         KUBOUND_DESCHEDULER. The script runs single cycles of it where the story has one, with \
         `config/descheduler-policy.yaml`. None may run in the cluster meanwhile."
            .to_owned(),
    );
    needs.checks.push(
        "need \"${KUBOUND_DESCHEDULER:-descheduler}\" 'the story has cycles of the descheduler (see README.md)'"
            .to_owned(),
    );
}

fn vertical(stage: &Stage<'_>, needs: &mut Needs) {
    if !stage.cluster.workloads.iter().any(|workload| workload.vertical.is_some()) {
        return;
    }
    needs.besides.push(
        "The VerticalPodAutoscaler (https://github.com/kubernetes/autoscaler): its custom resources, its updater and its \
         admission controller, but not its recommender. The script writes recommendations into the status."
            .to_owned(),
    );
    needs.ask_for("verticalpodautoscalers.autoscaling.k8s.io", "install the VerticalPodAutoscaler (see README.md)");
}

fn scalers(stage: &Stage<'_>, needs: &mut Needs) {
    let groups = &stage.cluster.scenario.node_groups;
    if groups.iter().any(|group| group.scaler.is_cluster_autoscaler()) {
        needs.besides.push(
            "The cluster autoscaler with its provider `kwok`, and a node group of the size that the scenario has. \
             Nodes that it adds have names of its own."
                .to_owned(),
        );
    }
    if groups.iter().any(|group| matches!(group.scaler, Scaler::Karpenter(_))) {
        needs.besides.push(
            "Karpenter, built with its provider `kwok` (https://github.com/kubernetes-sigs/karpenter, directory `kwok`), with \
             instance types of the prices and sizes that the scenario has. It manages only nodes that it launched: let it \
             launch those of the start as well, in place of `manifests/10-nodes.yaml`. Names of nodes differ then."
                .to_owned(),
        );
        needs.ask_for("nodepools.karpenter.sh", "install Karpenter (see README.md)");
    }
}

fn metrics(stage: &Stage<'_>, needs: &mut Needs) {
    let own = stage.cluster.scenario.loads.iter().filter(|load| !usage::is_shown(load));
    for load in own {
        needs.besides.push(format!(
            "An adapter that serves `custom.metrics.k8s.io` or `external.metrics.k8s.io` with the metric `{}` of {}, which KWOK \
             does not have. Where it changes, the script calls the program that KUBOUND_SET_METRIC names, with namespace, \
             workload, metric and value in thousandths; without one it says what should be set.",
            load.metric, load.target
        ));
    }
    let declared = |target: &ObjectKey| stage.cluster.scenario.loads.iter().any(|load| load.target == *target);
    let mute = stage.cluster.autoscalers.iter().filter(|autoscaler| !declared(&autoscaler.target));
    for autoscaler in mute {
        needs.besides.push(format!(
            "Metrics for the HorizontalPodAutoscaler {}: the scenario does not say how its load moves, so nothing sets them.",
            autoscaler.key
        ));
    }
}

fn others(stage: &Stage<'_>, needs: &mut Needs) {
    if !stage.cluster.activations.is_empty() || stage.acts(Component::Keda) {
        needs.besides.push("KEDA, which makes HorizontalPodAutoscalers of ScaledObjects.".to_owned());
    }
    if !stage.cluster.scenario.syncs.is_empty() {
        let names: Vec<&str> = stage.cluster.scenario.syncs.iter().map(|sync| sync.name.as_str()).collect();
        needs.besides.push(format!(
            "Nothing for {}: the script writes what it would put back. With the real one, leave those steps out.",
            names.join(", ")
        ));
    }
}

impl Needs {
    fn ask_for(&mut self, resource: &str, what: &str) {
        self.checks.push(format!("need_kind {resource} '{what}'"));
    }
}
