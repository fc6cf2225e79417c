//! What VerticalPodAutoscalers may recommend, as a scenario says.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::cluster::object::spec::{ClusterSpec, ObjectKey, Workload};
use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;

use super::document::{Amount, Document as Scenario, Target};
use super::{Context, known, values};

const HELP: &str = "write an amount such as `500m` or `2Gi`, or the least and the most: `100m..2`";

/// What the VerticalPodAutoscaler of a workload may recommend.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Recommendation")]
pub struct Document {
    /// The workload.
    pub target: Target,
    /// One of its containers; all of them unless given.
    pub container: Option<String>,
    /// The least and the most of cpu, as `100m..2`, or one amount.
    pub cpu: Option<Recommended>,
    /// The same of memory.
    pub memory: Option<Recommended>,
}

/// An amount, or the least and the most.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an amount such as `500m`, a range such as `100m..2`, or a mapping with `min` and `max`")]
pub enum Recommended {
    /// As a mapping.
    Between {
        /// The least.
        min: Amount,
        /// The most.
        max: Amount,
    },
    /// One amount, or `least..most`.
    Written(Amount),
}

/// What may be recommended.
#[derive(Clone, Debug)]
pub struct Recommendation {
    /// The workload.
    pub target: ObjectKey,
    /// One of its containers; `None`: those that are not named.
    pub container: Option<String>,
    /// By resource, the least and the most: thousandths of cpu, bytes of memory.
    pub ranges: BTreeMap<String, (i64, i64)>,
    /// The scenario that says so.
    pub raw: Arc<RawObject>,
    /// Where it does.
    pub path: FieldPath,
}

/// All that a scenario says; what contradicts itself is reported.
pub fn resolve(
    scenario: Option<&(Arc<RawObject>, Scenario)>,
    cluster: &ClusterSpec,
    broken: &[String],
    sink: &mut Diagnostics,
) -> Vec<Recommendation> {
    let Some((raw, document)) = scenario else { return Vec::new() };
    let mut resolved: Vec<Recommendation> = Vec::new();
    for (index, document) in document.spec.recommendations.iter().enumerate() {
        let path = FieldPath::from("spec.recommendations").index(index);
        let mut context = Context::new(raw, cluster, broken, sink);
        let Some(workload) = context.target(&path.field("target"), &document.target) else { continue };
        check_container(document, workload, &path, &mut context);
        let is_same = |it: &Recommendation| (&it.target, &it.container) == (&workload.key, &document.container);
        if resolved.iter().any(is_same) {
            context.error(
                &path,
                format!("what is recommended for {} is given twice", workload.key),
                "keep one of them",
            );
        }
        let ranges = ranges(document, &path, &mut context);
        let (target, container) = (workload.key.clone(), document.container.clone());
        resolved.push(Recommendation { target, container, ranges, raw: Arc::clone(raw), path });
    }
    resolved
}

fn check_container(document: &Document, workload: &Workload, path: &FieldPath, context: &mut Context<'_>) {
    let Some(name) = &document.container else { return };
    let pods = || workload.revisions.iter().filter_map(|revision| revision.template.spec.as_ref());
    let names = || pods().flat_map(|pod| &pod.containers).map(|container| container.name.as_str());
    if !names().any(|it| it == name) {
        let message = format!("{} has no container `{name}`", workload.key);
        context.error(&path.field("container"), message, known(names(), "container"));
    }
}

fn ranges(document: &Document, path: &FieldPath, context: &mut Context<'_>) -> BTreeMap<String, (i64, i64)> {
    let mut ranges = BTreeMap::new();
    for (resource, given) in [("cpu", &document.cpu), ("memory", &document.memory)] {
        let Some(given) = given else { continue };
        let range = context.value(&path.field(resource), range(resource, given), HELP);
        ranges.extend(range.map(|range| (resource.to_owned(), range)));
    }
    if document.cpu.is_none() && document.memory.is_none() {
        context.error(path, "nothing is recommended", "give `cpu`, `memory`, or both");
    }
    ranges
}

/// The least and the most of a resource.
fn range(resource: &str, given: &Recommended) -> Result<(i64, i64), String> {
    let of_text = |text: &str| Amount::Text(text.trim().to_owned());
    let (least, most) = match given {
        Recommended::Between { min, max } => (min.clone(), max.clone()),
        Recommended::Written(Amount::Text(text)) if text.contains("..") => {
            let (least, most) = text.split_once("..").unwrap_or_default();
            (of_text(least), of_text(most))
        }
        Recommended::Written(amount) => (amount.clone(), amount.clone()),
    };
    match (values::of_resource(resource, &least)?, values::of_resource(resource, &most)?) {
        (0, _) => Err("0 is never recommended".to_owned()),
        (low, high) if low > high => {
            Err(format!("the range starts at {}, above its end {}", values::text(&least), values::text(&most)))
        }
        ends => Ok(ends),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_as_users_write_them() {
        let written = |text: &str| Recommended::Written(Amount::Text(text.to_owned()));
        assert_eq!(range("cpu", &written("100m..2")), Ok((100, 2000)));
        assert_eq!(range("memory", &written("1Ki .. 1Mi")), Ok((1 << 10, 1 << 20)));
        assert_eq!(range("cpu", &Recommended::Written(Amount::Whole(2))), Ok((2000, 2000)));
        assert!(range("cpu", &written("2..1")).is_err());
        assert!(range("cpu", &written("0..1")).is_err());
        assert!(range("cpu", &written("..")).is_err());
    }
}
