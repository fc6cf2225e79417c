//! Arithmetic over named sizes, as in `spec.replicas - 1`, `80%` or `max(1, nodes(worker) / 5)`.
//!
//! Grammar: sums of products of numbers, names, percentages (of `spec.replicas`, rounded up), `min(a, b)`, `max(a, b)` and
//! parentheses; division rounds down. Which names there are is up to a [`Vocabulary`].

use thiserror::Error;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A number.
    Number(i64),
    /// A name, such as `spec.replicas`; with what is in parentheses after it, as in `nodes(worker)`.
    Name(String),
    /// A percentage of `spec.replicas`, rounded up.
    Percent(i64),
    /// Two operands of `+`, `-`, `*` or `/`.
    Binary(char, Box<Expression>, Box<Expression>),
    /// The smaller of two.
    Min(Box<Expression>, Box<Expression>),
    /// The larger of two.
    Max(Box<Expression>, Box<Expression>),
}

/// The names that an expression may use.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    /// Names that stand alone.
    pub names: &'static [&'static str],
    /// Names that something in parentheses follows.
    pub functions: &'static [&'static str],
    /// What to use, for people.
    pub help: &'static str,
}

/// Names of a workload's spec.
pub const WORKLOAD: Vocabulary = Vocabulary {
    names: &["spec.replicas", "minReplicas", "maxReplicas"],
    functions: &[],
    help: "spec.replicas, minReplicas or maxReplicas",
};

/// What is wrong with an expression.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExpressionError {
    /// A character that belongs nowhere, with its 1-based position.
    #[error("`{0}` is not expected at position {1}")]
    Unexpected(String, usize),
    /// The text ends too early.
    #[error("it ends too early")]
    End,
    /// A name that is not known.
    #[error("`{0}` is not known; use {1}")]
    UnknownName(String, &'static str),
    /// A number that is too large.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

impl Expression {
    /// Parses an expression over a workload's spec.
    pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
        Expression::parse_with(text, WORKLOAD)
    }

    /// Parses an expression over other names.
    pub fn parse_with(text: &str, vocabulary: Vocabulary) -> Result<Expression, ExpressionError> {
        let mut parser = Parser { text, at: 0, vocabulary };
        let expression = parser.sum()?;
        match parser.peek() {
            None => Ok(expression),
            Some(other) => Err(ExpressionError::Unexpected(other.to_string(), parser.at + 1)),
        }
    }

    /// Evaluates it; `value` gives the values of names. Division by zero gives 0; results saturate.
    pub fn evaluate(&self, value: &dyn Fn(&str) -> i64) -> i64 {
        match self {
            Expression::Number(number) => *number,
            Expression::Name(name) => value(name),
            Expression::Percent(percent) => {
                let product = value("spec.replicas").saturating_mul(*percent);
                product.saturating_add(99).div_euclid(100)
            }
            Expression::Min(a, b) => a.evaluate(value).min(b.evaluate(value)),
            Expression::Max(a, b) => a.evaluate(value).max(b.evaluate(value)),
            Expression::Binary(operator, a, b) => {
                let (a, b) = (a.evaluate(value), b.evaluate(value));
                match operator {
                    '+' => a.saturating_add(b),
                    '-' => a.saturating_sub(b),
                    '*' => a.saturating_mul(b),
                    _ => a.checked_div_euclid(b).unwrap_or(0),
                }
            }
        }
    }

    /// The names that occur.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Expression::Number(_) | Expression::Percent(_) => Vec::new(),
            Expression::Name(name) => vec![name],
            Expression::Binary(_, a, b) | Expression::Min(a, b) | Expression::Max(a, b) => {
                a.names().into_iter().chain(b.names()).collect()
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    vocabulary: Vocabulary,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn accept(&mut self, operators: [char; 2]) -> Option<char> {
        let next = self.peek().filter(|next| operators.contains(next))?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn sum(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.product()?;
        while let Some(operator) = self.accept(['+', '-']) {
            left = Expression::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.atom()?;
        while let Some(operator) = self.accept(['*', '/']) {
            left = Expression::Binary(operator, Box::new(left), Box::new(self.atom()?));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Expression, ExpressionError> {
        match self.peek() {
            None => Err(ExpressionError::End),
            Some('(') => self.parenthesis(),
            Some(digit) if digit.is_ascii_digit() => self.number(),
            Some(letter) if letter.is_ascii_alphabetic() => self.name(),
            Some(other) => Err(ExpressionError::Unexpected(other.to_string(), self.at + 1)),
        }
    }

    fn parenthesis(&mut self) -> Result<Expression, ExpressionError> {
        self.at += 1;
        let inner = self.sum()?;
        self.expect(')')?;
        Ok(inner)
    }

    fn expect(&mut self, wanted: char) -> Result<(), ExpressionError> {
        match self.peek() {
            Some(next) if next == wanted => {
                self.at += 1;
                Ok(())
            }
            Some(other) => Err(ExpressionError::Unexpected(other.to_string(), self.at + 1)),
            None => Err(ExpressionError::End),
        }
    }

    /// Two operands in parentheses.
    fn pair(&mut self) -> Result<(Box<Expression>, Box<Expression>), ExpressionError> {
        self.expect('(')?;
        let first = self.sum()?;
        self.expect(',')?;
        let second = self.sum()?;
        self.expect(')')?;
        Ok((Box::new(first), Box::new(second)))
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let taken: String = self.text[self.at..].chars().take_while(|&next| belongs(next)).collect();
        self.at += taken.len();
        taken
    }

    fn number(&mut self) -> Result<Expression, ExpressionError> {
        let digits = self.take(|next| next.is_ascii_digit());
        let number: i64 = digits.parse().map_err(|_| ExpressionError::TooLarge(digits))?;
        if self.text[self.at..].starts_with('%') {
            if !self.vocabulary.names.contains(&"spec.replicas") {
                return Err(ExpressionError::Unexpected("%".to_owned(), self.at + 1));
            }
            self.at += 1;
            return Ok(Expression::Percent(number));
        }
        Ok(Expression::Number(number))
    }

    fn name(&mut self) -> Result<Expression, ExpressionError> {
        let name = self.take(|next| next.is_ascii_alphanumeric() || next == '.');
        match name.as_str() {
            "min" => self.pair().map(|(a, b)| Expression::Min(a, b)),
            "max" => self.pair().map(|(a, b)| Expression::Max(a, b)),
            known if self.vocabulary.functions.contains(&known) && self.peek() == Some('(') => {
                self.at += 1;
                let of = self.take(|next| next != ')');
                self.expect(')')?;
                Ok(Expression::Name(format!("{name}({})", of.trim())))
            }
            known if self.vocabulary.names.contains(&known) => Ok(Expression::Name(name)),
            _ => Err(ExpressionError::UnknownName(name, self.vocabulary.help)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<i64, ExpressionError> {
        let names = |name: &str| match name {
            "spec.replicas" => 7,
            "minReplicas" => 2,
            _ => 10,
        };
        Expression::parse(text).map(|expression| expression.evaluate(&names))
    }

    #[test]
    fn evaluates_like_arithmetic() {
        assert_eq!(value("spec.replicas - 1"), Ok(6));
        assert_eq!(value("2 + 3*4"), Ok(14));
        assert_eq!(value("(2+3) * 4 / 3"), Ok(6));
        assert_eq!(value("80%"), Ok(6));
        assert_eq!(value("maxReplicas-minReplicas-1"), Ok(7));
        assert_eq!(value("1/0"), Ok(0));
        assert_eq!(value("max(1, spec.replicas / 5) + min(2, 3)"), Ok(3));
    }

    #[test]
    fn other_vocabularies_have_other_names() {
        let sizes = Vocabulary { names: &["scale"], functions: &["nodes"], help: "scale or nodes(pool)" };
        let parsed = Expression::parse_with("2 * nodes(spot-a) - scale", sizes).expect("it parses");
        assert_eq!(parsed.names(), ["nodes(spot-a)", "scale"]);
        assert_eq!(parsed.evaluate(&|name| if name == "scale" { 3 } else { 5 }), 7);
        for wrong in ["spec.replicas", "80%", "nodes", "max(1)", "nodes(a"] {
            assert!(Expression::parse_with(wrong, sizes).is_err(), "{wrong}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(value("replicas"), Err(ExpressionError::UnknownName("replicas".into(), WORKLOAD.help)));
        assert_eq!(value("1 +"), Err(ExpressionError::End));
        assert_eq!(value("(1"), Err(ExpressionError::End));
        assert_eq!(value("1 $"), Err(ExpressionError::Unexpected("$".into(), 3)));
        assert!(matches!(value("99999999999999999999"), Err(ExpressionError::TooLarge(_))));
    }
}
