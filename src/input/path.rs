//! Paths of fields inside a document: `spec.template.spec.containers[0].resources`.

use std::fmt;

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a sequence.
    Index(usize),
}

/// Where a field is inside a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<Step>);

impl FieldPath {
    /// The document itself.
    pub fn root() -> Self {
        FieldPath::default()
    }

    /// Goes down by field names separated by dots; for keys that may contain dots there is [`FieldPath::key`].
    #[must_use]
    pub fn field(&self, names: &str) -> Self {
        names.split('.').fold(self.clone(), |path, name| path.key(name))
    }

    /// Goes down by a single key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    /// Goes down into a sequence.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// The path without its last step.
    #[must_use]
    pub fn parent(&self) -> Self {
        FieldPath(self.0.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default())
    }

    /// The steps from the document's root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn step(&self, step: Step) -> Self {
        FieldPath(self.0.iter().cloned().chain([step]).collect())
    }
}

impl From<&str> for FieldPath {
    fn from(names: &str) -> Self {
        FieldPath::root().field(names)
    }
}

impl From<&serde_path_to_error::Path> for FieldPath {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment;
        let steps = path.iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { variant } => Some(Step::Key(variant.clone())),
            Segment::Unknown => None,
        });
        FieldPath(steps.collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if key.contains(['.', '/']) => write!(f, "[{key}]")?,
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_users_write_them() {
        let path = FieldPath::from("spec.containers").index(0).field("requests").key("example.com/gpu");
        assert_eq!(path.to_string(), "spec.containers[0].requests[example.com/gpu]");
    }
}
