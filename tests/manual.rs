//! Completions and manual pages: every command and option is in them, and shells take them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use clap::{Command as Clap, CommandFactory};
use kubound::cli::args::Cli;

fn kubound(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kubound")).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn commands() -> Vec<Clap> {
    Cli::command().get_subcommands().cloned().collect()
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = kubound(&["completions", shell]);
        assert_eq!(code, 0);
        for command in commands() {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
        assert!(script.contains("interleaving"), "{shell}");
        let knows_values = ["bash", "zsh", "fish"].contains(&shell);
        assert!(!knows_values || script.contains("no-replica-oscillation"), "{shell}");
    }
    let (code, _, error) = kubound(&["completions", "tcsh"]);
    assert_eq!(code, 2);
    assert!(error.contains("possible values"), "{error}");
}

#[test]
fn bash_takes_its_completions() {
    let place = tempfile::tempdir().expect("a directory");
    let script = place.path().join("kubound.bash");
    fs::write(&script, kubound(&["completions", "bash"]).1).expect("written");
    let ask =
        "source \"$0\"; COMP_WORDS=(kubound che); COMP_CWORD=1; _kubound kubound che kubound; echo \"${COMPREPLY[@]}\"";
    let Ok(output) = std::process::Command::new("bash").args(["-c", ask]).arg(&script).output() else { return };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "check", "{output:?}");
}

fn page(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(format!("{name}.1"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An option as pages write it.
fn roff(option: &str) -> String {
    option.replace('-', "\\-")
}

#[test]
fn each_command_has_a_page_with_its_options() {
    let place = tempfile::tempdir().expect("a directory");
    let directory = place.path().join("share/man1");
    let shown = directory.display().to_string();
    assert_eq!(kubound(&["man", "-o", &shown]), (0, String::new(), String::new()));
    let main = page(&directory, "kubound");
    assert!(main.starts_with(".ie") || main.starts_with(".TH"), "{main}");
    for command in commands() {
        let name = format!("kubound-{}", command.get_name());
        assert!(main.contains(&roff(&name)), "{name} is not in the page of the program");
        let text = page(&directory, &name);
        assert!(text.contains(&format!(".TH {name} 1")), "{name}: {text}");
        for option in command.get_arguments().filter(|it| !it.is_hide_set()).filter_map(|it| it.get_long()) {
            assert!(text.contains(&roff(&format!("--{option}"))), "{name}: --{option}");
        }
    }
    let files = fs::read_dir(&directory).expect("a directory").count();
    assert_eq!(files, commands().len() + 1);
    assert_eq!(kubound(&["man"]), (0, main, String::new()));
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let place = tempfile::NamedTempFile::new().expect("a file");
    let (code, _, error) = kubound(&["man", "-o", &place.path().display().to_string()]);
    assert_eq!(code, 2, "{error}");
    assert!(error.starts_with("error: "), "{error}");
}

#[cfg(unix)]
#[test]
fn wrong_arguments_move_no_cursor() {
    for arguments in [
        &["fro\u{1b}[2Jb"][..],
        &["check", "--\u{1b}[31mx"],
        &["check", "--case", "c1", "--engine", "\u{1b}]0;x\u{7}"],
        &["check", "--case", "c1", "--timeout", "\u{1b}[31m\u{9b}"],
        &["check", "--case", "\u{1b}[31mc1"],
        &["check", "no\u{1b}[31m\nsuch.yaml"],
        &["explain", "\u{1b}[31m"],
        &["replay", "no\u{1b}[31m.json"],
    ] {
        let (code, out, error) = kubound(arguments);
        assert_eq!(code, 2, "{arguments:?}");
        let is_safe = |text: &str| text.chars().all(|it| it == '\n' || !it.is_control());
        assert!(is_safe(&out) && is_safe(&error), "{arguments:?}: {error:?}");
        assert!(error.contains("\\u{1b}"), "{arguments:?}: {error}");
    }
}
