//! Numbers that follow from the number of nodes: as numbers, or as expressions of a scenario with a range of scales.

use crate::property::{Expression, Vocabulary};

const VOCABULARY: Vocabulary = Vocabulary { names: &["scale"], functions: &[], help: "scale" };

/// The number of nodes of a case.
#[derive(Clone, Copy, Debug)]
pub enum Scale {
    /// That many.
    Of(usize),
    /// Any number between two.
    Between(usize, usize),
}

impl Scale {
    /// What an expression over `scale` is, at the largest scale.
    pub fn number(self, expression: &str) -> usize {
        let (Scale::Of(scale) | Scale::Between(_, scale)) = self;
        let value = Expression::parse_with(expression, VOCABULARY).map(|it| it.evaluate(&|_| scale as i64));
        value.ok().and_then(|value| usize::try_from(value).ok()).unwrap_or(0)
    }

    /// How a count of a scenario says it.
    pub fn count(self, expression: &str) -> String {
        match self {
            Scale::Of(_) => self.number(expression).to_string(),
            Scale::Between(..) => format!("{expression:?}"),
        }
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        matches!(self, Scale::Of(_))
    }

    /// What the spec of a scenario begins with.
    pub fn head(self) -> String {
        match self {
            Scale::Of(_) => String::new(),
            Scale::Between(min, max) => format!("  scale: {{min: {min}, max: {max}}}\n"),
        }
    }

    /// The sizes of a Deployment, by field.
    pub fn sizes(self, target: &str, fields: &[(&str, &str)]) -> String {
        let fields = fields.iter().map(|(field, expression)| format!("{field}: {}", self.count(expression)));
        format!("  sizes:\n  - {{target: deployment/{target}, {}}}\n", fields.collect::<Vec<String>>().join(", "))
    }

    /// The same, where manifests say them if they are numbers.
    pub fn open_sizes(self, target: &str, fields: &[(&str, &str)]) -> String {
        if self.is_number() { String::new() } else { self.sizes(target, fields) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scenario_says_is_what_is_computed() {
        assert_eq!((Scale::Of(7).number("max(1, scale - 1)"), Scale::Between(1, 9).number("2 * scale")), (6, 18));
        assert_eq!(
            (Scale::Of(7).count("scale - 1"), Scale::Between(1, 9).count("scale - 1")),
            ("6".into(), "\"scale - 1\"".into())
        );
        assert_eq!(Scale::Of(0).number("scale - 1"), 0);
    }
}
