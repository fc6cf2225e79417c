//! How new values are written: as their surroundings are.

use serde_json::Value;

use crate::input::yaml::outline::Form;
use crate::input::yaml::parse;

/// In braces and brackets, on one line; keys and texts in quotes if it is JSON.
pub fn flow(value: &Value, is_json: bool) -> String {
    match value {
        Value::Object(map) => {
            let fields = map.iter().map(|(name, value)| format!("{}: {}", text(name, is_json), flow(value, is_json)));
            format!("{{{}}}", fields.collect::<Vec<String>>().join(", "))
        }
        Value::Array(elements) => {
            let elements = elements.iter().map(|element| flow(element, is_json));
            format!("[{}]", elements.collect::<Vec<String>>().join(", "))
        }
        Value::String(string) => text(string, is_json),
        other => other.to_string(),
    }
}

/// A field in block style, a line each, the first one not indented.
pub fn field(name: &str, value: &Value, indent: usize) -> String {
    let name = text(name, false);
    let margin = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => format!("{name}:\n{margin}  {}", block(value, indent + 2)),
        Value::Array(elements) if !elements.is_empty() => format!("{name}:\n{margin}{}", block(value, indent)),
        other => format!("{name}: {}", flow(other, false)),
    }
}

/// A value in block style, a line each, the first one not indented. Elements that are short are written in one line.
pub fn block(value: &Value, indent: usize) -> String {
    let separator = format!("\n{}", " ".repeat(indent));
    let lines: Vec<String> = match value {
        Value::Object(map) if !map.is_empty() => map.iter().map(|(name, value)| field(name, value, indent)).collect(),
        Value::Array(elements) if !elements.is_empty() => {
            elements.iter().map(|element| format!("- {}", block(element, indent + 2))).collect()
        }
        other => vec![flow(other, false)],
    };
    lines.join(&separator)
}

/// A value in the place of a scalar: a text keeps the quotes that were there.
pub fn scalar(value: &Value, form: &Form) -> String {
    match (value, form) {
        (Value::String(string), Form::Quoted('"')) => text(string, true),
        (Value::String(string), Form::Quoted(_)) if !string.contains(['\'', '\n']) => format!("'{string}'"),
        _ => flow(value, false),
    }
}

/// A text, in quotes where it would be taken for something else.
pub fn text(string: &str, is_json: bool) -> String {
    let is_plain = !is_json
        && string.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
        && string.chars().all(|it| it.is_ascii_alphanumeric() || "-._/%+".contains(it))
        && parse(string).is_ok_and(|read| matches!(read.as_slice(), [it] if it.as_str() == Some(string)));
    if is_plain { string.to_owned() } else { Value::from(string).to_string() }
}
