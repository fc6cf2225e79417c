//! What is known of which sizes of a family.

use crate::input::Size;

/// What is known of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All its runs were covered.
    Proved,
    /// Its runs of up to k blocks were covered.
    Bounded(u32),
    /// It breaks the property.
    Violated,
    /// It was not decided, or not looked at; why.
    Open(String),
}

/// Sizes that follow each other in the order of the search and have the same standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first of them.
    pub first: Size,
    /// The last of them.
    pub last: Size,
    /// How many they are, 1 or more.
    pub count: usize,
    /// What is known of them.
    pub standing: Standing,
}

/// What is known of a whole family: runs in the order of the search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    runs: Vec<Run>,
}

impl Coverage {
    /// Adds the next size.
    pub fn add(&mut self, size: &[i64], standing: Standing) {
        match self.runs.last_mut() {
            Some(run) if run.standing == standing => {
                run.last = size.to_vec();
                run.count += 1;
            }
            _ => self.runs.push(Run { first: size.to_vec(), last: size.to_vec(), count: 1, standing }),
        }
    }

    /// The runs, in the order of the search.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Number of sizes.
    pub fn sizes(&self) -> usize {
        self.runs.iter().map(|run| run.count).sum()
    }

    /// The first size that breaks the property.
    pub fn violated(&self) -> Option<&Size> {
        self.runs.iter().find(|run| run.standing == Standing::Violated).map(|run| &run.first)
    }

    /// Number of sizes that were decided.
    pub fn decided(&self) -> usize {
        self.runs.iter().filter(|run| !matches!(run.standing, Standing::Open(_))).map(|run| run.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_are_one_run() {
        let mut coverage = Coverage::default();
        for size in 1..=3 {
            coverage.add(&[size], Standing::Proved);
        }
        coverage.add(&[4], Standing::Bounded(10));
        coverage.add(&[5], Standing::Violated);
        coverage.add(&[6], Standing::Open("not looked at".into()));
        let shown: Vec<(i64, i64, usize)> =
            coverage.runs().iter().map(|run| (run.first[0], run.last[0], run.count)).collect();
        assert_eq!(shown, [(1, 3, 3), (4, 4, 1), (5, 5, 1), (6, 6, 1)]);
        assert_eq!((coverage.sizes(), coverage.decided(), coverage.violated()), (6, 5, Some(&vec![5])));
    }
}
