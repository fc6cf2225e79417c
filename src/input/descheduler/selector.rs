//! Label selectors written as one text, as `k8s.io/apimachinery/pkg/labels` parses them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

/// Parses `a=b,c!=d,e in (f, g),h notin (i),j,!k`; `None` if it is malformed.
pub fn parse(text: &str) -> Option<LabelSelector> {
    let parts = split(text);
    let requirements = parts.iter().map(|part| requirement(part.trim())).collect::<Option<Vec<_>>>()?;
    Some(LabelSelector { match_labels: None, match_expressions: Some(requirements).filter(|list| !list.is_empty()) })
}

/// The parts between commas that are not within parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    if text.trim().is_empty() { Vec::new() } else { parts }
}

fn requirement(part: &str) -> Option<LabelSelectorRequirement> {
    let made = |key: &str, operator: &str, values: Vec<String>| {
        let key = key.trim();
        let plain = !key.is_empty() && !key.contains(char::is_whitespace);
        let values = Some(values).filter(|values| !values.is_empty());
        plain.then(|| LabelSelectorRequirement { key: key.to_owned(), operator: operator.to_owned(), values })
    };
    if let Some((key, value)) = part.split_once("!=") {
        return made(key, "NotIn", vec![value.trim().to_owned()]);
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return made(key, "In", vec![value.trim().to_owned()]);
    }
    if let Some((head, list)) = part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        let (key, operator) = head.trim().rsplit_once(char::is_whitespace)?;
        let values = list.split(',').map(|value| value.trim().to_owned()).collect();
        return match operator {
            "in" => made(key, "In", values),
            "notin" => made(key, "NotIn", values),
            _ => None,
        };
    }
    match part.strip_prefix('!') {
        Some(key) => made(key, "DoesNotExist", Vec::new()),
        None => made(part, "Exists", Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::object::selector::{Labels, matches};

    #[test]
    fn all_forms_are_understood() {
        let labels: Labels = [("a".to_owned(), "b".to_owned()), ("x".to_owned(), "1".to_owned())].into();
        for (text, expected) in [
            ("", true),
            ("a=b", true),
            ("a==b,x=1", true),
            ("a!=b", false),
            ("c!=d", true),
            ("a in (b, c),x notin (2,3)", true),
            ("a,!c", true),
            ("!a", false),
        ] {
            let selector = parse(text).expect(text);
            assert_eq!(matches(&selector, &labels), expected, "{text}");
        }
        assert!(parse("a b").is_none() && parse("a near (b)").is_none() && parse("a=b,,c").is_none());
    }
}
