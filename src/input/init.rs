//! Writes a commented scenario for given manifests, to start from.

use std::fmt::Write;

use crate::cluster::object::scenario::{Load, LoadPer};
use crate::cluster::object::spec::{ClusterSpec, WorkloadKind};
use crate::cluster::object::timing::{self, Span, Timing};

use super::defaults;

/// A commented scenario with defaults that suit the cluster; read together with the same manifests it is valid.
pub fn init_scenario(cluster: &ClusterSpec) -> String {
    let mut out = String::from(HEAD);
    if cluster.nodes.iter().all(|node| node.pool.is_some()) {
        out.push_str(NODE_POOL);
    }
    loads(&mut out, &defaults::default_loads(cluster));
    out.push_str(&events(cluster));
    out.push_str(TAIL);
    out.push_str(&times());
    out
}

const HEAD: &str = "\
# What Kubernetes objects cannot say: how load moves, what fails, what users do, and what must hold.
# Everything is optional. `kubound schema` prints the whole form.
apiVersion: kubound.dev/v1alpha1
kind: Scenario
metadata:
  name: scenario
spec:
";

const NODE_POOL: &str = "\
  # The manifests give no nodes, so these stand for them.
  nodePools:
  - name: worker
    count: 3
    # autoscale: {min: 1, max: 5}   # a cluster autoscaler adds and removes nodes
    template:
      labels: {}
      # taints: [{key: dedicated, value: batch, effect: NoSchedule}]
      allocatable: {cpu: \"4\", memory: 16Gi, pods: \"110\"}

";

const TAIL: &str = "
  # Controllers that do not act:
  # controllers: {descheduler: false}

  # Properties to check; without any, all that apply:
  # properties: [pods-schedulable, min-replicas, {name: no-replica-oscillation, threshold: 2}]

  # How many blocks (one periodic or environment action, and all it causes) a run may have.
  bound: 10
  # racing: controllers act in any order, slow events once they are done; overlapping: anything at any time. By default
  # racing comes first, and what holds there is asked again with overlapping.
  # interleaving: racing
";

fn loads(out: &mut String, loads: &[Load]) {
    out.push_str(
        "  # How load moves in the range given: per pod (all alike), eachPod (independently) or deployment.\n",
    );
    if loads.is_empty() {
        out.push_str("  # loads:\n  # - target: deployment/web\n  #   resource: cpu\n  #   range: 0m..500m\n");
        return;
    }
    out.push_str("  loads:\n");
    for load in loads {
        let show = |amount| defaults::format_usage(&load.metric, amount);
        let field = if matches!(load.metric.as_str(), "cpu" | "memory") { "resource" } else { "metric" };
        let per = match load.per {
            LoadPer::Pod => "pod",
            LoadPer::EachPod => "eachPod",
            LoadPer::Workload => "deployment",
        };
        let (least, most) = load.range;
        let target = format!("{{name: {}, namespace: {}}}", load.target.name, load.target.namespace);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  - target: {target}\n    {field}: {}\n    per: {per}", load.metric);
        let _ = writeln!(
            out,
            "    range: {}..{}\n    initial: {}\n    changes: any",
            show(least),
            show(most),
            show(load.initial)
        );
        out.push_str("    # startup: [{until: 60s, usage: 800m}]   # what a young pod uses\n");
    }
}

fn events(cluster: &ClusterSpec) -> String {
    let deployments = cluster.workloads.iter().filter(|workload| workload.kind == WorkloadKind::Deployment);
    let name = deployments.map(|workload| workload.key.name.as_str()).next().unwrap_or("web");
    let cron = cluster.workloads.iter().find(|workload| workload.kind == WorkloadKind::CronJob);
    let jobs = cron.map_or_else(String::new, |cron| {
        format!(
            "  # How many Jobs of a CronJob there may be at a time: 1 unless given, any where they may hang:\n  # cronJobs: \
             [{{target: cronjob/{}, atMost: any}}]\n\n",
            cron.key.name
        )
    });
    format!(
        "
  # Where pods run at the start: given (the default), any, or one of these by workload:
  # initialPlacement: {{deployment/{name}: any}}

  # Pods that may take arbitrarily long to become ready:
  # slowStart: [deployment/{name}]

  # Pods that may fail their readiness probes while they run:
  # unready: [{{target: deployment/{name}, atMost: 1, recover: true}}]

  # Nodes that fail, panic when full, or are drained one after another:
  # failures: {{nodes: all, atMost: 1, recover: true}}
  # overload: {{threshold: 98%, recover: true}}
  # maintenance: {{parallel: 1, once: true}}

{jobs}  # What users do, each at most once, in this order:
  # commands:
  # - scale: {{target: deployment/{name}, replicas: 5}}
  # - apply: changed.yaml

  # Declared objects that Argo CD or Flux puts back, again and again; without targets, all of these manifests:
  # gitops: [{{tool: argocd, targets: [deployment/{name}], ignore: [spec.replicas]}}]
"
    )
}

/// What takes how long, as it is unless somebody says so.
fn times() -> String {
    let default = Timing::default();
    let fields = [
        ("reaction", default.reaction.to_string(), "controllers and the scheduler"),
        ("podStart", default.pod_start.to_string(), "from a pod's binding until it is ready"),
        ("termination", LONGEST_TERMINATION.to_string(), "by default up to each pod's grace period, and a reaction"),
        ("schedulingBackoff", default.scheduling_backoff.to_string(), "before a pod that did not fit is tried again"),
        ("controllerBackoff", default.controller_backoff.to_string(), "after a refusal, or a failure of a Job's pod"),
        ("nodeMonitorGrace", timing::shown(default.node_monitor_grace), "until a silent node is taken for lost"),
        ("descheduling", timing::shown(timing::DESCHEDULING), "by default as its CronJob or Deployment says"),
        ("pause", default.pause.to_string(), "between two maintenance steps; such as 65s.."),
        ("commands", default.commands.to_string(), "between two commands"),
        ("load", default.load.to_string(), "how long a load stays"),
    ];
    let lines = fields.map(|(field, value, comment)| format!("  #   {:30}# {comment}\n", format!("{field}: {value}")));
    format!("{TIMES}{}", lines.concat())
}

/// What a grace period of 30 s and a reaction come to.
const LONGEST_TERMINATION: Span = Span::within(0, 35);

const TIMES: &str = "
  # How long things take: from..to, or from.. without an end; `kubound timing` proposes it for a dump of a cluster. With
  # `timing: none` there is no clock, and everything may take any time:
  # timing:
";
