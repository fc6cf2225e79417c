//! What is measured: the tasks of suites, or cases that the command line names.

use std::sync::Arc;

use clap::ValueEnum;
use itertools::{Itertools, iproduct};

use crate::cases::{self, CaseError, MAX_SCALE, MIN_SCALE, Suite};
use crate::cli::CliError;
use crate::cli::args::{Bench, EngineName, SuiteName};
use crate::workbench::suite;
use crate::workbench::task::{Limits, Options, Target, Task};

/// Numbers of nodes of cases.
const SCALES: [usize; 3] = [3, 10, 100];
/// Engines that cases are measured on.
const ENGINES: [EngineName; 3] = [EngineName::Explicit, EngineName::Sat, EngineName::Auto];

/// All of them, in the order in which they are measured. What the command line says goes before what suites say.
pub fn tasks(arguments: &Bench) -> Result<Vec<Arc<Task>>, CliError> {
    if arguments.suites.is_empty() {
        return of_cases(arguments);
    }
    let suites = suite::read(&arguments.suites)?;
    let tasks = suites.into_iter().flat_map(|suite| suite.tasks);
    Ok(tasks.map(|task| Arc::new(overridden(Task::clone(&task), arguments))).collect())
}

fn overridden(task: Task, arguments: &Bench) -> Task {
    let limits = limits(arguments, task.limits);
    let engines = if arguments.engine.is_empty() { task.engines } else { names(&arguments.engine) };
    Task { limits, engines, ..task }
}

fn limits(arguments: &Bench, otherwise: Limits) -> Limits {
    Limits {
        timeout: arguments.timeout.unwrap_or(otherwise.timeout),
        memory: arguments.memory.or(otherwise.memory),
        runs: arguments.runs.unwrap_or(otherwise.runs),
    }
}

/// Engines as they are named on the command line, each once.
pub fn names(engines: &[EngineName]) -> Vec<String> {
    let name = |engine: &EngineName| engine.to_possible_value().map(|value| value.get_name().to_owned());
    engines.iter().filter_map(name).unique().collect()
}

fn of_cases(arguments: &Bench) -> Result<Vec<Arc<Task>>, CliError> {
    let mut ids: Vec<&'static str> = arguments.case.iter().map(|id| cases::find(id).map(|it| it.id)).try_collect()?;
    let suites: &[SuiteName] = match (arguments.suite.as_slice(), ids.is_empty()) {
        ([], true) => &[SuiteName::Published, SuiteName::Wide],
        (given, _) => given,
    };
    ids.extend(suites.iter().flat_map(|&suite| Suite::from(suite).cases()).map(|case| case.id));
    let scales: &[usize] = if arguments.scale.is_empty() { &SCALES } else { &arguments.scale };
    if let Some(&scale) = scales.iter().find(|scale| !(MIN_SCALE..=MAX_SCALE).contains(*scale)) {
        return Err(CaseError::Scale(scale).into());
    }
    let engines = if arguments.engine.is_empty() { names(&ENGINES) } else { names(&arguments.engine) };
    let inputs = iproduct!(scales.iter().unique(), ids.into_iter().unique());
    Ok(inputs.map(|(&scale, id)| Arc::new(of_case(arguments, id, scale, &engines))).collect())
}

fn of_case(arguments: &Bench, id: &str, scale: usize, engines: &[String]) -> Task {
    let target = Target::Case { case: id.to_owned(), scale: (scale, scale), fixed: arguments.fixed };
    let all = cases::find(id).is_ok_and(|case| case.suite == Suite::Many);
    Task {
        suite: String::new(),
        name: target.name(),
        target,
        properties: Vec::new(),
        engines: engines.to_vec(),
        limits: limits(arguments, Limits::default()),
        options: Options { all, reduce: true, ..Options::default() },
        expected: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_may_name_the_engines_that_the_command_line_may() {
        assert_eq!(names(EngineName::value_variants()), crate::workbench::ENGINES);
    }
}
