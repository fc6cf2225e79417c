//! Rules.

use serde_json::{Value, json};

use crate::cluster::view::rule::Rule;

/// A rule.
pub fn value(rule: &Rule) -> Value {
    let upstream = rule.upstream.iter().map(|it| json!({"file": it.file, "functions": it.functions}));
    let parts = rule.parts.iter().map(|it| json!({"what": it.what, "stands": it.stands}));
    let omits = rule.omits.iter().map(|it| json!({"what": it.what, "instead": it.instead}));
    json!({
        "id": rule.id,
        "component": rule.component.name(),
        "version": rule.version().map(|(project, version)| format!("{project} {version}")),
        "upstream": upstream.collect::<Vec<Value>>(),
        "decides": rule.decides,
        "parts": parts.collect::<Vec<Value>>(),
        "omits": omits.collect::<Vec<Value>>(),
        "source": {"file": rule.source.file(), "line": rule.source.line},
    })
}
