//! Locations: files as URIs, and objects by their names.

use serde_json::{Value, json};

use crate::check::{CheckResult, Site};
use crate::cluster::object::spec::Origin;
use crate::input::visible::visible;

/// Standard input, which has no URI.
const STANDARD_INPUT: &str = "-";

/// The one location of a violation; without a file, what it is about.
pub fn locations(site: Option<&Site>, result: &CheckResult) -> Vec<Value> {
    match site {
        Some(site) => vec![location(site)],
        None => result.subjects().take(1).map(|name| json!({"logicalLocations": [{"name": name}]})).collect(),
    }
}

/// An object, or a field of it.
pub fn location(site: &Site) -> Value {
    let mut value = json!({"logicalLocations": [logical(site)]});
    if let Some(physical) = site.origin.as_ref().and_then(physical) {
        value["physicalLocation"] = physical;
    }
    value
}

/// Another object that matters for a violation.
pub fn related(site: &Site, id: usize) -> Value {
    let mut value = location(site);
    value["id"] = json!(id);
    value["message"] = json!({"text": name(site)});
    value
}

fn logical(site: &Site) -> Value {
    let name = name(site);
    let full = site.field.as_ref().map_or(name.clone(), |field| format!("{name} {field}"));
    let own = if site.key.name.is_empty() { &site.kind } else { &site.key.name };
    json!({"name": visible(own), "fullyQualifiedName": full, "kind": "resource"})
}

fn name(site: &Site) -> String {
    visible(format!("{} {}", site.kind, site.key).trim_end()).into_owned()
}

/// A line of a file; `None` of standard input, and of what is in no file.
pub fn physical(origin: &Origin) -> Option<Value> {
    let Origin { file, line, column } = origin;
    if file.is_empty() || file == STANDARD_INPUT {
        return None;
    }
    let mut value = json!({"artifactLocation": {"uri": uri(file)}});
    if *line > 0 {
        value["region"] = json!({"startLine": line, "startColumn": (*column).max(1)});
    }
    Some(value)
}

/// A path as a URI reference (RFC 3986): relative ones stay so.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    // A colon in the first segment would be taken for the end of a scheme.
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("./a b/c:ä\n.yaml"), "a%20b/c%3A%C3%A4%0A.yaml");
        assert_eq!(uri("/srv/web.yaml"), "file:///srv/web.yaml");
    }

    #[test]
    fn standard_input_is_nowhere() {
        assert_eq!(physical(&Origin { file: "-".into(), line: 3, column: 1 }), None);
        let whole = physical(&Origin { file: "a.yaml".into(), line: 0, column: 0 }).expect("a file");
        assert_eq!(whole, json!({"artifactLocation": {"uri": "a.yaml"}}));
    }
}
