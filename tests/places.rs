//! Directories as people have them: charts and kustomizations are rendered, once; what is no Kubernetes object is passed over,
//! what is a broken one is not; and no verdict hides what was left out.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use assert_cmd::Command;
use tempfile::TempDir;

const NODES: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 4, memory: 8Gi}}\n";

/// A Deployment whose pods find room if there are few of them.
fn web(name: &str, replicas: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: \
         {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      - {{name: \
         main, image: x, resources: {{requests: {{cpu: 1}}}}}}\n"
    )
}

/// A directory with an input, and one with programs.
struct Place {
    root: TempDir,
}

/// While a script is written nobody else starts a program, which would keep it open: then it could not be run.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Place { root: tempfile::tempdir().expect("a directory") };
        fs::create_dir(place.root.path().join("bin")).expect("made");
        files.iter().for_each(|(name, text)| place.write(name, text));
        place
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Puts a program on the PATH that runs lines of shell, after it has noted its arguments.
    fn program(self, name: &str, script: &str) -> Self {
        let _alone = alone();
        let file = format!("bin/{name}");
        let log = self.root.path().join("calls");
        self.write(
            &file,
            &format!("#!/bin/sh\nPATH=/usr/bin:/bin\necho \"{name} $*\" >> {}\n{script}\n", log.display()),
        );
        let path = self.root.path().join(file);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
        self
    }

    /// What programs were called with, each once: after a violation the texts are had again, for a hint.
    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.root.path().join("calls")).unwrap_or_default();
        let calls: BTreeSet<&str> = text.lines().collect();
        calls.into_iter().map(str::to_owned).collect()
    }

    /// Checks with these programs alone on the PATH.
    fn check(&self, arguments: &[&str]) -> Ran {
        self.check_with(&self.root.path().join("bin"), arguments)
    }

    fn check_with(&self, programs: &Path, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
        command.current_dir(self.root.path()).env("PATH", programs).arg("check").args(arguments);
        let _alone = alone();
        let output =
            command.args(["--property", "pods-schedulable", "--engine", "explicit"]).output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Text in which lines are not broken.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_has(ran: &Ran, code: i32, parts: &[&str]) {
    let all = flat(&format!("{} {}", ran.out, ran.err));
    assert_eq!(ran.code, code, "{all}");
    parts.iter().for_each(|part| assert!(all.contains(part), "no `{part}` in: {all}"));
}

const CHART: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\n";
const TEMPLATE: &str =
    "{{- if .Values.on }}\napiVersion: apps/v1\nkind: Deployment\nspec: {{ .Values.spec }}\n{{- end }}\n";

fn chart() -> Vec<(&'static str, &'static str)> {
    vec![
        ("shop/nodes.yaml", NODES),
        ("shop/web/Chart.yaml", CHART),
        ("shop/web/values.yaml", "replicas: [1\n"),
        ("shop/web/templates/web.yaml", TEMPLATE),
        ("shop/web/charts/db/Chart.yaml", CHART),
    ]
}

fn helm(replicas: usize) -> String {
    format!("cat <<'END'\n---\n# Source: web/templates/web.yaml\n{}END", web("web", replicas))
}

#[test]
fn charts_are_rendered_whole_and_once() {
    let place = Place::new(&chart()).program("helm", &helm(2));
    assert_has(&place.check(&["shop"]), 0, &["pods-schedulable"]);
    assert_eq!(place.calls(), ["helm template --skip-tests web shop/web"]);
    let place = Place::new(&chart()).program("helm", &helm(9));
    assert_has(&place.check(&["shop"]), 1, &["violated"]);
    let place = Place::new(&chart()).program("helm", &helm(9).replace("replicas: 9", "replicas: many"));
    let place_of_error = "shop/web/templates/web.yaml (as helm renders it):7:13: error: spec.replicas";
    assert_has(&place.check(&["shop"]), 2, &[place_of_error]);
}

#[test]
fn scenarios_beside_a_chart_are_read() {
    let place = Place::new(&[
        ("web/Chart.yaml", CHART),
        ("web/values-prod.yaml", "replicas: 1\n"),
        (
            "web/scenario.yaml",
            "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{name: w, count: 1, template: \
             {allocatable: {cpu: 4, pods: 9}}}]\n",
        ),
    ])
    .program("helm", &helm(2));
    assert_has(&place.check(&["web"]), 0, &["pods-schedulable"]);
}

#[test]
fn without_helm_a_chart_is_left_out_and_verdicts_say_so() {
    let mut files = chart();
    let other = web("other", 1);
    files.push(("shop/other.yaml", &other));
    let place = Place::new(&files);
    assert_has(
        &place.check(&["shop"]),
        0,
        &["there is no `helm` on the PATH to render charts with: shop/web", "without chart shop/web"],
    );
    let place = Place::new(&files).program("helm", "printf 'Error: no\\033[31m values\\n' >&2; exit 1");
    let warned = "shop/web/Chart.yaml: warning: this chart is left out: `helm template` says: no\\u{1b}[31m values";
    assert_has(&place.check(&["shop"]), 0, &[warned, "without chart shop/web"]);
    let alone = Place::new(&chart());
    assert_has(
        &alone.check(&["shop/web"]),
        2,
        &["there are no Kubernetes objects in the input", "no `helm` on the PATH"],
    );
}

#[test]
fn a_program_that_does_not_end_is_stopped_in_time() {
    let place = Place::new(&chart()).program("helm", "exec sleep 600");
    assert_has(&place.check(&["shop", "--timeout", "300ms"]), 3, &["out of time"]);
}

fn kustomization() -> Vec<(&'static str, String)> {
    vec![
        ("shop/nodes.yaml", NODES.to_owned()),
        ("shop/base/kustomization.yaml", "resources: [web.yaml]\n".to_owned()),
        ("shop/base/web.yaml", web("web", 1)),
        ("shop/prod/kustomization.yaml", "resources: [../base]\npatches: [{path: more.yaml}]\n".to_owned()),
        (
            "shop/prod/more.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 9}\n".to_owned(),
        ),
    ]
}

fn place_of(files: &[(&'static str, String)]) -> Place {
    Place::new(&files.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>())
}

#[test]
fn kustomizations_are_built_with_what_they_include() {
    let script = format!("cat <<'END'\n{}END", web("web", 9));
    let place = place_of(&kustomization()).program("kustomize", &script).program("kubectl", "exit 1");
    assert_has(&place.check(&["shop"]), 1, &["violated"]);
    assert_eq!(place.calls(), ["kustomize build shop/prod"]);
    let place = place_of(&kustomization()).program("kubectl", &script.replace("replicas: 9", "replicas: x"));
    let error = "shop/prod/kustomization.yaml (as kustomize builds it):5:13: error: spec.replicas";
    assert_has(&place.check(&["shop"]), 2, &[error]);
    assert_eq!(place.calls(), ["kubectl kustomize shop/prod"]);
}

#[test]
fn without_kustomize_a_kustomization_is_left_out() {
    let mut files = kustomization();
    files.push(("shop/other.yaml", web("other", 1)));
    let place = place_of(&files);
    let parts = ["neither `kustomize` nor `kubectl` on the PATH", "without kustomization shop/prod"];
    assert_has(&place.check(&["shop"]), 0, &parts);
    let failing = place_of(&files).program("kustomize", "echo 'Error: accumulating' >&2; exit 1");
    let warned =
        "shop/prod/kustomization.yaml: warning: this kustomization is left out: `kustomize build` says: accumulating";
    assert_has(&failing.check(&["shop"]), 0, &[warned, "without kustomization shop/prod"]);
}

#[test]
fn overlays_of_one_base_are_told() {
    let mut files = kustomization();
    files.push(("shop/test/kustomization.yaml", "namePrefix: test-\nresources: [../base]\n".to_owned()));
    let script =
        format!("case $2 in *test) cat <<'END'\n{}END\n;; *) cat <<'END'\n{}END\n;; esac", web("t", 1), web("p", 1));
    let place = place_of(&files).program("kustomize", &script);
    assert_has(&place.check(&["shop"]), 0, &["which share a base: shop/prod, shop/test"]);
    assert_eq!(place.calls().len(), 2);
    let one = place_of(&files).program("kustomize", &script);
    let ran = one.check(&["shop/prod", "shop/nodes.yaml"]);
    assert_has(&ran, 0, &["pods-schedulable"]);
    assert!(!ran.err.contains("share a base"), "{}", ran.err);
}

/// Where kubectl is.
fn kubectl() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|directory| directory.join("kubectl").is_file())
}

#[test]
fn kubectl_builds_what_the_files_say() {
    let Some(programs) = kubectl() else { return };
    let place = place_of(&kustomization());
    assert_has(&place.check_with(&programs, &["shop"]), 1, &["violated"]);
    place.write(
        "shop/prod/more.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2}\n",
    );
    assert_has(&place.check_with(&programs, &["shop"]), 0, &["pods-schedulable"]);
    place.write("shop/prod/more.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: nobody}\n");
    place.write("shop/other.yaml", &web("other", 1));
    assert_has(
        &place.check_with(&programs, &["shop"]),
        0,
        &["this kustomization is left out: `kubectl kustomize` says: no ", "without kustomization"],
    );
}

#[test]
fn other_files_of_a_directory_are_passed_over() {
    let web = web("web", 1);
    let place = Place::new(&[
        ("shop/nodes.yaml", NODES),
        ("shop/web.yaml", &web),
        ("shop/values.yaml", "kind: DaemonSet\nreplicas: 3\n"),
        ("shop/swagger.json", "{\"swagger\": \"2.0\", \"definitions\": {}}"),
        ("shop/docker-compose.yml", "services: {web: {image: x}}\n"),
        ("shop/templates/hpa.yaml", TEMPLATE),
    ]);
    let ran = place.check(&["shop"]);
    let others = "3 files are no Kubernetes objects: shop/docker-compose.yml, shop/swagger.json, shop/values.yaml";
    let parts = [
        others,
        "1 file is a template that nothing renders: shop/templates/hpa.yaml",
        "without template that is not rendered",
    ];
    assert_has(&ran, 0, &parts);
    assert_has(
        &place.check(&["shop/nodes.yaml", "shop/web.yaml", "shop/values.yaml"]),
        2,
        &["shop/values.yaml:1:1: error: this is not a Kubernetes object"],
    );
    assert_has(&place.check(&["shop/web.yaml", "shop/templates/hpa.yaml"]), 2, &["shop/templates/hpa.yaml:"]);
}

#[test]
fn broken_objects_of_a_directory_are_errors() {
    let good = web("web", 1);
    for (broken, error) in [
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a\n", "not valid YAML"),
        ("kind: Pod\nmetadata: {name: a}\n", "no `apiVersion`"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: 3}\n", "spec.containers"),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\nreplicas: 3\n", "no `kind`"),
    ] {
        let place = Place::new(&[("shop/nodes.yaml", NODES), ("shop/web.yaml", &good), ("shop/broken.yaml", broken)]);
        assert_has(&place.check(&["shop"]), 2, &["shop/broken.yaml:", error]);
    }
}

#[test]
fn a_directory_without_anything_to_read_is_an_error() {
    let place = Place::new(&[("shop/notes.txt", ""), ("values/values.yaml", "a: 1\n")]);
    assert_has(&place.check(&["shop"]), 2, &["there are no manifests in shop"]);
    assert_has(
        &place.check(&["values"]),
        2,
        &["there are no Kubernetes objects", "1 file is no Kubernetes object: values/values.yaml"],
    );
}

#[test]
fn repairs_of_rendered_text_are_shown_and_not_written() {
    let place = Place::new(&chart()).program("helm", &helm(5));
    let repair = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubound"));
        command.current_dir(place.root.path()).env("PATH", place.root.path().join("bin"));
        let _alone = alone();
        let output = command.args(["repair", "shop"]).args(arguments).output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    };
    assert_has(&repair(&[]), 0, &["shop/web/templates/web.yaml (as helm renders it)"]);
    assert_has(&repair(&["--apply"]), 2, &["shop/web/templates/web.yaml (as helm renders it) is no file"]);
}

#[test]
fn the_last_of_equal_keys_counts_and_is_warned_of() {
    let twice = web("web", 1).replace("  replicas: 1\n", "  replicas: 1\n  replicas: 9\n");
    let place = Place::new(&[("shop/nodes.yaml", NODES), ("shop/web.yaml", &twice)]);
    let warned = "shop/web.yaml:6:3: warning: the key `replicas` is given twice; the last one counts";
    assert_has(&place.check(&["shop"]), 1, &[warned, "the one before is at line 5", "violated"]);
    let few = web("web", 9).replace("  replicas: 9\n", "  replicas: 9\n  replicas: 1\n");
    let place = Place::new(&[("shop/nodes.yaml", NODES), ("shop/web.yaml", &few)]);
    assert_has(&place.check(&["shop"]), 0, &["the last one counts"]);
}
