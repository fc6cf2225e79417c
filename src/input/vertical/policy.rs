//! What a VerticalPodAutoscaler says of containers: which resources it sets, within which bounds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::input::diagnostics::Diagnostics;
use crate::input::object::RawObject;
use crate::input::path::FieldPath;
use crate::input::scenario::document::Amount;
use crate::input::scenario::values;

/// The resources that are recommended.
pub const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// Amounts by resource: thousandths of cpu, bytes of memory.
pub type Amounts = BTreeMap<String, i64>;

/// `spec.resourcePolicy` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourcePolicy {
    container_policies: Vec<ContainerPolicy>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerPolicy {
    container_name: String,
    mode: Option<String>,
    min_allowed: Option<BTreeMap<String, Amount>>,
    max_allowed: Option<BTreeMap<String, Amount>>,
    controlled_resources: Option<Vec<String>>,
    controlled_values: Option<String>,
}

/// The policies of containers.
#[derive(Clone, Debug, Default)]
pub struct Policies(Vec<Policy>);

#[derive(Clone, Debug)]
struct Policy {
    container: String,
    controlled: BTreeSet<String>,
    least: Amounts,
    most: Amounts,
    requests_only: bool,
}

const POLICIES: &str = "spec.resourcePolicy.containerPolicies";

impl Policies {
    /// Reads them; what is wrong with them is reported.
    pub fn read(written: ResourcePolicy, raw: &RawObject, sink: &mut Diagnostics) -> Self {
        let policies = written.container_policies.into_iter().enumerate();
        let read = |(index, written)| policy(written, &FieldPath::from(POLICIES).index(index), raw, sink);
        Policies(policies.map(read).collect())
    }

    /// The resources that are set of some container. Containers that nobody names have both.
    pub fn resources(&self) -> BTreeSet<String> {
        let named = self.0.iter().flat_map(|policy| policy.controlled.iter().cloned());
        let names_all = self.0.iter().any(|policy| policy.container == "*");
        named.chain(if names_all { Vec::new() } else { RESOURCES.map(str::to_owned).to_vec() }).collect()
    }

    /// Whether a resource of a container is set.
    pub fn controls(&self, container: &str, resource: &str) -> bool {
        self.of(container).is_none_or(|policy| policy.controlled.contains(resource))
    }

    /// `minAllowed` and `maxAllowed` of a resource of a container, 0 where they are not given.
    pub fn bounds(&self, container: &str, resource: &str) -> (i64, i64) {
        let of = |amounts: &Amounts| amounts.get(resource).copied().unwrap_or(0);
        self.of(container).map_or((0, 0), |policy| (of(&policy.least), of(&policy.most)))
    }

    /// Whether limits of a container stay as they are.
    pub fn leaves_limits(&self, container: &str) -> bool {
        self.of(container).is_some_and(|policy| policy.requests_only)
    }

    /// The policy of a container, or else that of all.
    fn of(&self, container: &str) -> Option<&Policy> {
        let named = |name: &str| self.0.iter().find(|policy| policy.container == name);
        named(container).or_else(|| named("*"))
    }
}

fn policy(written: ContainerPolicy, path: &FieldPath, raw: &RawObject, sink: &mut Diagnostics) -> Policy {
    check(&written, path, raw, sink);
    let both = || RESOURCES.map(str::to_owned).to_vec();
    let is_off = written.mode.as_deref() == Some("Off");
    let controlled = if is_off { Vec::new() } else { written.controlled_resources.unwrap_or_else(both) };
    let mut read = |field: &str, amounts: Option<BTreeMap<String, Amount>>| {
        amounts_of(amounts.unwrap_or_default(), &path.field(field), raw, sink)
    };
    let (least, most) = (read("minAllowed", written.min_allowed), read("maxAllowed", written.max_allowed));
    for (resource, &most) in &most {
        if most > 0 && least.get(resource).is_some_and(|&least| least > most) {
            let message = format!("maxAllowed of {resource} is less than minAllowed");
            sink.push(raw.error(&path.field("maxAllowed"), message, "raise it, or lower minAllowed"));
        }
    }
    Policy {
        container: written.container_name,
        controlled: controlled.into_iter().collect(),
        least,
        most,
        requests_only: written.controlled_values.as_deref() == Some("RequestsOnly"),
    }
}

/// Reports words that mean nothing.
fn check(written: &ContainerPolicy, path: &FieldPath, raw: &RawObject, sink: &mut Diagnostics) {
    let mut is_one_of = |field: &str, word: Option<&str>, known: [&str; 2]| {
        if let Some(word) = word.filter(|word| !known.contains(word)) {
            let message = format!("`{word}` is no {field}");
            sink.push(raw.error(&path.field(field), message, format!("write `{}` or `{}`", known[0], known[1])));
        }
    };
    is_one_of("mode", written.mode.as_deref(), ["Auto", "Off"]);
    let values = ["RequestsAndLimits", "RequestsOnly"];
    is_one_of("controlledValues", written.controlled_values.as_deref(), values);
    for resource in written.controlled_resources.iter().flatten() {
        is_one_of("controlledResources", Some(resource.as_str()), RESOURCES);
    }
}

/// Amounts as they are written; one that cannot be read is reported and left out, and so is every resource but cpu and memory.
pub fn amounts_of(
    written: BTreeMap<String, Amount>,
    path: &FieldPath,
    raw: &RawObject,
    sink: &mut Diagnostics,
) -> Amounts {
    let mut amounts = Amounts::new();
    for (resource, written) in written.into_iter().filter(|(name, _)| RESOURCES.contains(&name.as_str())) {
        let help = "write an amount such as `500m`, `2` or `64Mi`";
        let read = values::of_resource(&resource, &written);
        let read = read.map_err(|problem| sink.push(raw.error(&path.key(&resource), problem, help)));
        amounts.extend(read.ok().map(|amount| (resource, amount)));
    }
    amounts
}
