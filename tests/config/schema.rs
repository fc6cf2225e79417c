//! Holds JSON documents to the schema of answers, strictly: what it does not describe is wrong, too. Only what that schema
//! uses of JSON Schema is understood; anything else in it is an error.

use serde_json::Value;

/// What is wrong with a document, a line each.
pub fn problems(schema: &Value, document: &Value) -> Vec<String> {
    Validator { root: schema }.check(schema, document, "")
}

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let keywords = schema.as_object().expect("a schema");
        let said = |fits: bool, what: &Value| if fits { vec![] } else { vec![format!("{at}: {value} is not {what}")] };
        keywords
            .iter()
            .flat_map(|(keyword, what)| match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "required" | "additionalProperties" => Vec::new(),
                "$ref" => self.check(self.named(what), value, at),
                "type" => said(is_of_type(what.as_str().expect("a type"), value), what),
                "enum" => said(what.as_array().expect("values").contains(value), what),
                "const" => said(what == value, what),
                "minimum" => said(value.as_f64().is_none_or(|it| it >= what.as_f64().expect("a number")), what),
                "items" => value.as_array().into_iter().flatten().flat_map(|it| self.check(what, it, at)).collect(),
                "properties" => self.object(schema, value, at),
                "anyOf" => {
                    let all = what.as_array().expect("schemas").iter().map(|it| self.check(it, value, at));
                    all.min_by_key(Vec::len).expect("one of them")
                }
                other => panic!("{other} is not understood"),
            })
            .chain(self.others(schema, value, at))
            .collect()
    }

    /// Properties that are described, those that are missing, and those that nobody describes.
    fn object(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let Some(fields) = value.as_object() else { return Vec::new() };
        let known = schema["properties"].as_object().expect("properties");
        let required = schema["required"].as_array().expect("names").iter().filter_map(Value::as_str);
        let missing = required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}: no {name}"));
        let strange = fields.keys().filter(|name| !known.contains_key(*name)).map(|name| format!("{at}: {name}?"));
        let inner = fields
            .iter()
            .filter_map(|(name, it)| known.get(name).map(|schema| self.check(schema, it, &format!("{at}.{name}"))));
        missing.chain(strange).chain(inner.flatten()).collect()
    }

    /// Values of properties with any name.
    fn others(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let of = &schema["additionalProperties"];
        let fields = value.as_object().filter(|_| of.is_object());
        fields.into_iter().flatten().flat_map(|(name, it)| self.check(of, it, &format!("{at}.{name}"))).collect()
    }

    fn named(&self, reference: &Value) -> &Value {
        let pointer = reference.as_str().and_then(|it| it.strip_prefix('#')).expect("a reference");
        self.root.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"))
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("{other} is no type"),
    }
}
