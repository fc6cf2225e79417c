//! For code scanning: SARIF 2.1.0 (OASIS, section numbers are of that standard).
//!
//! A violation is a result at the field, or the object, that it is about; its story is a code flow (3.36). Properties are the
//! rules (3.49), and the [rules](crate::encodings::rules) by which the model decides a taxonomy (3.19.3) that steps refer
//! to. What is unknown, was not looked at, or is wrong with the input is a notification (3.58): nothing was found there.
//! What holds is not listed: viewers show results as problems.

mod flow;
mod place;
mod rules;

use serde_json::{Value, json};

use super::json::written;
use super::{Format, Needs, Writer, words};
use crate::check::{Answer, CheckResult, Counterexample, Fingerprint, Ignored, Novelty};
use crate::input::{Diagnostic, Severity};
use crate::report::document::{Check, Checked};

use rules::Taxonomy;

/// SARIF.
pub static FORMAT: Format = Format {
    name: "sarif",
    help: "For code scanning: SARIF 2.1.0",
    suffixes: &[".sarif", ".sarif.json"],
    needs: Needs::Sites,
    writer: Writer::Checks(check),
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const VERSION: &str = "2.1.0";
/// Versions the way in which results are recognised again.
const FINGERPRINT: &str = "violation/v1";

fn check(check: &Check<'_>) -> String {
    let taxonomy = Taxonomy::of(check.results());
    let results = check.inputs.iter().flat_map(|input| input.results.iter().map(move |result| (input, *result)));
    let gone = check.baseline.iter().flat_map(|it| &it.gone).map(absent);
    let results: Vec<Value> = results.filter_map(|(input, it)| result(input, it, &taxonomy)).chain(gone).collect();
    let mut run = json!({
        "tool": {"driver": {
            "name": "kubound",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules::properties(),
        }},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation(check)],
        "results": results,
    });
    if let Some(taxonomies) = taxonomy.value() {
        run["taxonomies"] = json!([taxonomies]);
    }
    written(&json!({"$schema": SCHEMA, "version": VERSION, "runs": [run]}))
}

fn result(checked: &Checked<'_>, result: &CheckResult, taxonomy: &Taxonomy) -> Option<Value> {
    let Answer::Violated(found) = &result.answer else { return None };
    let fingerprint = Fingerprint::of(result)?.to_string();
    let sites = checked.sites_of(result);
    let mut value = json!({
        "ruleId": result.property,
        "level": "error",
        "message": {"text": message(result, found)},
        "locations": place::locations(sites.first(), result),
        "partialFingerprints": {FINGERPRINT: fingerprint},
        "codeFlows": [flow::value(found, checked.sites, sites.first(), taxonomy)],
    });
    if let Some(index) = rules::index(&result.property) {
        value["ruleIndex"] = json!(index);
    }
    if let Some(ignored) = &result.regard.ignored {
        value["suppressions"] = json!([suppression(ignored)]);
    }
    if let Some(novelty) = result.regard.novelty {
        value["baselineState"] = json!(match novelty {
            Novelty::Known => "unchanged",
            Novelty::New => "new",
        });
    }
    if sites.len() > 1 {
        value["relatedLocations"] = sites[1..].iter().zip(1..).map(|(site, id)| place::related(site, id)).collect();
    }
    let deciding = taxonomy.references(&found.narrative.deciding());
    if !deciding.is_empty() {
        value["taxa"] = json!(deciding);
    }
    Some(value)
}

/// That a violation is ignored, by whom and why (3.35).
fn suppression(ignored: &Ignored) -> Value {
    let kind = if ignored.in_source { "inSource" } else { "external" };
    let mut value = json!({"kind": kind, "status": "accepted", "justification": ignored.reason});
    if let Some(physical) = place::physical(&ignored.origin) {
        value["location"] = json!({"physicalLocation": physical});
    }
    value
}

/// What is in a baseline and no longer so (3.27.24).
fn absent(gone: &Fingerprint) -> Value {
    let logical = |name: &String| json!({"logicalLocations": [{"name": name}]});
    let mut value = json!({
        "ruleId": gone.property,
        "locations": gone.subjects.iter().take(1).map(logical).collect::<Vec<Value>>(),
        "level": "note",
        "message": {"text": format!("{}: no longer violated", gone.title())},
        "partialFingerprints": {FINGERPRINT: gone.to_string()},
        "baselineState": "absent",
    });
    if let Some(index) = rules::index(&gone.property) {
        value["ruleIndex"] = json!(index);
    }
    value
}

fn message(result: &CheckResult, found: &Counterexample) -> String {
    let why = words::why(found);
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    let about = words::about(result);
    format!("{}{about}: {}{why}", result.property, words::verdict(result))
}

/// That the program ran, and what it could not say.
fn invocation(check: &Check<'_>) -> Value {
    let diagnostics = || check.diagnostics.iter().flatten();
    let is_usable = !diagnostics().any(|it| it.severity == Severity::Error);
    let told = diagnostics().map(|it| diagnostic(it));
    let open = check.inputs.iter().flat_map(open);
    json!({"executionSuccessful": is_usable, "toolExecutionNotifications": told.chain(open).collect::<Vec<Value>>()})
}

fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let mut value = json!({
        "level": diagnostic.severity.to_string(),
        "message": {"text": format!("{}{help}", diagnostic.message)},
    });
    if let Some(physical) = place::physical(&diagnostic.origin) {
        value["locations"] = json!([{"physicalLocation": physical}]);
    }
    value
}

/// Properties of an input of which nothing is known.
fn open(checked: &Checked<'_>) -> Vec<Value> {
    let notification = |name: &str, level: &str, text: String| {
        let mut value = json!({"level": level, "message": {"text": text}});
        if let Some(index) = rules::index(name) {
            value["associatedRule"] = json!({"id": name, "index": index});
        }
        value
    };
    let unknown = checked.results.iter().filter(|it| it.is_open()).map(|it| {
        let text = format!("{}{}: {}", it.property, words::about(it), words::verdict(it));
        notification(&it.property, "warning", text)
    });
    let why = words::not_checked(checked);
    let skipped = checked.skipped.iter().map(|name| notification(name, "note", format!("{name}: {why}")));
    unknown.chain(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::NAMES;

    #[test]
    fn every_property_is_a_rule_at_its_index() {
        let rules = rules::properties();
        for name in NAMES {
            assert_eq!(rules[rules::index(name).expect("a rule")]["id"], name);
        }
    }
}
