//! Metric specs: which number a metric reads, what it should be, and how events and conditions call it.
//!
//! Part of the rule `hpa/reconcile`.

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingRules, HorizontalPodAutoscalerBehavior, MetricSpec, MetricTarget as TargetSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::cluster::arithmetic::hpa_replicas::{MetricTarget, Tolerance};
use crate::cluster::object::quantity;

/// Where a metric's number comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A resource of the pods, of one container only if it is named.
    Resource {
        /// `cpu`, `memory`, ….
        resource: String,
        /// ContainerResource: the container.
        container: Option<String>,
    },
    /// A metric of each pod.
    Pods {
        /// Its name.
        metric: String,
    },
    /// A metric of one other object.
    Object {
        /// Its name.
        metric: String,
        /// The object's kind.
        kind: String,
        /// The object's name.
        object: String,
    },
    /// A metric from outside the cluster.
    External {
        /// Its name.
        metric: String,
    },
}

/// A metric spec, read.
#[derive(Clone, Debug)]
pub struct Metric {
    /// What it reads.
    pub source: Source,
    /// What it should be.
    pub target: MetricTarget,
    /// The label selector of the series, as upstream prints it.
    selector: String,
}

impl Metric {
    /// Reads a spec; `None` for one that the API server would refuse.
    pub fn of(spec: &MetricSpec) -> Option<Self> {
        let (source, target, selector) = match spec.type_.as_str() {
            "Resource" => {
                let it = spec.resource.as_ref()?;
                (Source::Resource { resource: it.name.clone(), container: None }, &it.target, None)
            }
            "ContainerResource" => {
                let it = spec.container_resource.as_ref()?;
                let container = Some(it.container.clone());
                (Source::Resource { resource: it.name.clone(), container }, &it.target, None)
            }
            "Pods" => {
                let it = spec.pods.as_ref()?;
                (Source::Pods { metric: it.metric.name.clone() }, &it.target, it.metric.selector.as_ref())
            }
            "Object" => {
                let it = spec.object.as_ref()?;
                let object = &it.described_object;
                let (kind, object) = (object.kind.clone(), object.name.clone());
                let source = Source::Object { metric: it.metric.name.clone(), kind, object };
                (source, &it.target, it.metric.selector.as_ref())
            }
            "External" => {
                let it = spec.external.as_ref()?;
                (Source::External { metric: it.metric.name.clone() }, &it.target, it.metric.selector.as_ref())
            }
            _ => return None,
        };
        let target = target_of(target)?;
        let fits = match source {
            Source::Resource { .. } => !matches!(target, MetricTarget::Value { .. }),
            Source::Pods { .. } => matches!(target, MetricTarget::AverageValue { .. }),
            Source::Object { .. } | Source::External { .. } => !matches!(target, MetricTarget::Utilization { .. }),
        };
        fits.then(|| Metric { source, target, selector: print_selector(selector) })
    }

    /// The resource whose readiness rule and requests count; `None` where no request does.
    pub fn resource(&self) -> Option<&str> {
        match &self.source {
            Source::Resource { resource, .. } => Some(resource),
            _ => None,
        }
    }

    /// Whether the metric is cpu usage, the only one for which readiness matters.
    pub fn is_cpu(&self) -> bool {
        self.resource() == Some("cpu")
    }

    /// What the load of a scenario calls it.
    pub fn name(&self) -> &str {
        match &self.source {
            Source::Resource { resource, .. } => resource,
            Source::Pods { metric } | Source::Object { metric, .. } | Source::External { metric } => metric,
        }
    }

    /// What events call it.
    pub fn title(&self) -> String {
        let utilization = match self.target {
            MetricTarget::Utilization { .. } => " utilization (percentage of request)",
            _ => "",
        };
        match (&self.source, self.target) {
            (Source::Resource { resource, container: Some(_) }, MetricTarget::Utilization { .. }) => {
                format!("{resource} container resource{utilization}")
            }
            (Source::Resource { resource, .. }, _) => format!("{resource} resource{utilization}"),
            (Source::Pods { metric }, _) => format!("pods metric {metric}"),
            (Source::Object { metric, kind, .. }, MetricTarget::Value { .. }) => format!("{kind} metric {metric}"),
            (Source::Object { metric, .. } | Source::External { metric }, _) => {
                format!("external metric {metric}({})", self.selector)
            }
        }
    }

    /// Reason of the ScalingActive condition where it cannot be read.
    pub fn failure(&self) -> &'static str {
        match &self.source {
            Source::Resource { container: None, .. } => "FailedGetResourceMetric",
            Source::Resource { container: Some(_), .. } => "FailedGetContainerResourceMetric",
            Source::Pods { .. } => "FailedGetPodsMetric",
            Source::Object { .. } => "FailedGetObjectMetric",
            Source::External { .. } => "FailedGetExternalMetric",
        }
    }
}

fn target_of(spec: &TargetSpec) -> Option<MetricTarget> {
    let positive = |value: i64| (value > 0).then_some(value);
    Some(match spec.type_.as_str() {
        "Utilization" => MetricTarget::Utilization { percent: positive(spec.average_utilization?.into())? },
        "AverageValue" => {
            MetricTarget::AverageValue { milli: positive(quantity::milli(spec.average_value.as_ref()?).ok()?)? }
        }
        "Value" => MetricTarget::Value { milli: positive(quantity::milli(spec.value.as_ref()?).ok()?)? },
        _ => return None,
    })
}

/// The tolerance of each direction, where the gate HPAConfigurableTolerance lets a behavior say it.
pub fn tolerance(default: f64, behavior: Option<&HorizontalPodAutoscalerBehavior>, configurable: bool) -> Tolerance {
    let of = |rules: Option<&HPAScalingRules>| {
        let own = rules.filter(|_| configurable).and_then(|rules| rules.tolerance.as_ref());
        own.and_then(|own| quantity::milli(own).ok()).map_or(default, fraction)
    };
    let up = of(behavior.and_then(|behavior| behavior.scale_up.as_ref()));
    Tolerance { up, down: of(behavior.and_then(|behavior| behavior.scale_down.as_ref())) }
}

/// A canonical quantity as a double: whole, or a number of thousandths times the double nearest to a thousandth.
fn fraction(milli: i64) -> f64 {
    if milli % 1000 == 0 { (milli / 1000) as f64 } else { milli as f64 * 0.001 }
}

/// A selector as Go prints a generated API type.
fn print_selector(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return "nil".to_owned() };
    let labels = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}: {value},"));
    let rules = selector.match_expressions.iter().flatten().map(print_requirement);
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.collect::<String>(),
        rules.collect::<String>()
    )
}

fn print_requirement(rule: &LabelSelectorRequirement) -> String {
    let values = rule.values.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", rule.key, rule.operator)
}
