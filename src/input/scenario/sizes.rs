//! Sizes that a scenario leaves open, and those that it computes from them.
//!
//! A size is a number, a range (then it is a dimension of a family of clusters), or an expression over sizes that are known
//! when it is computed: counts of pools may use `scale` and pools above, replicas may use `scale` and all nodes.

use std::sync::Arc;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerSpec;

use crate::cluster::object::spec::ObjectKey;
use crate::property::{Expression, Vocabulary};

use crate::input::diagnostics::Diagnostics;
use crate::input::kinds::Objects;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;

use super::dimension::{Dimension, MOST_MEMBERS, number_of_sizes};
use super::document::{Count, Document, Sizing};
use super::{key_of, known};

/// Names that sizes are computed from.
const VOCABULARY: Vocabulary =
    Vocabulary { names: &["scale", "nodes"], functions: &["nodes"], help: "scale, nodes or nodes(pool)" };

/// The sizes of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// Those that are free, in the order of the document.
    pub dimensions: Vec<Dimension>,
    scale: Option<Amount>,
    pools: Vec<(String, Amount)>,
    targets: Vec<[Option<Amount>; 3]>,
    /// Nodes that are given as objects.
    given: i64,
}

#[derive(Clone, Debug)]
enum Amount {
    Fixed(i64),
    /// By position in [`Sizes::dimensions`].
    Free(usize),
    Computed(Expression),
}

/// What the sizes come to in one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Nodes of each pool.
    pub pools: Vec<i64>,
    /// For each entry of `sizes`: `replicas`, `minReplicas` and `maxReplicas`.
    pub targets: Vec<[Option<i64>; 3]>,
}

/// Fields of an entry of `sizes`.
const FIELDS: [&str; 3] = ["replicas", "minReplicas", "maxReplicas"];

impl Sizes {
    /// Reads the sizes of a document; `given` nodes are given as objects.
    pub fn resolve(raw: &RawObject, document: &Document, given: usize, sink: &mut Diagnostics) -> Sizes {
        let spec = &document.spec;
        let mut reader =
            Reader { raw, sink, sizes: Sizes { given: given as i64, ..Sizes::default() }, known: Vec::new() };
        if let Some(scale) = &spec.scale {
            let path = FieldPath::from("spec.scale");
            reader.sizes.scale = reader.amount(&path, "scale", scale);
            reader.known.push("scale".to_owned());
        }
        for (index, pool) in spec.node_pools.iter().enumerate() {
            let path = FieldPath::from("spec.nodePools").index(index).field("count");
            let amount = reader.amount(&path, &pool.name, &pool.count).unwrap_or(Amount::Fixed(0));
            reader.sizes.pools.push((format!("nodes({})", pool.name), amount));
            reader.known.push(format!("nodes({})", pool.name));
        }
        reader.known.push("nodes".to_owned());
        for (index, sizing) in spec.sizes.iter().enumerate() {
            let fields = reader.sizing(&FieldPath::from("spec.sizes").index(index), sizing);
            reader.sizes.targets.push(fields);
        }
        reader.finish()
    }

    /// What the sizes come to in the member of a size.
    pub fn values(&self, size: &[i64]) -> Values {
        let scale = self.scale.as_ref().map_or(0, |scale| scale.value(size, &|_| 0));
        let mut names: Vec<(&str, i64)> = vec![("scale", scale)];
        let mut pools = Vec::new();
        for (name, amount) in &self.pools {
            let value = amount.value(size, &|asked| lookup(&names, asked));
            names.push((name, value));
            pools.push(value);
        }
        names.push(("nodes", pools.iter().sum::<i64>() + self.given));
        let value =
            |amount: &Option<Amount>| amount.as_ref().map(|amount| amount.value(size, &|asked| lookup(&names, asked)));
        let targets = self.targets.iter().map(|fields| [value(&fields[0]), value(&fields[1]), value(&fields[2])]);
        Values { targets: targets.collect(), pools }
    }

    /// Nodes of a member and replicas that are free: small members come first.
    pub fn total(&self, size: &[i64]) -> i64 {
        let values = self.values(size);
        let free = |fields: &&[Option<Amount>; 3]| matches!(fields[0], Some(Amount::Free(_)));
        let replicas = self.targets.iter().zip(&values.targets).filter(|(fields, _)| free(fields));
        let replicas: i64 = replicas.filter_map(|(_, values)| values[0]).sum();
        self.given + values.pools.iter().sum::<i64>() + replicas
    }
}

fn lookup(names: &[(&str, i64)], asked: &str) -> i64 {
    names.iter().find(|(name, _)| *name == asked).map_or(0, |(_, value)| *value)
}

impl Amount {
    fn value(&self, size: &[i64], names: &dyn Fn(&str) -> i64) -> i64 {
        match self {
            Amount::Fixed(number) => *number,
            Amount::Free(dimension) => size.get(*dimension).copied().unwrap_or(0),
            Amount::Computed(expression) => expression.evaluate(names),
        }
    }
}

struct Reader<'a> {
    raw: &'a RawObject,
    sink: &'a mut Diagnostics,
    sizes: Sizes,
    /// Names that expressions may use so far.
    known: Vec<String>,
}

impl Reader<'_> {
    fn error(&mut self, path: &FieldPath, message: impl Into<String>) {
        self.sink.push(self.raw.diagnostic(crate::input::Severity::Error, path, message));
    }

    fn amount(&mut self, path: &FieldPath, name: &str, count: &Count) -> Option<Amount> {
        match count {
            Count::Exactly(number) => Some(Amount::Fixed((*number).into())),
            Count::Between { min, max } if min > max => {
                let message = format!("the range starts at {min}, above its end {max}");
                self.sink.push(self.raw.error(path, message, "give the smaller number as `min`"));
                None
            }
            Count::Between { min, max } => {
                if self.sizes.dimensions.iter().any(|known| known.name == name) {
                    self.error(path, format!("there are two ranges called `{name}`"));
                    return None;
                }
                let dimension = Dimension { name: name.to_owned(), min: (*min).into(), max: (*max).into() };
                self.sizes.dimensions.push(dimension);
                Some(Amount::Free(self.sizes.dimensions.len() - 1))
            }
            Count::Computed(text) => self.expression(path, text).map(Amount::Computed),
        }
    }

    /// The fields of an entry of `sizes`; one that names no workload has none.
    fn sizing(&mut self, path: &FieldPath, sizing: &Sizing) -> [Option<Amount>; 3] {
        let key = match key_of(&sizing.target) {
            Ok(key) => key,
            Err(problem) => {
                self.error(&path.field("target"), problem);
                return [None, None, None];
            }
        };
        let name = match key.namespace.as_str() {
            "default" => format!("deployment/{}", key.name),
            namespace => format!("{namespace}/deployment/{}", key.name),
        };
        let counts = [&sizing.replicas, &sizing.min_replicas, &sizing.max_replicas];
        [0, 1, 2].map(|field| {
            let path = path.field(FIELDS[field]);
            let count = counts[field].as_ref()?;
            if field > 0 && matches!(count, Count::Between { .. }) {
                self.error(&path, "only replicas and node pools may be ranges; give a number or an expression");
                return None;
            }
            self.amount(&path, &name, count)
        })
    }

    fn expression(&mut self, path: &FieldPath, text: &str) -> Option<Expression> {
        let expression = match Expression::parse_with(text, VOCABULARY) {
            Ok(expression) => expression,
            Err(problem) => {
                self.error(path, format!("`{text}`: {problem}"));
                return None;
            }
        };
        if let Some(unknown) = expression.names().into_iter().find(|name| !self.known.iter().any(|it| it == name)) {
            let message = format!("`{text}`: `{unknown}` is not known here");
            let help = known(self.known.iter().map(String::as_str), "size");
            let help = format!("{help}; counts of pools may use `scale` and the pools above");
            self.sink.push(self.raw.error(path, message, help));
            return None;
        }
        Some(expression)
    }

    /// The sizes, unless there are too many of them.
    fn finish(self) -> Sizes {
        let members = number_of_sizes(&self.sizes.dimensions);
        if members > MOST_MEMBERS {
            let message = format!("the ranges of this scenario allow {members} sizes");
            let help = format!("narrow them to at most {MOST_MEMBERS}, or compute some sizes from others");
            self.sink.push(self.raw.error(&"spec".into(), message, help));
        }
        self.sizes
    }
}

/// Gives workloads and autoscalers the sizes that the scenario says.
pub fn apply(raw: &RawObject, document: &Document, values: &Values, objects: &mut Objects, sink: &mut Diagnostics) {
    for (index, (sizing, values)) in document.spec.sizes.iter().zip(&values.targets).enumerate() {
        let path = FieldPath::from("spec.sizes").index(index);
        let mut error = |path: &FieldPath, message: String, help: &str| sink.push(raw.error(path, message, help));
        let Ok(key) = key_of(&sizing.target) else { continue };
        let limited = values[1].is_some() || values[2].is_some();
        let [replicas, min, max] = possible(&path, &key, values, &mut error);
        if !resize(objects, &key, replicas) && !objects.broken.contains(&key.name) {
            let help = "write `deployment/name`, or `namespace/deployment/name`";
            error(&path.field("target"), format!("there is no Deployment or ReplicaSet `{key}`"), help);
        } else if limited && !limit(objects, &key, min, max) {
            let help = "leave out minReplicas and maxReplicas, or add the autoscaler";
            error(&path, format!("no HorizontalPodAutoscaler scales {key}"), help);
        }
        if let Some((min, max)) = limits(objects, &key).filter(|(min, max)| limited && min > max) {
            let message = format!("minReplicas of {key} would be {min}, more than maxReplicas {max}");
            error(&path.field("minReplicas"), message, "change one of them");
        }
    }
}

/// The numbers as Kubernetes takes them; what cannot be one is reported.
fn possible(
    path: &FieldPath,
    key: &ObjectKey,
    values: &[Option<i64>; 3],
    error: &mut impl FnMut(&FieldPath, String, &str),
) -> [Option<i32>; 3] {
    [0, 1, 2].map(|field| {
        let value = values[field]?;
        let least = i32::from(field == 2);
        let number = i32::try_from(value).ok().filter(|&number| number >= least);
        if number.is_none() {
            let message = format!("{} of {key} cannot be {value}", FIELDS[field]);
            error(&path.field(FIELDS[field]), message, "use `max(1, …)`, or raise the smallest size");
        }
        number
    })
}

/// Gives a workload its replicas; whether there is such a workload.
fn resize(objects: &mut Objects, key: &ObjectKey, replicas: Option<i32>) -> bool {
    let mut found = false;
    for object in objects.deployments.iter_mut().filter(|it| crate::input::key_of(&it.value.metadata) == *key) {
        found = true;
        if let (Some(spec), Some(replicas)) = (&mut Arc::make_mut(&mut object.value).spec, replicas) {
            spec.replicas = Some(replicas);
        }
    }
    let sets = objects.replica_sets.iter_mut().filter(|it| crate::input::key_of(&it.value.metadata) == *key);
    for object in sets {
        found = true;
        if let (Some(spec), Some(replicas)) = (&mut Arc::make_mut(&mut object.value).spec, replicas) {
            spec.replicas = Some(replicas);
        }
    }
    for object in objects.stateful_sets.iter_mut().filter(|it| crate::input::key_of(&it.value.metadata) == *key) {
        found = true;
        if let (Some(spec), Some(replicas)) = (&mut Arc::make_mut(&mut object.value).spec, replicas) {
            spec.replicas = Some(replicas);
        }
    }
    found
}

/// The autoscalers of a workload.
fn autoscalers<'a>(
    objects: &'a mut Objects,
    key: &'a ObjectKey,
) -> impl Iterator<Item = &'a mut HorizontalPodAutoscalerSpec> {
    objects.autoscalers.iter_mut().filter_map(|object| {
        let here = object.value.metadata.namespace.as_deref() == Some(&key.namespace);
        Arc::make_mut(&mut object.value).spec.as_mut().filter(|spec| here && spec.scale_target_ref.name == key.name)
    })
}

/// Gives a workload's autoscaler its limits; whether there is one.
fn limit(objects: &mut Objects, key: &ObjectKey, min: Option<i32>, max: Option<i32>) -> bool {
    let mut found = false;
    for spec in autoscalers(objects, key) {
        found = true;
        spec.min_replicas = min.or(spec.min_replicas);
        spec.max_replicas = max.unwrap_or(spec.max_replicas);
    }
    found
}

/// `minReplicas` and `maxReplicas` of a workload's autoscaler.
fn limits(objects: &mut Objects, key: &ObjectKey) -> Option<(i32, i32)> {
    autoscalers(objects, key).next().map(|spec| (spec.min_replicas.unwrap_or(1), spec.max_replicas))
}
