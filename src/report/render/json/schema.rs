//! x
pub fn answers() -> serde_json::Value { serde_json::Value::Null }
