//! The encodings agree with recordings of the real components, family by family.
//!
//! The recordings are those in `$KUBOUND_ORACLE`, else in `../shared/oracle` beside the package, else the built-in copy.

use std::path::PathBuf;
use std::process::ExitCode;

use kubound::conformance::{Depth, Family, Recordings, Report, run};

fn recordings() -> Recordings {
    if let Some(root) = std::env::var_os("KUBOUND_ORACLE") {
        return Recordings::in_directory(PathBuf::from(root)).expect("KUBOUND_ORACLE holds recordings");
    }
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle");
    Recordings::in_directory(beside).unwrap_or_else(|_| {
        println!("no recordings beside the package: using the built-in copy");
        Recordings::embedded()
    })
}

fn main() -> ExitCode {
    let recordings = recordings();
    println!("comparing with {}", recordings.describe());
    let report = match run(&recordings, Depth::default()) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    for component in &report.components {
        println!("{} {}", component.name, component.version);
        component.families.iter().for_each(print);
    }
    println!("{} passed, {} failed", report.passed(), report.failed());
    let is_timed = times_are_compared(&recordings, &report);
    if report.failed() == 0 && is_timed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Stretches of the built-in copy whose times are compared, and the demands that they keep to.
const TIMED: (usize, usize) = (1274, 8909);

/// Whether as much is known of times as there should be: the built-in copy has exact numbers.
fn times_are_compared(recordings: &Recordings, report: &Report) -> bool {
    let families = report.components.last().map(|it| it.families.as_slice()).unwrap_or_default();
    let timed = (families.iter().map(|family| family.agree).sum::<usize>(), report.demands());
    println!("times of {} stretches keep to {} demands", timed.0, timed.1);
    let is_built_in = recordings.describe() == Recordings::embedded().describe();
    if is_built_in { timed == TIMED } else { timed.1 > 0 }
}

/// Differences and omissions shown per family; `KUBOUND_CONFORMANCE_SHOW` asks for more.
fn shown() -> usize {
    std::env::var("KUBOUND_CONFORMANCE_SHOW").ok().and_then(|number| number.parse().ok()).unwrap_or(3)
}

fn print(family: &Family) {
    println!("  {family}");
    for (id, what) in family.differ.iter().take(shown()) {
        println!("    differs: {id}: {what}");
    }
    for (id, why) in family.not_modelled.iter().take(shown()) {
        println!("    not modelled: {id}: {why}");
    }
}
