//! Which controllers act, and with which flags.

use crate::cluster::object::scenario::{AutoscalerFlags, AutoscalerOptions, Controllers};
use crate::input::path::FieldPath;

use super::document::{
    ClusterAutoscaler, ClusterAutoscalerFlags, Controllers as Document, Duration, Hpa, HpaFlags, StatefulSet,
};
use super::{Context, values};

/// The controllers of a scenario: all act unless switched off.
pub fn resolve(document: &Document, context: &mut Context<'_>) -> Controllers {
    let on = |given: Option<bool>| given.unwrap_or(true);
    Controllers {
        scheduler: on(document.scheduler),
        deployment: on(document.deployment),
        stateful_set: !matches!(document.stateful_set, Some(StatefulSet::Acts(false))),
        max_unavailable_stateful_set: matches!(&document.stateful_set, Some(StatefulSet::With(gates)) if gates.max_unavailable),
        daemon_set: on(document.daemon_set),
        job: on(document.job),
        hpa: !matches!(document.hpa, Some(Hpa::Acts(false))),
        hpa_flags: match &document.hpa {
            Some(Hpa::With(flags)) => hpa_flags(flags, context),
            _ => AutoscalerFlags::default(),
        },
        taint_eviction: on(document.taint_eviction),
        descheduler: on(document.descheduler),
        cluster_autoscaler: !matches!(document.cluster_autoscaler, Some(ClusterAutoscaler::Acts(false))),
        autoscaler_options: match &document.cluster_autoscaler {
            Some(ClusterAutoscaler::With(flags)) => autoscaler_options(flags, context),
            _ => AutoscalerOptions::default(),
        },
    }
}

/// What to do about something that is no duration.
const DURATION: &str = "write a duration such as `15s` or `5m`";

fn hpa_flags(flags: &HpaFlags, context: &mut Context<'_>) -> AutoscalerFlags {
    let path = FieldPath::from("spec.controllers.hpa");
    let mut seconds = |field: &str, given: &Option<Duration>| {
        context.value(&path.field(field), values::seconds(given.as_ref()?), DURATION)
    };
    let default = AutoscalerFlags::default();
    let stabilization = seconds("downscaleStabilization", &flags.downscale_stabilization);
    AutoscalerFlags {
        sync_period: seconds("syncPeriod", &flags.sync_period).unwrap_or(default.sync_period),
        downscale_stabilization: stabilization.unwrap_or(default.downscale_stabilization),
        cpu_initialization: seconds("cpuInitializationPeriod", &flags.cpu_initialization_period),
    }
}

fn autoscaler_options(flags: &ClusterAutoscalerFlags, context: &mut Context<'_>) -> AutoscalerOptions {
    let path = FieldPath::from("spec.controllers.clusterAutoscaler");
    let default = AutoscalerOptions::default();
    let threshold = flags.utilization_threshold.as_ref();
    let threshold = threshold.and_then(|it| {
        context.value(&path.field("utilizationThreshold"), values::percent(it), "write a percentage such as `50%`")
    });
    let mut seconds = |field: &str, given: &Option<Duration>| {
        context.value(&path.field(field), values::seconds(given.as_ref()?), DURATION)
    };
    let after_add = seconds("scaleDownDelayAfterAdd", &flags.scale_down_delay_after_add);
    let after_failure = seconds("scaleDownDelayAfterFailure", &flags.scale_down_delay_after_failure);
    AutoscalerOptions {
        scale_down: flags.scale_down.unwrap_or(default.scale_down),
        threshold_percent: threshold.unwrap_or(default.threshold_percent),
        ignores_daemon_sets: flags.ignore_daemon_sets.unwrap_or(default.ignores_daemon_sets),
        keeps_local_storage: flags.skip_nodes_with_local_storage.unwrap_or(default.keeps_local_storage),
        counts_going_node: flags.counts_going_node.unwrap_or(default.counts_going_node),
        delay_after_add: after_add.unwrap_or(default.delay_after_add),
        delay_after_failure: after_failure.unwrap_or(default.delay_after_failure),
    }
}
