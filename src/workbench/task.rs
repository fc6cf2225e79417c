//! Tasks: an input, what is asked of it, and what the right answer is; and rows, a task with an engine.
//!
//! [`rows`] lists all rows of some tasks in one order, which depends on nothing but the tasks: whoever takes a part of them
//! takes the same part everywhere.

use std::sync::Arc;
use std::time::Duration;

use super::claim::{Claim, Standing};

/// Where the cluster of a task comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A case, at one scale or as a family.
    Case {
        /// Its id.
        case: String,
        /// The least and the largest scale.
        scale: (usize, usize),
        /// Whether it is the fixed variant.
        fixed: bool,
    },
    /// Files and directories.
    Paths {
        /// As the suite has them.
        named: Vec<String>,
        /// Where they are.
        paths: Vec<String>,
        /// Of a family: sizes, or ranges of them, by name.
        sizes: Vec<(String, (usize, usize))>,
    },
}

/// How an input is checked, besides by an engine; as options of `check`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to go on after the first violation.
    pub all: bool,
    /// The bound, if it is not the scenario's.
    pub bound: Option<u32>,
    /// The name of the interleaving, if it is not the scenario's.
    pub interleaving: Option<String>,
    /// `auto`, `on` or `off`.
    pub focus: Option<String>,
    /// Whether the model is made smaller.
    pub reduce: bool,
    /// The solver of the SAT engine.
    pub solver: Option<String>,
}

/// What a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time of one run.
    pub timeout: Duration,
    /// Memory of the process in bytes.
    pub memory: Option<u64>,
    /// How often each row is run.
    pub runs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { timeout: Duration::from_secs(60), memory: None, runs: 3 }
    }
}

/// The answer that is known to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// There is a counterexample; the shortest one is of this length, if that is known.
    Violated(Option<u64>),
    /// There is none, within the bound that is asked for.
    Holds,
    /// No engine decides it within the limits.
    Unknown,
}

/// How an answer stands to what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// It is what is expected.
    Right,
    /// It contradicts it.
    Wrong,
    /// It says too little to be either.
    Unknown,
}

/// An input with what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The suite it is from; empty if it is from none.
    pub suite: String,
    /// What it is called: no two tasks of a suite are called the same.
    pub name: String,
    /// The input.
    pub target: Target,
    /// The properties that are asked about; those of the scenario if empty.
    pub properties: Vec<String>,
    /// Names of engines, each of [`super::ENGINES`].
    pub engines: Vec<String>,
    /// What a run may take.
    pub limits: Limits,
    /// How it is checked.
    pub options: Options,
    /// The right answer.
    pub expected: Option<Expected>,
}

/// A task with an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The task.
    pub task: Arc<Task>,
    /// The engine.
    pub engine: String,
}

/// All rows of some tasks: task by task, in each engine by engine.
pub fn rows(tasks: &[Arc<Task>]) -> Vec<Row> {
    let of = |task: &Arc<Task>| {
        let task = Arc::clone(task);
        task.engines.clone().into_iter().map(move |engine| Row { task: Arc::clone(&task), engine })
    };
    tasks.iter().flat_map(of).collect()
}

impl Target {
    /// In a few words.
    pub fn name(&self) -> String {
        match self {
            Target::Case { case, scale: (min, max), fixed } => {
                let fixed = if *fixed { "-fixed" } else { "" };
                format!("{case}{fixed} at {}", range(*min, *max))
            }
            Target::Paths { named, sizes, .. } => {
                let sizes = sizes.iter().map(|(name, (min, max))| format!(" {name}={}", range(*min, *max)));
                named.join(" ") + &sizes.collect::<String>()
            }
        }
    }

    /// As arguments of a command.
    pub fn arguments(&self) -> Vec<String> {
        match self {
            Target::Case { case, scale: (min, max), fixed } => {
                let all = ["--case".to_owned(), case.clone(), "--scale".to_owned(), range(*min, *max)];
                all.into_iter().chain(fixed.then(|| "--fixed".to_owned())).collect()
            }
            Target::Paths { paths, sizes, .. } => {
                let size =
                    |(name, (min, max)): &(String, (usize, usize))| format!("--size={name}={}", range(*min, *max));
                let paths = std::iter::once("--".to_owned()).chain(paths.iter().cloned());
                sizes.iter().map(size).chain(paths).collect()
            }
        }
    }
}

fn range(min: usize, max: usize) -> String {
    if min == max { min.to_string() } else { format!("{min}..{max}") }
}

impl Options {
    /// As options of `check`.
    pub fn arguments(&self) -> Vec<String> {
        let flag = |given: bool, name: &str| given.then(|| name.to_owned());
        let value = |name: &str, value: Option<String>| value.map(|value| format!("{name}={value}"));
        let all = [
            flag(self.all, "--all"),
            value("--bound", self.bound.map(|bound| bound.to_string())),
            value("--interleaving", self.interleaving.clone()),
            value("--focus", self.focus.clone()),
            flag(!self.reduce, "--no-reduce"),
            value("--sat-solver", self.solver.clone()),
        ];
        all.into_iter().flatten().collect()
    }
}

impl Limits {
    /// As options of `check`.
    pub fn arguments(&self) -> Vec<String> {
        let timeout = format!("--timeout={}s", self.timeout.as_secs_f64());
        std::iter::once(timeout).chain(self.memory.map(|bytes| format!("--memory={bytes}"))).collect()
    }
}

impl Row {
    /// What `kubound` is called with for one run.
    pub fn arguments(&self) -> Vec<String> {
        let mut all: Vec<String> = ["check", "--quiet", "--format=json", "--engine"].map(str::to_owned).to_vec();
        all.push(self.engine.clone());
        all.extend(self.task.limits.arguments());
        all.extend(self.task.options.arguments());
        all.extend(self.task.properties.iter().map(|name| format!("--property={name}")));
        all.extend(self.task.target.arguments());
        all
    }
}

impl Expected {
    /// As a claim.
    pub fn claim(self) -> Claim {
        Claim::from(match self {
            Expected::Violated(k) => Standing::Violated { k, shortest: true },
            Expected::Holds => Standing::Holds(None),
            Expected::Unknown => Standing::Unknown(None),
        })
    }

    /// In a few words.
    pub fn words(self) -> String {
        match self {
            Expected::Violated(Some(k)) => format!("violated, k = {k}"),
            Expected::Violated(None) | Expected::Holds | Expected::Unknown => self.claim().word().to_owned(),
        }
    }

    /// How an answer stands to it.
    pub fn score(self, claim: &Claim) -> Score {
        let expected = self.claim();
        if expected.contradicts(claim).is_some() {
            Score::Wrong
        } else if expected.word() == claim.word() {
            Score::Right
        } else {
            Score::Unknown
        }
    }
}

impl Score {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Score::Right => "right",
            Score::Wrong => "wrong",
            Score::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str) -> Arc<Task> {
        Arc::new(Task {
            suite: String::new(),
            name: name.to_owned(),
            target: Target::Case { case: "c1".to_owned(), scale: (1, 9), fixed: true },
            properties: vec!["settles".to_owned()],
            engines: vec!["sat".to_owned(), "explicit".to_owned()],
            limits: Limits { memory: Some(7), ..Limits::default() },
            options: Options { all: true, reduce: true, bound: Some(4), ..Options::default() },
            expected: None,
        })
    }

    #[test]
    fn rows_come_in_the_order_of_tasks_and_their_engines() {
        let rows = rows(&[task("b"), task("a")]);
        let names: Vec<(&str, &str)> = rows.iter().map(|row| (row.task.name.as_str(), row.engine.as_str())).collect();
        assert_eq!(names, [("b", "sat"), ("b", "explicit"), ("a", "sat"), ("a", "explicit")]);
        let arguments = rows[0].arguments().join(" ");
        assert_eq!(
            arguments,
            "check --quiet --format=json --engine sat --timeout=60s --memory=7 --all --bound=4 --property=settles \
             --case c1 --scale 1..9 --fixed"
        );
    }

    #[test]
    fn what_contradicts_is_wrong_and_what_says_too_little_is_unknown() {
        let score = |expected: Expected, standing: Standing| expected.score(&standing.into());
        let violated = |k| Standing::Violated { k: Some(k), shortest: true };
        let seven = Expected::Violated(Some(7));
        assert_eq!(score(seven, violated(7)), Score::Right);
        assert_eq!(score(seven, violated(6)), Score::Wrong);
        assert_eq!(score(seven, violated(8)), Score::Wrong);
        assert_eq!(score(seven, Standing::Violated { k: Some(8), shortest: false }), Score::Right);
        assert_eq!(score(seven, Standing::Holds(Some(6))), Score::Unknown);
        assert_eq!(score(seven, Standing::Holds(Some(7))), Score::Wrong);
        assert_eq!(score(seven, Standing::Unknown(Some(6))), Score::Unknown);
        assert_eq!(score(Expected::Violated(None), Standing::Holds(Some(1))), Score::Wrong);
        assert_eq!(score(Expected::Holds, Standing::Holds(Some(3))), Score::Right);
        assert_eq!(score(Expected::Holds, violated(3)), Score::Wrong);
        assert_eq!(score(Expected::Holds, Standing::Unknown(Some(3))), Score::Unknown);
        assert_eq!(score(Expected::Unknown, Standing::Unknown(None)), Score::Right);
        assert_eq!(score(Expected::Unknown, violated(3)), Score::Unknown);
    }
}
