//! The `kubectl-kubound` binary: on the PATH it makes `kubectl kubound` a command.

fn main() -> std::process::ExitCode {
    kubound::cli::plugin()
}
