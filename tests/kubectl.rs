//! `kubectl kubound`, with a kubectl that answers what these tests tell it to.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

/// Lists a few resources, and has one node and a Deployment that does not fit on it. Nothing secret may be asked for.
const KUBECTL: &str = r#"#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
case "$1" in
api-resources) printf 'nodes\nsecrets\nevents\npods\ndeployments.apps\n' ;;
get)
    case "$2" in *secrets* | *events*) echo "nobody should ask for $2" >&2; exit 1 ;; esac
    cat "$(dirname "$0")/cluster.json" ;;
esac
"#;

const CLUSTER: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "only"},
   "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "110"}}},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
   "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}},
                         "spec": {"containers": [{"name": "web", "image": "web",
                                                  "resources": {"requests": {"cpu": "400m"}}}]}}}}]}"#;

/// A directory with a kubectl of this text.
fn machine(kubectl: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("kubectl");
    fs::write(&program, kubectl).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    fs::write(directory.path().join("cluster.json"), CLUSTER).expect("written");
    directory
}

/// Exit code, standard output and standard error of the plugin.
fn plugin(machine: &Path, arguments: &[&str]) -> (i32, String, String) {
    let path = format!("{}:/usr/bin:/bin", machine.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-kubound"));
    let output = command.args(arguments).env("PATH", path).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn the_cluster_is_read_and_checked() {
    let machine = machine(KUBECTL);
    let (code, out, err) = plugin(machine.path(), &["check", "-n", "shop", "--context", "test"]);
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("pods-schedulable (shop/web): violated") && out.contains("Insufficient cpu"), "{out}");
    let asked = fs::read_to_string(machine.path().join("asked")).expect("it was asked");
    assert!(asked.lines().all(|line| line.contains("--context=test")), "{asked}");
    assert!(asked.contains("get nodes,pods,deployments.apps --all-namespaces"), "{asked}");
}

#[test]
fn times_are_read_with_events_and_nothing_else_is() {
    let answers = KUBECTL.replace("*secrets* | *events*)", "*secrets*)");
    let machine = machine(&answers);
    let (code, out, err) = plugin(machine.path(), &["timing"]);
    assert!(code == 0 && out.contains("  timing:\n    reaction: "), "{code} {out}{err}");
    let asked = fs::read_to_string(machine.path().join("asked")).expect("it was asked");
    assert!(asked.contains("get nodes,events,pods,deployments.apps --all-namespaces"), "{asked}");
}

#[test]
fn files_beside_the_cluster_are_read_too() {
    let machine = machine(KUBECTL);
    let scenario = machine.path().join("scenario.yaml");
    let text = "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec: {properties: [settles]}\n";
    fs::write(&scenario, text).expect("written");
    let (code, out, err) = plugin(machine.path(), &["check", &scenario.display().to_string()]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("settles: holds") && !out.contains("pods-schedulable"), "{out}");
}

#[test]
fn what_is_read_can_be_kept_and_nothing_is_overwritten() {
    let machine = machine(KUBECTL);
    let kept = machine.path().join("kept.json").display().to_string();
    assert_eq!(plugin(machine.path(), &["check", "-q", "--keep", &kept]).0, 1);
    assert_eq!(fs::read_to_string(&kept).expect("kept"), CLUSTER);
    let (code, _, err) = plugin(machine.path(), &["check", "-q", "--keep", &kept]);
    assert!(code == 2 && err.contains("kept.json"), "{code} {err}");
}

#[test]
fn what_may_not_be_listed_is_an_error_that_says_how_to_go_on() {
    let forbidding = "#!/bin/sh\n[ $1 = api-resources ] && echo nodes && exit\n\
                      echo 'Error from server (Forbidden): nodes is forbidden' >&2; exit 1\n";
    let machine = machine(forbidding);
    let (code, _, err) = plugin(machine.path(), &["check"]);
    assert!(code == 2 && err.contains("nodes is forbidden") && err.contains("--without"), "{code} {err}");
    let (code, _, err) = plugin(machine.path(), &["check", "--without", "nods"]);
    assert!(code == 2 && err.contains("no such resource"), "{code} {err}");
}

#[test]
fn without_kubectl_it_says_so() {
    let empty = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-kubound"));
    let output = command.arg("check").env("PATH", empty.path()).output().expect("it runs");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && err.contains("kubectl is not on the PATH"), "{err}");
}

#[test]
fn what_makes_no_sense_about_a_cluster_is_refused() {
    let machine = machine(KUBECTL);
    for arguments in [&["cases"][..], &["repair", "--apply"], &["check", "--case", "c1"], &["frobnicate"]] {
        let (code, _, err) = plugin(machine.path(), arguments);
        assert!(code == 2 && err.contains("error:"), "{arguments:?}: {code} {err}");
    }
    assert!(!machine.path().join("asked").exists());
}

/// As `kubectl` itself finds it, where there is one.
#[test]
fn kubectl_finds_the_plugin() {
    let program = Path::new(env!("CARGO_BIN_EXE_kubectl-kubound"));
    let directory = program.parent().expect("a directory").display();
    let path = format!("{directory}:{}", std::env::var("PATH").unwrap_or_default());
    match std::process::Command::new("kubectl").args(["kubound", "--help"]).env("PATH", path).output() {
        Ok(output) => {
            let help = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(help.contains("Usage: kubectl kubound"), "{help}{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => println!("not tried: there is no kubectl here ({error})"),
    }
}
