//! Arithmetic over a workload's spec, as in `spec.replicas - 1` or `80%`.
//!
//! Grammar: sums of products of numbers, names, percentages (of `spec.replicas`, rounded up) and parentheses; division
//! rounds down.

use thiserror::Error;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A number.
    Number(i64),
    /// `spec.replicas`, `minReplicas` or `maxReplicas`.
    Name(String),
    /// A percentage of `spec.replicas`, rounded up.
    Percent(i64),
    /// Two operands of `+`, `-`, `*` or `/`.
    Binary(char, Box<Expression>, Box<Expression>),
}

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
    #[error("`{0}` is not known; use spec.replicas, minReplicas or maxReplicas")]
    UnknownName(String),
    /// A number that is too large.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

/// Names that may appear.
pub const NAMES: [&str; 3] = ["spec.replicas", "minReplicas", "maxReplicas"];

impl Expression {
    /// Parses an expression.
    pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
        let mut parser = Parser { text, at: 0 };
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
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
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
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(inner)
            }
            Some(other) => Err(ExpressionError::Unexpected(other.to_string(), self.at + 1)),
            None => Err(ExpressionError::End),
        }
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
            self.at += 1;
            return Ok(Expression::Percent(number));
        }
        Ok(Expression::Number(number))
    }

    fn name(&mut self) -> Result<Expression, ExpressionError> {
        let name = self.take(|next| next.is_ascii_alphanumeric() || next == '.');
        if NAMES.contains(&name.as_str()) {
            Ok(Expression::Name(name))
        } else {
            Err(ExpressionError::UnknownName(name))
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
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(value("replicas"), Err(ExpressionError::UnknownName("replicas".into())));
        assert_eq!(value("1 +"), Err(ExpressionError::End));
        assert_eq!(value("(1"), Err(ExpressionError::End));
        assert_eq!(value("1 $"), Err(ExpressionError::Unexpected("$".into(), 3)));
        assert!(matches!(value("99999999999999999999"), Err(ExpressionError::TooLarge(_))));
    }
}
