//! Loads of a scenario.

use crate::cluster::object::scenario::{Load, LoadPer, Samples, StartupStage};
use crate::cluster::object::spec::{ObjectKey, WorkloadKind};
use crate::input::defaults;
use crate::input::path::FieldPath;

use super::document::{Changes, ChangesWord, Load as Document, Per, Samples as SamplesWord};
use super::{Context, values};

const AMOUNT_HELP: &str = "write an amount such as `500m`, `2` or `64Mi`";

/// All loads; two of the same metric of the same workload are an error.
pub fn resolve(loads: &[Document], context: &mut Context<'_>) -> Vec<Load> {
    let mut resolved: Vec<Load> = Vec::new();
    for (index, document) in loads.iter().enumerate() {
        let path = FieldPath::from("spec.loads").index(index);
        let Some(load) = load(&path, document, context) else { continue };
        if resolved.iter().any(|other| other.target == load.target && other.metric == load.metric) {
            let message = format!("the {} load of {} is given twice", load.metric, load.target);
            context.error(&path, message, "keep one of them");
        }
        resolved.push(load);
    }
    resolved
}

fn load(path: &FieldPath, document: &Document, context: &mut Context<'_>) -> Option<Load> {
    let workload = context.target(&path.field("target"), &document.target)?;
    if !workload.kind.has_scale() {
        let problem = match workload.kind {
            WorkloadKind::Fixed => format!("the pods of {} are fixed", workload.key),
            _ => format!("nobody scales {}", workload.key),
        };
        context.error(&path.field("target"), problem, "give load to a Deployment or ReplicaSet");
    }
    let target = workload.key.clone();
    let metric = metric(path, document, context);
    let startup = startup(&path.field("startup"), document, context);
    let range = match &document.range {
        Some(range) => {
            context.value(&path.field("range"), values::range(range), "write the least and the most: `0m..2000m`")?
        }
        None => default_range(path, document, &target, &metric, context)?,
    };
    let initial = initial(path, document, &target, &metric, range, context)?;
    let changes = match document.changes {
        Changes::Word(ChangesWord::Any) => None,
        Changes::Word(ChangesWord::Never) => Some(0),
        Changes::Times(times) => Some(times),
    };
    let per = match document.per {
        Per::Pod => LoadPer::Pod,
        Per::EachPod => LoadPer::EachPod,
        Per::Deployment => LoadPer::Workload,
    };
    let at_most = at_most(&path.field("atMost"), document, context);
    let samples = samples(&path.field("samples"), document, context);
    Some(Load { target, metric, per, range, initial, changes, startup, at_most, samples })
}

fn at_most(path: &FieldPath, document: &Document, context: &mut Context<'_>) -> Option<i64> {
    let given = document.at_most.as_ref()?;
    of_workload(path, document, context);
    context.value(path, values::milli(given), AMOUNT_HELP)
}

fn samples(path: &FieldPath, document: &Document, context: &mut Context<'_>) -> Samples {
    match document.samples {
        SamplesWord::Started => Samples::Started,
        SamplesWord::Ready => {
            of_workload(path, document, context);
            Samples::Ready
        }
    }
}

/// Reports a field that only means something where pods share a load.
fn of_workload(path: &FieldPath, document: &Document, context: &mut Context<'_>) {
    if !matches!(document.per, Per::Deployment) {
        context.error(path, "pods share no load here", "use `per: deployment`");
    }
}

fn metric(path: &FieldPath, document: &Document, context: &mut Context<'_>) -> String {
    match (&document.resource, &document.metric) {
        (Some(_), Some(_)) => {
            context.error(&path.field("metric"), "a load has either a resource or a metric", "keep one of them")
        }
        (Some(resource), None) if resource != "cpu" && resource != "memory" => {
            let message = format!("`{resource}` is neither cpu nor memory");
            context.error(&path.field("resource"), message, "use `metric:` for the name of a Pods metric");
        }
        _ => {}
    }
    document.metric.clone().or_else(|| document.resource.clone()).unwrap_or_else(|| "cpu".to_owned())
}

/// Without a range: fixed at the initial usage, or what the autoscaler's metric suggests.
fn default_range(
    path: &FieldPath,
    document: &Document,
    target: &ObjectKey,
    metric: &str,
    context: &mut Context<'_>,
) -> Option<(i64, i64)> {
    if let Some(initial) = &document.initial {
        let initial = context.value(&path.field("initial"), values::milli(initial), AMOUNT_HELP)?;
        return Some((initial, initial));
    }
    let suggested = defaults::suggested_range(context.cluster, target, metric);
    if suggested.is_none() {
        context.error(path, "a load needs a range", "add `range: 0m..2000m`");
    }
    suggested
}

fn initial(
    path: &FieldPath,
    document: &Document,
    target: &ObjectKey,
    metric: &str,
    range: (i64, i64),
    context: &mut Context<'_>,
) -> Option<i64> {
    let Some(given) = &document.initial else {
        let aimed =
            defaults::aimed_usage(context.cluster, target, metric).filter(|_| !matches!(document.per, Per::Deployment));
        return Some(aimed.unwrap_or(range.0).clamp(range.0, range.1));
    };
    let at = path.field("initial");
    let initial = context.value(&at, values::milli(given), AMOUNT_HELP)?;
    if !(range.0..=range.1).contains(&initial) {
        context.error(
            &at,
            format!("the initial load `{}` is outside the range", values::text(given)),
            "give a value within the range",
        );
        return None;
    }
    Some(initial)
}

fn startup(path: &FieldPath, document: &Document, context: &mut Context<'_>) -> Vec<StartupStage> {
    let mut stages: Vec<StartupStage> = Vec::new();
    for (index, stage) in document.startup.iter().enumerate() {
        let at = path.index(index);
        let until =
            context.value(&at.field("until"), values::seconds(&stage.until), "write a duration such as `90s` or `5m`");
        let usage = context.value(&at.field("usage"), values::milli(&stage.usage), AMOUNT_HELP);
        let (Some(until_seconds), Some(usage)) = (until, usage) else { continue };
        if stages.last().map_or(0, |before| before.until_seconds) >= until_seconds {
            context.error(
                &at.field("until"),
                "this stage ends no later than the one before",
                "list the stages by rising age",
            );
        }
        stages.push(StartupStage { until_seconds, usage });
    }
    let problem = match document.per {
        Per::Pod => None,
        Per::EachPod => Some("a start-up profile is the same for all pods"),
        Per::Deployment => Some("a start-up profile is one of a pod"),
    };
    if let Some(problem) = problem.filter(|_| !stages.is_empty()) {
        context.error(path, problem, "use `per: pod`");
    }
    stages
}
