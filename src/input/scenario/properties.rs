//! Properties that a scenario asks for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::object::scenario::PropertySpec;
use crate::input::path::FieldPath;
use crate::property;

use super::Context;
use super::document::Property;

/// All properties.
pub fn resolve(properties: &[Property], context: &mut Context<'_>) -> Vec<PropertySpec> {
    let at = FieldPath::from("spec.properties");
    properties
        .iter()
        .enumerate()
        .filter_map(|(index, property)| resolve_one(&at.index(index), property, context))
        .collect()
}

fn resolve_one(path: &FieldPath, property: &Property, context: &mut Context<'_>) -> Option<PropertySpec> {
    let none = BTreeMap::new();
    let (name, target, arguments, name_path) = match property {
        Property::Name(name) => (name, None, &none, path.clone()),
        Property::Full(full) => (&full.name, full.target.as_ref(), &full.arguments, path.field("name")),
    };
    if !property::NAMES.contains(&name.as_str()) {
        context.error(
            &name_path,
            format!("there is no property `{name}`"),
            format!("use one of {}", property::NAMES.join(", ")),
        );
        return None;
    }
    let target = match target {
        Some(target) => Some(context.target(&path.field("target"), target)?.key.clone()),
        None => None,
    };
    let arguments = arguments.iter().filter_map(|(key, value)| argument(path, name, key, value, context)).collect();
    Some(PropertySpec { name: name.clone(), target, arguments, origin: context.raw.origin(path), is_named: true })
}

fn argument(
    path: &FieldPath,
    name: &str,
    key: &str,
    value: &Value,
    context: &mut Context<'_>,
) -> Option<(String, String)> {
    let allowed = property::definition(name).map_or(&[][..], |it| it.arguments);
    let at = path.key(key);
    if !allowed.contains(&key) {
        let help =
            if allowed.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", allowed.join(" and ")) };
        context.error(&at, format!("property {name} has no argument `{key}`"), help);
        return None;
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => {
            context.error(&at, format!("`{key}` must be a text or a number"), "write a single value");
            return None;
        }
    };
    let is_number = matches!(key, "threshold" | "maxSkew");
    if is_number && text.parse::<u32>().map_or(true, |number| number == 0) {
        context.error(&at, format!("`{key}` must be a whole number, 1 or more"), "correct the number");
        return None;
    }
    Some((key.to_owned(), text))
}
