//! The JSON Schema of scenarios.

use super::scenario::document::Document;

/// The JSON Schema of the `kind: Scenario` document, with descriptions, for editors and for people.
pub fn scenario_schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
