//! Reads BTOR2 as far as machines use it, and executes it.

use std::collections::HashMap;

/// A line: its operator and what follows.
type Line = (String, Vec<String>);

/// A file.
pub struct Btor2 {
    /// By number; comments are left out.
    lines: Vec<(u64, Line)>,
    /// Widths of sorts.
    sorts: HashMap<u64, u32>,
    pub inputs: Vec<u64>,
    pub states: Vec<u64>,
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

impl Btor2 {
    pub fn read(text: &str) -> Btor2 {
        let mut file = Btor2 { lines: Vec::new(), sorts: HashMap::new(), inputs: Vec::new(), states: Vec::new() };
        for line in text.lines().filter(|line| !line.starts_with(';')) {
            let mut words = line.split(' ').map(str::to_owned);
            let own = number(&words.next().expect("a number"));
            let (operator, rest): (String, Vec<String>) = (words.next().expect("an operator"), words.collect());
            assert!(file.lines.last().is_none_or(|&(last, _)| last < own), "{line}");
            match operator.as_str() {
                "sort" => drop(file.sorts.insert(own, number(&rest[1]) as u32)),
                "input" => file.inputs.push(own),
                "state" => file.states.push(own),
                _ => {}
            }
            file.lines.push((own, (operator, rest)));
        }
        file
    }

    /// The width of an input or a state.
    pub fn width(&self, node: u64) -> u32 {
        let (_, (_, rest)) = self.lines.iter().find(|(own, _)| *own == node).expect("a node");
        self.sorts[&number(&rest[0])]
    }

    /// The state at the start.
    pub fn start(&self) -> Vec<u64> {
        let constants = self.evaluate(&vec![0; self.states.len()], &vec![0; self.inputs.len()]);
        let init = |&state: &u64| self.updated("init", state, &constants);
        self.states.iter().map(init).collect()
    }

    fn updated(&self, operator: &str, state: u64, values: &HashMap<u64, u64>) -> u64 {
        let is_it = |line: &&(u64, Line)| line.1.0 == operator && number(&line.1.1[1]) == state;
        let (own, (_, rest)) = self.lines.iter().find(is_it).expect("a value");
        let value = number(&rest[2]);
        assert!(value < *own && (operator != "init" || value < state), "a value comes before its use");
        values[&value]
    }

    /// What is bad before a step, and the state after it.
    pub fn step(&self, state: &[u64], inputs: &[u64]) -> (Vec<bool>, Vec<u64>) {
        let values = self.evaluate(state, inputs);
        let bad = self.lines.iter().filter(|(_, (operator, _))| operator == "bad");
        let bad = bad.map(|(_, (_, rest))| values[&number(&rest[0])] == 1).collect();
        (bad, self.states.iter().map(|&state| self.updated("next", state, &values)).collect())
    }

    fn evaluate(&self, state: &[u64], inputs: &[u64]) -> HashMap<u64, u64> {
        let mut values: HashMap<u64, u64> = HashMap::new();
        values.extend(self.states.iter().copied().zip(state.iter().copied()));
        values.extend(self.inputs.iter().copied().zip(inputs.iter().copied()));
        for (own, (operator, rest)) in &self.lines {
            if matches!(operator.as_str(), "sort" | "input" | "state" | "init" | "next" | "bad") {
                continue;
            }
            let width = self.sorts[&number(&rest[0])];
            let value = |index: usize| values[&number(&rest[index])];
            let signed = |index: usize| {
                let of = self.width_of(number(&rest[index]));
                ((value(index) << (64 - of)) as i64) >> (64 - of)
            };
            let result = match operator.as_str() {
                "const" => u64::from_str_radix(&rest[1], 2).expect("bits"),
                "not" => !value(1),
                "and" => value(1) & value(2),
                "or" => value(1) | value(2),
                "ite" => [value(3), value(2)][value(1) as usize],
                "eq" => u64::from(value(1) == value(2)),
                "ulte" => u64::from(value(1) <= value(2)),
                "slte" => u64::from(signed(1) <= signed(2)),
                "add" => value(1).wrapping_add(value(2)),
                "sub" => value(1).wrapping_sub(value(2)),
                "mul" => value(1).wrapping_mul(value(2)),
                "udiv" => value(1).checked_div(value(2)).unwrap_or(u64::MAX),
                "slice" => value(1) >> number(&rest[3]),
                "uext" => value(1),
                "sext" => signed(1) as u64,
                other => panic!("{other} is not known"),
            };
            values.insert(*own, result & (u64::MAX >> (64 - width)));
        }
        values
    }

    fn width_of(&self, node: u64) -> u32 {
        let position = self.lines.binary_search_by_key(&node, |&(own, _)| own).expect("a node");
        self.sorts[&number(&self.lines[position].1.1[0])]
    }
}
