//! Helm charts: what is one, and which template rendered text comes from.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use crate::input::tree::Tree;
use crate::input::yaml::parse;

/// What makes a directory a chart.
const CHART: &str = "Chart.yaml";
/// What else of a chart is beside that.
const PARTS: [&str; 6] =
    [CHART, "Chart.lock", "values.yaml", "values.schema.json", "requirements.yaml", "requirements.lock"];
/// The longest name of a release that helm takes.
const LONGEST: usize = 53;
/// What stands above every document that helm renders.
const MARK: &str = "# Source: ";

/// What `Chart.yaml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// A name for its release: that of the chart, if it may be one.
    pub release: Option<String>,
    /// Whether it is there for other charts only.
    pub is_library: bool,
}

/// Whether a directory is a chart.
pub fn is_chart(directory: &Path) -> bool {
    directory.join(CHART).is_file()
}

/// Whether a file beside `Chart.yaml` is a part of the chart.
pub fn is_part(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| PARTS.contains(&name))
}

impl Chart {
    /// What the chart in a directory says of itself; nothing if it cannot be read, which is for helm to explain.
    pub fn of(directory: &Path) -> Self {
        let text = fs::read_to_string(directory.join(CHART)).unwrap_or_default();
        let trees = parse(&text).unwrap_or_default();
        let says = |key: &str| trees.first().and_then(|tree| tree.get(key)).and_then(Tree::as_str);
        Chart {
            release: says("name").filter(|name| may_be_release(name)).map(str::to_owned),
            is_library: says("type") == Some("library"),
        }
    }
}

/// Whether helm takes a name: a DNS subdomain of some length.
fn may_be_release(name: &str) -> bool {
    let is_inner = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= LONGEST && name.split('.').all(label)
}

/// Rendered text by template, each with its path below the chart, in the order in which they come first. What comes
/// before any mark has an empty path.
pub fn by_template(rendered: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut at = None;
    let mut lines = rendered.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let mark = lines.peek().filter(|_| line.trim_end() == "---").and_then(|next| next.strip_prefix(MARK));
        if let Some(template) = mark {
            at = Some(part(&mut parts, below(template.trim_end())));
        }
        let at = *at.get_or_insert_with(|| part(&mut parts, String::new()));
        parts[at].1.push_str(line);
    }
    parts.retain(|(_, text)| !text.trim().is_empty());
    parts
}

/// Where the part of a template is among all parts.
fn part(parts: &mut Vec<(String, String)>, template: String) -> usize {
    let known = parts.iter().position(|(name, _)| *name == template);
    known.unwrap_or_else(|| {
        parts.push((template, String::new()));
        parts.len() - 1
    })
}

/// The path of a template without the name of its chart, with which helm begins it.
fn below(template: &str) -> String {
    template.split_once('/').map_or(template, |(_, rest)| rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendered_text_is_told_apart_by_template() {
        let text = "---\n# Source: web/templates/a.yaml\nkind: A\ndata: |\n  ---\n  # Source: web/no\n---\n# Source: \
                    web/charts/db/templates/b.yaml\nkind: B\n---\n# Source: web/templates/a.yaml\nkind: C\n";
        let parts = by_template(text);
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["templates/a.yaml", "charts/db/templates/b.yaml"]);
        assert!(parts[0].1.contains("kind: A") && parts[0].1.ends_with("kind: C\n") && parts[1].1.contains("kind: B"));
        assert_eq!(by_template("kind: A\n"), [(String::new(), "kind: A\n".to_owned())]);
        assert!(by_template("\n").is_empty());
    }

    #[test]
    fn releases_are_called_like_charts_if_they_may_be() {
        assert!(may_be_release("web-2") && may_be_release("a.b"));
        for name in ["", "-web", "Web", "a_b", "a b", "--values", &"a".repeat(54)] {
            assert!(!may_be_release(name), "{name}");
        }
    }
}
