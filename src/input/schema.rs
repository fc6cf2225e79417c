//! The JSON Schemas of what users write.

use super::config::document as config;
use super::scenario::document::Document;

/// The JSON Schema of the `kind: Scenario` document, with descriptions, for editors and for people.
pub fn scenario_schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// The JSON Schema of a configuration, for editors and for people.
pub fn config_schema() -> serde_json::Value {
    schemars::schema_for!(config::Document).to_value()
}
