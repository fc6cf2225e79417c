//! Rules that say which violations do not count.

use std::time::{SystemTime, UNIX_EPOCH};

use glob::Pattern;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::input::ignore::{self, Ignore, Whom};
use crate::input::path::FieldPath;
use crate::input::visible::visible;
use crate::input::{Diagnostic, Severity};
use crate::property;

use super::Reader;
use super::document::Rule;

/// The rules that are still in force; what is wrong with others is reported.
pub fn resolve(rules: &[Rule], reader: &mut Reader<'_>) -> Vec<Ignore> {
    let today = today();
    let at = FieldPath::from("ignore");
    rules.iter().enumerate().filter_map(|(index, rule)| resolve_one(&at.index(index), rule, today, reader)).collect()
}

/// The day it is (UTC).
fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
    let now = Timestamp::from_second(i64::try_from(seconds).unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(TimeZone::UTC).date()
}

fn resolve_one(path: &FieldPath, rule: &Rule, today: Date, reader: &mut Reader<'_>) -> Option<Ignore> {
    if let Err((message, help)) = ignore::known(&rule.property) {
        reader.error(&path.field("property"), message, help);
    }
    if rule.reason.trim().is_empty() {
        reader.error(&path.field("reason"), "it is ignored for no reason", "say why: reports will show it");
    }
    let about = about(path, rule, reader);
    if is_over(path, rule, today, reader) {
        return None;
    }
    let place = reader.raw.diagnostic(Severity::Note, &path.field("property"), "");
    Some(Ignore {
        property: rule.property.clone(),
        about: about?,
        reason: visible(rule.reason.trim()).into_owned(),
        in_source: false,
        origin: place.origin,
        line_text: place.line_text,
    })
}

fn about(path: &FieldPath, rule: &Rule, reader: &mut Reader<'_>) -> Option<Whom> {
    let Some(written) = &rule.about else { return Some(Whom::All) };
    let at = path.field("about");
    if property::about(&rule.property).whole {
        reader.error(&at, format!("{} is about the whole cluster", rule.property), "leave `about` out");
        return None;
    }
    match Pattern::new(written) {
        Ok(pattern) => Some(Whom::Named(pattern)),
        Err(problem) => {
            let help = "write a name such as `shop/web`, with `*` for any text";
            reader.error(&at, format!("`{written}` is no pattern: {}", problem.msg), help);
            None
        }
    }
}

/// Whether its last day is past, which is said.
fn is_over(path: &FieldPath, rule: &Rule, today: Date, reader: &mut Reader<'_>) -> bool {
    let (Some(written), at) = (&rule.until, path.field("until")) else { return false };
    match written.parse::<Date>() {
        Err(_) => {
            reader.error(&at, format!("`{written}` is no day"), "write a day as 2030-12-31");
            false
        }
        Ok(until) if until < today => {
            let message = format!("{} is no longer ignored: {until} is past", rule.property);
            let over: Diagnostic = reader.raw.warning(&at, message, "repair it, or choose another day");
            reader.sink.push(over);
            true
        }
        Ok(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Diagnostics;
    use crate::input::object::RawObject;
    use crate::input::source::Source;
    use crate::input::yaml;
    use std::sync::Arc;

    fn resolved(text: &str, today: &str) -> (Vec<Ignore>, String) {
        let text = format!("ignore:\n- {text}\n");
        let source = Arc::new(Source::from_memory("c", &text));
        let raw = RawObject::of_document(&source, "configuration", yaml::parse(&text).expect("YAML").remove(0));
        let mut sink = Diagnostics::default();
        let rules: Vec<Rule> = raw.decode_at(&"ignore".into(), &mut sink).unwrap_or_default();
        let mut reader = Reader { raw: &raw, sink: &mut sink };
        let today = today.parse().expect("a day");
        let at = FieldPath::from("ignore").index(0);
        let ignores = rules.iter().filter_map(|rule| resolve_one(&at, rule, today, &mut reader)).collect();
        (ignores, sink.to_string())
    }

    #[test]
    fn the_last_day_counts() {
        let rule = "{property: min-replicas, reason: old, until: 2026-02-28}";
        assert_eq!(resolved(rule, "2026-02-28").0.len(), 1);
        let (ignores, told) = resolved(rule, "2026-03-01");
        assert!(ignores.is_empty() && told.contains("warning: min-replicas is no longer ignored"), "{told}");
    }

    #[test]
    fn what_is_wrong_is_an_error_at_its_place() {
        for (rule, told) in [
            ("{property: min-replica, reason: x}", "did you mean `min-replicas`?"),
            ("{property: min-replicas, reason: ' '}", "ignored for no reason"),
            ("{property: min-replicas}", "missing field `reason`"),
            ("{property: min-replicas, reason: x, until: 2026-02-30}", "is no day"),
            ("{property: min-replicas, reason: x, until: soon}", "is no day"),
            ("{property: min-replicas, reason: x, about: 'a***'}", "is no pattern"),
            ("{property: settles, reason: x, about: web}", "leave `about` out"),
            ("{property: min-replicas, reason: x, who: web}", "unknown field `who`"),
        ] {
            let (_, said) = resolved(rule, "2026-01-01");
            assert!(said.contains(told) && said.contains("c:2:"), "{rule}: {said}");
        }
    }
}
