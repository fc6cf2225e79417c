//! What the API server would refuse, said where it was written.
//!
//! The checks follow `pkg/apis/*/validation` (v1.34) for the fields that the model reads; others are left to the API server.

pub mod autoscaler;
pub mod batch;
pub mod other;
pub mod pod;
pub mod workload;

use std::collections::BTreeMap;
use std::fmt::Display;

use k8s_openapi::api::core::v1::NodeSelectorRequirement;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::object::resources;

use super::diagnostics::Diagnostics;
use super::object::RawObject;
use super::path::FieldPath;

/// Checks of one object, with the sink that takes what is wrong.
pub struct Check<'a> {
    object: &'a RawObject,
    sink: &'a mut Diagnostics,
}

impl<'a> Check<'a> {
    /// Checks of `object`.
    pub fn new(object: &'a RawObject, sink: &'a mut Diagnostics) -> Self {
        Check { object, sink }
    }

    /// Whether an API server printed the object: it has accepted it then, under rules of its own version.
    pub fn is_accepted(&self) -> bool {
        self.object.is_live()
    }

    /// Reports an error about a field; `expected` completes "expected …".
    pub fn error(&mut self, path: &FieldPath, problem: impl Display, help: impl Into<String>) {
        self.sink.push(self.object.error(path, format!("{path}: {problem}"), help));
    }

    /// Reports something doubtful about a field.
    pub fn warning(&mut self, path: &FieldPath, problem: impl Display, help: impl Into<String>) {
        self.sink.push(self.object.warning(path, format!("{path}: {problem}"), help));
    }

    /// A name is there and is one.
    pub fn metadata(&mut self, metadata: &ObjectMeta) {
        let path = FieldPath::from("metadata.name");
        match metadata.name.as_deref() {
            None | Some("") => self.error(&path, "every object needs a name", "add `name:` under `metadata:`"),
            Some(name) if !is_subdomain(name) => {
                self.error(
                    &path,
                    format!("`{name}` is not a valid name"),
                    "use lower case letters, digits, `-` and `.`, starting and ending with a letter or digit",
                );
            }
            Some(_) => {}
        }
    }

    /// A number is not below a minimum.
    pub fn at_least(&mut self, path: &FieldPath, value: Option<impl Into<i64>>, minimum: i64) {
        if let Some(value) = value.map(Into::into).filter(|value| *value < minimum) {
            self.error(path, format!("{value} is too small"), format!("give {minimum} or more"));
        }
    }

    /// A text is one of those allowed.
    pub fn one_of(&mut self, path: &FieldPath, value: Option<&str>, allowed: &[&str]) {
        if let Some(value) = value.filter(|value| !allowed.contains(value)) {
            self.error(path, format!("`{value}` is not allowed here"), format!("use one of {}", allowed.join(", ")));
        }
    }

    /// All amounts of a list are quantities and not negative.
    pub fn amounts(&mut self, path: &FieldPath, list: Option<&BTreeMap<String, Quantity>>) {
        for (name, quantity) in list.into_iter().flatten() {
            match resources::amount(name, quantity) {
                Ok(amount) if amount < 0 => {
                    self.error(&path.key(name), format!("`{}` is negative", quantity.0), "an amount is 0 or more")
                }
                Ok(_) => {}
                Err(error) => {
                    self.error(&path.key(name), error.source, "write an amount such as `500m`, `2` or `64Mi`")
                }
            }
        }
    }

    /// A number or a percentage.
    pub fn int_or_percent(&mut self, path: &FieldPath, value: Option<&IntOrString>) {
        let valid = match value {
            None => true,
            Some(IntOrString::Int(number)) => *number >= 0,
            Some(IntOrString::String(text)) => {
                text.strip_suffix('%').is_some_and(|number| number.parse::<u32>().is_ok())
            }
        };
        if !valid {
            self.error(
                path,
                "this is neither a number nor a percentage",
                "write a number such as `1`, or a percentage such as `25%`",
            );
        }
    }

    /// The expressions of a label selector are well formed.
    pub fn label_selector(&mut self, path: &FieldPath, selector: Option<&LabelSelector>) {
        let expressions = selector.and_then(|selector| selector.match_expressions.as_ref());
        for (index, requirement) in expressions.into_iter().flatten().enumerate() {
            let at = path.field("matchExpressions").index(index);
            let allowed = ["In", "NotIn", "Exists", "DoesNotExist"];
            self.requirement(&at, &requirement.operator, requirement.values.as_deref(), &allowed);
        }
    }

    /// The expressions of a node selector term are well formed.
    pub fn node_requirements(&mut self, path: &FieldPath, list: Option<&[NodeSelectorRequirement]>, allowed: &[&str]) {
        for (index, requirement) in list.into_iter().flatten().enumerate() {
            self.requirement(&path.index(index), &requirement.operator, requirement.values.as_deref(), allowed);
        }
    }

    fn requirement(&mut self, at: &FieldPath, operator: &str, values: Option<&[String]>, allowed: &[&str]) {
        self.one_of(&at.field("operator"), Some(operator), allowed);
        let values = values.unwrap_or_default();
        let problem = match operator {
            "In" | "NotIn" if values.is_empty() => Some("needs at least one value"),
            "Exists" | "DoesNotExist" if !values.is_empty() => Some("takes no values"),
            "Gt" | "Lt" if values.len() != 1 || values[0].parse::<i64>().is_err() => {
                Some("needs exactly one whole number as its value")
            }
            _ => None,
        };
        if let Some(problem) = problem {
            self.error(
                &at.field("values"),
                format!("operator {operator} {problem}"),
                "correct the values or the operator",
            );
        }
    }
}

/// Whether a text is a DNS-1123 subdomain: what most names must be.
pub fn is_subdomain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name
            .split('.')
            .all(|part| part.starts_with(plain) && part.ends_with(plain) && part.chars().all(|c| plain(c) || c == '-'))
}
