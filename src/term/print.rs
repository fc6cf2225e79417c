//! Terms as text, for tests and debugging: s-expressions with variable names.

use super::arena::{Arena, Node, TermId};

/// Terms nested deeper than this print as `…`.
const DEPTH: usize = 40;

impl Arena {
    /// A term as an s-expression.
    pub fn show(&self, term: TermId) -> String {
        let mut text = String::new();
        self.write_term(term, DEPTH, &mut text);
        text
    }

    fn write_term(&self, term: TermId, depth: usize, out: &mut String) {
        if depth == 0 {
            out.push('…');
            return;
        }
        let head = match self.node(term) {
            Node::Bool(value) => return out.push_str(if value { "true" } else { "false" }),
            Node::Int(value) => return out.push_str(&value.to_string()),
            Node::Var(var) => return out.push_str(&self.variable(var).name),
            Node::Not(_) => "not".to_owned(),
            Node::And(..) => "and".to_owned(),
            Node::Or(..) => "or".to_owned(),
            Node::Eq(..) => "=".to_owned(),
            Node::Le(..) => "<=".to_owned(),
            Node::Ite(..) => "ite".to_owned(),
            Node::Add(..) => "+".to_owned(),
            Node::Sub(..) => "-".to_owned(),
            Node::Mul(..) => "*".to_owned(),
            Node::Div(..) => "div".to_owned(),
            Node::Min(..) => "min".to_owned(),
            Node::Max(..) => "max".to_owned(),
            Node::Lookup(table, _) => self.show_table(table),
        };
        out.push('(');
        out.push_str(&head);
        for child in self.node(term).children() {
            out.push(' ');
            self.write_term(child, depth - 1, out);
        }
        out.push(')');
    }

    fn show_table(&self, id: super::arena::TableId) -> String {
        let table = self.table(id);
        let shown: Vec<String> = table.values.iter().take(8).map(i64::to_string).collect();
        let more = if table.values.len() > 8 { " …" } else { "" };
        format!("table@{}[{}{more}]", table.first, shown.join(" "))
    }
}
