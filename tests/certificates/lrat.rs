//! A checker of proofs in LRAT without RAT: it follows the given reasons and searches for nothing.
//!
//! It shares no code with the solver, with its checker or with what writes the proofs.

use std::collections::HashMap;

fn numbers(line: &str) -> Vec<i64> {
    line.split_whitespace().map(|number| number.parse().expect("a number")).collect()
}

/// The clauses of a DIMACS file.
pub fn clauses(text: &str) -> Vec<Vec<i64>> {
    let is_clause = |line: &&str| !line.starts_with(['c', 'p', 'a']);
    let clause = |line: &str| {
        let mut numbers = numbers(line);
        assert_eq!(numbers.pop(), Some(0), "{line}");
        numbers
    };
    text.lines().filter(is_clause).map(clause).collect()
}

/// Whether a proof shows that no assignment satisfies the clauses.
pub fn check(formula: &str, proof: &str) -> Result<(), String> {
    let mut known: HashMap<i64, Vec<i64>> = (1..).zip(clauses(formula)).collect();
    for line in proof.lines() {
        let (own, rest) =
            numbers(line).split_first().map(|(&own, rest)| (own, rest.to_vec())).ok_or("an empty line")?;
        let mut parts = rest.split(|&number| number == 0);
        let (clause, reasons) = (parts.next().ok_or(line)?.to_vec(), parts.next().ok_or(line)?);
        follow(&known, &clause, reasons).map_err(|why| format!("{why}: {line}"))?;
        if clause.is_empty() {
            return Ok(());
        }
        if known.insert(own, clause).is_some() {
            return Err(format!("there are two clauses {own}"));
        }
    }
    Err("the empty clause is not derived".to_owned())
}

/// Whether the reasons, in their order, lead from the negation of a clause to a contradiction.
fn follow(known: &HashMap<i64, Vec<i64>>, clause: &[i64], reasons: &[i64]) -> Result<(), String> {
    let mut values: HashMap<i64, bool> = clause.iter().map(|literal| (literal.abs(), *literal < 0)).collect();
    for reason in reasons {
        let reason = known.get(reason).ok_or_else(|| format!("there is no clause {reason}"))?;
        let holds = |literal: &i64| values.get(&literal.abs()).map(|&value| value == (*literal > 0));
        if reason.iter().any(|literal| holds(literal) == Some(true)) {
            return Err("a reason holds already".to_owned());
        }
        let mut open: Vec<i64> = reason.iter().copied().filter(|literal| holds(literal).is_none()).collect();
        open.dedup();
        match open[..] {
            [] => return Ok(()),
            [unit] => drop(values.insert(unit.abs(), unit > 0)),
            _ => return Err("a reason is not unit".to_owned()),
        }
    }
    Err("the reasons lead nowhere".to_owned())
}
