//! What Kubound is handed out with: the Job that runs shards, the container image, the GitHub Action and the hooks of
//! pre-commit call it as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_yaml::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubound");

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn documents(file: &str) -> Vec<Value> {
    let text = read(file);
    serde_yaml::Deserializer::from_str(&text).map(|it| Value::deserialize(it).expect("YAML")).collect()
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_sequence().unwrap_or_else(|| panic!("a list: {list:?}"));
    list.iter().map(|it| it.as_str().expect("text").to_owned()).collect()
}

/// The only Job in a file.
fn job(file: &str) -> Value {
    documents(file).into_iter().find(|it| it["kind"] == "Job").unwrap_or_else(|| panic!("{file} has a Job"))
}

fn arguments(job: &Value) -> Vec<String> {
    texts(&job["spec"]["template"]["spec"]["containers"][0]["args"])
}

fn kubound(arguments: &[String]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("it runs")
}

/// Runs the Jobs as Kubernetes would, each index once.
#[test]
fn the_job_checks_in_shards_and_its_answers_can_be_merged() {
    let directory = tempfile::tempdir().expect("a directory");
    let answers = directory.path().display().to_string();
    let here = |argument: &str| argument.replace("/input", "examples/boutique").replace("/answers", &answers);
    let job_of_shards = job("deploy/job.yaml");
    let spec = &job_of_shards["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    let completions = spec["completions"].as_u64().expect("a number");
    for index in 0..completions {
        let expand = |it: &String| here(it).replace("$(JOB_COMPLETION_INDEX)", &index.to_string());
        let output = kubound(&arguments(&job_of_shards).iter().map(expand).collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{index}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let merge = arguments(&job("deploy/merge.yaml"));
    let output = kubound(&merge.iter().map(|it| here(it)).collect::<Vec<_>>());
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), err.as_ref()), (Some(0), ""));
    assert!(out.contains("pods-schedulable") && out.contains("settles"), "{out}");
}

#[test]
fn shards_mount_what_they_name() {
    for file in ["deploy/job.yaml", "deploy/merge.yaml"] {
        let job = job(file);
        let pod = &job["spec"]["template"]["spec"];
        let mounts = pod["containers"][0]["volumeMounts"].as_sequence().expect("mounts");
        let volumes = pod["volumes"].as_sequence().expect("volumes");
        for mount in mounts {
            assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{file}: {mount:?}");
        }
    }
}

/// What the image is made of is there, and not kept out of the build.
#[test]
fn the_image_copies_what_is_there() {
    let text = read("Dockerfile");
    let mut copied = 0;
    for line in text.lines().filter(|line| line.starts_with("COPY ") && !line.contains("--from")) {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let (_, sources) = words.split_last().expect("a target");
        assert!(sources.iter().all(|source| Path::new(source).exists()), "{line}");
        copied += sources.len();
    }
    assert!(copied > 1);
    let profile = text.split("--profile ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a profile");
    assert!(read("Cargo.toml").contains(&format!("[profile.{profile}]")), "{profile}");
    let ignored = read(".dockerignore");
    for needed in ["src", "encodings", "scripts", "Cargo.lock", "benches", "examples"] {
        assert!(!ignored.lines().any(|line| line.trim_end_matches('/') == needed), "{needed} is needed to build");
    }
}

/// Builds the image, where somebody asks for it and a builder is there: it takes minutes.
#[test]
fn the_image_is_built_and_answers() {
    let Ok(builder) = std::env::var("KUBOUND_IMAGE_BUILDER") else {
        println!("not tried: KUBOUND_IMAGE_BUILDER names no builder, such as docker or podman");
        return;
    };
    let built = Command::new(&builder).args(["build", "-q", "-t", "kubound-test", "."]).status().expect("it runs");
    assert!(built.success());
    let examples = format!("{}/examples:/work:ro", env!("CARGO_MANIFEST_DIR"));
    let run = ["run", "--rm", "-v", &examples, "kubound-test", "check", "c2-violating", "-q"];
    assert_eq!(Command::new(&builder).args(run).status().expect("it runs").code(), Some(1));
}

/// The script of the Action on an input: exit code, what it printed, and what it said to the workflow.
fn action(directory: &Path, paths: &str, variables: &[(&str, &str)]) -> (i32, String, String) {
    let said = directory.join("output");
    let mut command = Command::new("bash");
    command.arg("scripts/action.sh").env("KUBOUND", PROGRAM).env("PATHS", paths).env("GITHUB_OUTPUT", &said);
    let output = command.envs(variables.iter().copied()).output().expect("bash runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), printed, fs::read_to_string(said).unwrap_or_default())
}

#[test]
fn the_action_annotates_and_writes_reports() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name).display().to_string();
    let (sarif, comment) = (file("k.sarif"), file("comment.md"));
    let reports = [("SARIF", sarif.as_str()), ("COMMENT", comment.as_str())];
    let (code, printed, said) = action(directory.path(), "examples/c2-violating", &reports);
    assert_eq!((code, said.as_str()), (1, "exit-code=1\n"));
    assert!(printed.starts_with("::error file=examples/c2-violating/hpa.yaml"), "{printed}");
    assert!(read(&sarif).contains("2.1.0") && read(&comment).contains("min-replicas"));
}

#[test]
fn the_action_passes_what_holds_and_fails_on_bad_input() {
    let directory = tempfile::tempdir().expect("a directory");
    assert_eq!(action(directory.path(), "examples/c2-fixed", &[("OPTIONS", "--all")]).0, 0);
    assert_eq!(action(directory.path(), "examples/nowhere", &[]).0, 2);
    let hurried = [("OPTIONS", "--timeout 0s"), ("ALLOW_UNKNOWN", "true")];
    let (code, printed, _) = action(directory.path(), "examples/c2-fixed", &hurried);
    assert!(code == 0 && printed.contains("undecided"), "{printed}");
}

#[test]
fn the_action_hands_its_inputs_on() {
    let action = documents("action.yml").remove(0);
    let inputs = action["inputs"].as_mapping().expect("inputs");
    let text = read("action.yml");
    for name in inputs.keys().filter_map(Value::as_str) {
        assert!(text.contains(&format!("${{{{ inputs.{name} }}}}")), "{name} is used");
    }
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    assert!(steps.iter().all(|step| step["uses"].is_string() || step["shell"] == "bash"));
}

/// The command of a hook takes a directory, as `args` give it.
#[test]
fn hooks_call_the_program_as_it_is() {
    let hooks = documents(".pre-commit-hooks.yaml").remove(0);
    for hook in hooks.as_sequence().expect("hooks") {
        let entry = hook["entry"].as_str().expect("a command");
        let mut arguments: Vec<String> = entry.split_whitespace().skip(1).map(str::to_owned).collect();
        arguments.push("examples/c2-violating".to_owned());
        assert_eq!((hook["pass_filenames"].as_bool(), kubound(&arguments).status.code()), (Some(false), Some(1)));
    }
}

/// Every script that the Makefile, the image and the Action name is there, and may be run.
#[cfg(unix)]
#[test]
fn scripts_are_there() {
    use std::os::unix::fs::PermissionsExt;
    for script in ["deps.sh", "dist.sh", "action.sh", "figures.py"] {
        let path: PathBuf = ["scripts", script].iter().collect();
        let mode = fs::metadata(&path).unwrap_or_else(|error| panic!("{script}: {error}")).permissions().mode();
        assert!(mode & 0o111 != 0, "{script}");
    }
}
