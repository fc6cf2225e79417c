//! The encodings agree with recordings of the real components, family by family.
//!
//! The recordings are those in `$KUBOUND_ORACLE`, else in `../shared/oracle` beside the package, else the built-in copy.

use std::path::PathBuf;
use std::process::ExitCode;

use kubound::conformance::{Depth, Family, Recordings, run};

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
    if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
