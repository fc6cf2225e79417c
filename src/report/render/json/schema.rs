//! The JSON Schema of answers, for programs that read them. `docs/json.md` says what fields mean; tests hold every answer
//! to both.

use serde_json::Value;

/// The schema, as it is written.
const TEXT: &str = include_str!("answers.schema.json");

/// The JSON Schema (draft 2020-12) of whatever is written with `--format json`.
pub fn answers() -> Value {
    serde_json::from_str(TEXT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json_and_of_the_version_that_is_written() {
        let schema = answers();
        assert_eq!(schema["title"], crate::report::render::json::SCHEMA);
        assert_eq!(schema["$defs"]["check"]["properties"]["schema"]["const"], schema["title"]);
    }
}
