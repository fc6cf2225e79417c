//! Reading recorded values.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A recorded number of seconds in milliseconds.
pub fn milliseconds(value: &Value) -> Result<i64, String> {
    value.as_f64().map(|seconds| (seconds * 1000.0).round() as i64).ok_or_else(|| format!("no time: {value}"))
}

/// The items of a list; none if it is absent.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text.
pub fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("no text: {value}"))
}

/// A list of Kubernetes objects.
pub fn typed<T: DeserializeOwned>(value: &Value) -> Result<Vec<T>, String> {
    list(value).iter().map(|item| serde_json::from_value(item.clone()).map_err(|error| error.to_string())).collect()
}
