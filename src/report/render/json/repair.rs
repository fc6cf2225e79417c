//! Repairs.

use serde_json::{Value, json};

use super::{SCHEMA, result};
use crate::repair::{Edit, Ending, Hint, Repair, Repaired};

/// An answer.
pub fn value(repaired: &Repaired) -> Value {
    let (ending, reason) = match &repaired.ending {
        Ending::Holds => ("holds", None),
        Ending::Undecided => ("undecided", None),
        Ending::Repaired => ("repaired", None),
        Ending::Exhausted(_) => ("exhausted", None),
        Ending::Stopped(why) => ("stopped", Some(why)),
    };
    json!({
        "schema": SCHEMA,
        "input": repaired.input,
        "ending": ending,
        "reason": reason,
        "tried": repaired.tried,
        "undecided": repaired.open,
        "fields": repaired.fields,
        "before": repaired.before.iter().map(result::value).collect::<Vec<Value>>(),
        "repairs": repaired.repairs.iter().map(repair).collect::<Vec<Value>>(),
    })
}

/// Which field to look at after a violation.
pub fn hint(hint: &Hint) -> Value {
    let (file, line) = &hint.place;
    json!({"object": hint.object, "field": hint.field, "file": file, "line": line, "command": hint.command})
}

fn repair(repair: &Repair) -> Value {
    json!({
        "edits": repair.edits.iter().map(edit).collect::<Vec<Value>>(),
        "files": repair.files.iter().map(|(old, _)| &old.name).collect::<Vec<&String>>(),
        "diff": repair.diff(),
        "results": repair.results.iter().map(result::value).collect::<Vec<Value>>(),
    })
}

fn edit(edit: &Edit) -> Value {
    let (file, line) = &edit.place;
    json!({
        "object": edit.object,
        "field": edit.field,
        "file": file,
        "line": line,
        "from": given(&edit.from),
        "to": given(&edit.to),
        "preference": edit.preference.name(),
        "costs": edit.costs,
    })
}

/// In YAML; `null` for what is not there.
fn given(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}
