//! Sizes that a scenario leaves open, and those that it computes from them.
//!
//! A size is a number, a range (then it is a dimension of a family of clusters), or an expression over sizes that are known
//! when it is computed: counts of pools may use `scale` and pools above, replicas may use `scale` and all nodes.

use crate::property::{Expression, Vocabulary};
use crate::reduce::family::{Dimension, MOST_MEMBERS, number_of_sizes};

use crate::input::diagnostics::Diagnostics;
use crate::input::kinds::Objects;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;

use super::document::{Count, Document};
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
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Nodes of each pool.
    pub pools: Vec<i64>,
    /// For each entry of `sizes`: `replicas`, `minReplicas` and `maxReplicas`.
    targets: Vec<[Option<i64>; 3]>,
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
            let path = FieldPath::from("spec.sizes").index(index);
            let Ok(key) = key_of(&sizing.target).map_err(|problem| reader.error(&path.field("target"), problem)) else {
                continue;
            };
            let name = match key.namespace.as_str() {
                "default" => format!("deployment/{}", key.name),
                namespace => format!("{namespace}/deployment/{}", key.name),
            };
            let counts = [&sizing.replicas, &sizing.min_replicas, &sizing.max_replicas];
            let amounts = [0, 1, 2].map(|field| {
                let path = path.field(FIELDS[field]);
                let count = counts[field].as_ref()?;
                if field > 0 && matches!(count, Count::Between { .. }) {
                    reader.error(&path, "only replicas and node pools may be ranges; give a number or an expression");
                    return None;
                }
                reader.amount(&path, &name, count)
            });
            reader.sizes.targets.push(amounts);
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
        let Ok(key) = key_of(&sizing.target) else { continue };
        let mut numbers: [Option<i32>; 3] = [None; 3];
        for (field, value) in values.iter().enumerate().filter_map(|(field, value)| Some((field, (*value)?))) {
            numbers[field] = i32::try_from(value).ok().filter(|&number| number >= i32::from(field == 2));
            if numbers[field].is_none() {
                let message = format!("{} of {key} cannot be {value}", FIELDS[field]);
                let help = "use `max(1, …)`, or raise the smallest size";
                sink.push(raw.error(&path.field(FIELDS[field]), message, help));
            }
        }
        if !resize(objects, &key, numbers[0]) && !objects.broken.contains(&key.name) {
            let message = format!("there is no Deployment or ReplicaSet `{key}`");
            sink.push(raw.error(
                &path.field("target"),
                message,
                "write `deployment/name`, or `namespace/deployment/name`",
            ));
        } else if (values[1].is_some() || values[2].is_some()) && !limit(objects, &key, numbers[1], numbers[2]) {
            let message = format!("no HorizontalPodAutoscaler scales {key}");
            sink.push(raw.error(&path, message, "leave out minReplicas and maxReplicas, or add the autoscaler"));
        }
        if let (Some(min), Some(max)) = (numbers[1], numbers[2])
            && min > max
        {
            let message = format!("minReplicas of {key} would be {min}, more than maxReplicas {max}");
            sink.push(raw.error(&path.field("minReplicas"), message, "change one of them"));
        }
    }
}

/// Gives a workload its replicas; whether there is such a workload.
fn resize(objects: &mut Objects, key: &crate::cluster::spec::ObjectKey, replicas: Option<i32>) -> bool {
    let mut found = false;
    for object in objects.deployments.iter_mut().filter(|it| crate::input::key_of(&it.value.metadata) == *key) {
        found = true;
        if let (Some(spec), Some(replicas)) = (&mut object.value.spec, replicas) {
            spec.replicas = Some(replicas);
        }
    }
    let sets = objects.replica_sets.iter_mut().filter(|it| crate::input::key_of(&it.value.metadata) == *key);
    for object in sets {
        found = true;
        if let (Some(spec), Some(replicas)) = (&mut object.value.spec, replicas) {
            spec.replicas = Some(replicas);
        }
    }
    found
}

/// Gives a workload's autoscaler its limits; whether there is one.
fn limit(objects: &mut Objects, key: &crate::cluster::spec::ObjectKey, min: Option<i32>, max: Option<i32>) -> bool {
    let mut found = false;
    for object in &mut objects.autoscalers {
        let namespace = object.value.metadata.namespace.clone().unwrap_or_default();
        let Some(spec) = object.value.spec.as_mut() else { continue };
        if namespace == key.namespace && spec.scale_target_ref.name == key.name {
            found = true;
            spec.min_replicas = min.or(spec.min_replicas);
            spec.max_replicas = max.unwrap_or(spec.max_replicas);
        }
    }
    found
}
