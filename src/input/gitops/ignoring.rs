//! Which fields of which workloads a GitOps controller leaves to others.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::cluster::object::spec::ObjectKey;

/// A rule that leaves fields of some workloads to others.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// The workloads.
    pub of: Selection,
    /// The fields.
    pub fields: Fields,
    /// Whether it leaves what kube-controller-manager owns: `spec.replicas` of autoscaled workloads.
    pub of_controller_manager: bool,
}

/// Which workloads a rule is about; nothing given means all.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// API group.
    pub group: Option<Pattern>,
    /// Kind.
    pub kind: Option<Pattern>,
    /// Name.
    pub name: Option<Pattern>,
    /// Namespace.
    pub namespace: Option<Pattern>,
}

/// Alternatives, each a text in which `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<String>);

/// A regular expression of more than letters, `.*` and `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the expression is of a kind that is not read")]
pub struct Unread;

/// Modelled fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// `spec.replicas`.
    pub replicas: bool,
    /// `spec.template`, all of it.
    pub template: bool,
    /// Something inside `spec.template`.
    pub part_of_template: bool,
}

impl Ignore {
    /// What it leaves of a workload to others; `autoscaled` are those with an autoscaler.
    pub fn of(&self, kind: &str, key: &ObjectKey, autoscaled: &BTreeSet<(String, ObjectKey)>) -> Fields {
        if !self.of.selects(kind, key) {
            return Fields::default();
        }
        let managed = self.of_controller_manager && autoscaled.contains(&(kind.to_owned(), key.clone()));
        Fields { replicas: self.fields.replicas || managed, ..self.fields }
    }
}

impl Selection {
    fn selects(&self, kind: &str, key: &ObjectKey) -> bool {
        let asked =
            [(&self.group, "apps"), (&self.kind, kind), (&self.name, &key.name), (&self.namespace, &key.namespace)];
        asked.into_iter().all(|(pattern, text)| pattern.as_ref().is_none_or(|pattern| pattern.matches(text)))
    }
}

impl Pattern {
    /// A text in which `*` stands for anything, as Argo CD has groups and kinds; `None` where there is none.
    pub fn glob(text: Option<&str>) -> Option<Self> {
        text.filter(|text| !text.is_empty()).map(|text| Pattern(vec![text.to_owned()]))
    }

    /// A regular expression, anchored on both sides, as far as it is made of letters, `.*` and `|`; `Err` if it is not.
    pub fn regex(text: Option<&str>) -> Result<Option<Self>, Unread> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let plain = text.trim_start_matches('^').trim_end_matches('$').replace(".*", "*");
        let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '*' | '|' | '_');
        let stars_stand_alone = !text.replace(".*", "").contains('*');
        match plain.chars().all(is_plain) && stars_stand_alone {
            true => Ok(Some(Pattern(plain.split('|').map(str::to_owned).collect()))),
            false => Err(Unread),
        }
    }

    fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, text))
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    let mut ends = (0..=rest.len()).filter(|&at| rest.is_char_boundary(at));
    ends.any(|at| matches(after, &rest[at..]))
}

impl Fields {
    /// The field at a path: `spec.replicas`, `.spec.replicas` or `/spec/replicas`.
    pub fn at(path: &str) -> Self {
        let mut fields = Fields::default();
        let steps: Vec<&str> = path.split(['.', '/', '[']).map(str::trim).filter(|step| !step.is_empty()).collect();
        match steps[..] {
            ["spec"] => (fields.replicas, fields.template) = (true, true),
            ["spec", "replicas"] => fields.replicas = true,
            ["spec", "template"] => fields.template = true,
            ["spec", "template", ..] => fields.part_of_template = true,
            _ => {}
        }
        fields
    }

    /// The fields at several paths.
    pub fn at_all<'p>(paths: impl IntoIterator<Item = &'p String>) -> Self {
        paths.into_iter().fold(Fields::default(), |all, path| all.and(Fields::at(path)))
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Fields) -> Self {
        Fields {
            replicas: self.replicas || other.replicas,
            template: self.template || other.template,
            part_of_template: self.part_of_template || other.part_of_template,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { namespace: "shop".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn patterns_are_globs_or_plain_regular_expressions() {
        let glob = |text: &str| Pattern::glob(Some(text)).expect("a pattern");
        assert!(glob("*").matches("Deployment") && glob("web-*-a").matches("web-1-a") && !glob("web").matches("web-1"));
        let regex = |text: &str| Pattern::regex(Some(text));
        let either = regex("^(web|api)$");
        assert_eq!(either, Err(Unread), "groups are not read");
        let either = regex("web|api.*").ok().flatten().expect("a pattern");
        assert!(either.matches("api-2") && either.matches("web") && !either.matches("web-2"));
        assert_eq!(regex("we*b"), Err(Unread));
        assert_eq!((regex(""), Pattern::glob(None)), (Ok(None), None));
    }

    #[test]
    fn paths_name_replicas_and_templates() {
        for path in ["spec.replicas", ".spec.replicas", "/spec/replicas"] {
            assert_eq!(Fields::at(path), Fields { replicas: true, ..Fields::default() }, "{path}");
        }
        let part = Fields { part_of_template: true, ..Fields::default() };
        assert_eq!(Fields::at(".spec.template.spec.containers[0].image"), part);
        assert_eq!(Fields::at("/spec/replicasets"), Fields::default());
    }

    #[test]
    fn what_the_controller_manager_owns_is_replicas_of_autoscaled_workloads() {
        let rule = Ignore { of_controller_manager: true, ..Ignore::default() };
        let autoscaled = BTreeSet::from([("Deployment".to_owned(), key("web"))]);
        assert!(rule.of("Deployment", &key("web"), &autoscaled).replicas);
        assert!(!rule.of("Deployment", &key("api"), &autoscaled).replicas);
        let narrow = Ignore { of: Selection { name: Pattern::glob(Some("api")), ..Selection::default() }, ..rule };
        assert!(!narrow.of("Deployment", &key("web"), &autoscaled).replicas);
    }
}
