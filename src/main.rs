//! The `kubound` binary.

fn main() -> std::process::ExitCode {
    kubound::cli::main()
}
