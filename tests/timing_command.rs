//! `kubound timing`: what dumps say of time, what is passed over, and that its answer is a scenario.

#[path = "support/ran.rs"]
mod ran;

use std::fs;

use kubound::cluster::object::timing::{Span, Timing};
use kubound::input::{self, LoadOptions};
use tempfile::TempDir;

use ran::{Ran, kubound};

const CLUSTER: &str = include_str!("fixtures/timing.yaml");
const NODE: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 4, memory: 8Gi}}\n";

fn directory(name: &str, text: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join(name), text).expect("written");
    directory
}

fn proposed(text: &str) -> Ran {
    let ran = kubound(directory("dump.yaml", text).path(), &["timing", "dump.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran
}

/// What a proposal comes to when it is read.
fn read(scenario: &str) -> Timing {
    let texts = [("n.yaml", NODE), ("s.yaml", scenario)];
    let loaded = input::load_strings(&texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    loaded.spec.scenario.timing.expect("a clock")
}

/// The line of a field.
fn line<'t>(text: &'t str, field: &str) -> &'t str {
    let is_it = |line: &&str| line.trim_start().trim_start_matches("# ").starts_with(&format!("{field}: "));
    text.lines().find(is_it).unwrap_or_else(|| panic!("{field}: {text}"))
}

/// A running pod of its own, with these times after 10:00:00: made, bound, started and ready.
fn pod(name: &str, restarts: u32, times: [&str; 4]) -> String {
    let [created, bound, started, ready] = times.map(|time| {
        if time.starts_with(|it: char| it.is_ascii_digit()) {
            format!("2026-03-02T10:{time}Z")
        } else {
            time.to_owned()
        }
    });
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, creationTimestamp: \"{created}\"}}\n\
         spec: {{nodeName: n1, containers: [{{name: a, image: a, readinessProbe: {{}}}}]}}\nstatus:\n  conditions:\n  \
         - {{type: PodScheduled, status: \"True\", lastTransitionTime: \"{bound}\"}}\n  \
         - {{type: Ready, status: \"True\", lastTransitionTime: \"{ready}\"}}\n  containerStatuses:\n  \
         - {{name: a, restartCount: {restarts}, state: {{running: {{startedAt: \"{started}\"}}}}}}\n"
    )
}

#[test]
fn a_dump_says_what_took_how_long() {
    let Ran { out, err, .. } = proposed(CLUSTER);
    let expected = Timing {
        reaction: Span::within(0, 10),
        pod_start: Span::within(3, 40),
        descheduling: Some(600),
        ..Timing::default()
    };
    assert_eq!(read(&out), expected, "{out}");
    for (field, comment) in [
        ("reaction", "# 3 objects made, 3 pods bound, slowest: shop/db bound after 9s"),
        ("podStart", "# 3 pods of 2 workloads, slowest: shop/web 38s"),
        ("termination", "(here 30s..1m)"),
        ("schedulingBackoff", "; 1 pod bound after none was found, shop/web after 20s"),
        ("descheduling", "# CronJob kube-system/descheduler: schedule */10 * * * *"),
        ("pause", "# objects do not say it"),
    ] {
        assert!(line(&out, field).contains(comment), "{field}: {out}");
    }
    assert!(out.contains("# as seen: shop/web 12s..38s, shop/db 4s\n"), "{out}");
    assert!(line(&out, "termination").contains("# termination: 0s..1m10s"), "{out}");
    assert!(err.contains("note: not measured: the start of 1 pod whose containers were restarted\n"), "{err}");
    assert!(err.contains("note: not measured: the start of 1 pod whose readiness was interrupted\n"), "{err}");
}

#[test]
fn where_nothing_is_known_all_is_as_by_default() {
    let Ran { out, err, .. } = proposed(NODE);
    assert_eq!(read(&out), Timing::default(), "{out}");
    assert_eq!(err, "");
    for field in ["reaction", "podStart", "schedulingBackoff"] {
        assert!(line(&out, field).contains("# the default: "), "{out}");
    }
    assert!(line(&out, "descheduling").trim_start().starts_with("# descheduling: 5m"), "{out}");
}

#[test]
fn broken_timestamps_are_passed_over_with_a_note() {
    let whole = pod("a", 0, ["00:00", "00:01", "00:03", "00:05"]);
    let broken = pod("b", 0, ["soon", "00:01", "00:03", "yesterday"]);
    let Ran { out, err, .. } = proposed(&(whole.clone() + &broken));
    assert!(line(&out, "podStart").contains("podStart: 3s..5s"), "{out}");
    assert!(
        err.contains("dump.yaml:15:") && err.contains("metadata.creationTimestamp of Pod shop/b is no timestamp"),
        "{err}"
    );
    assert!(err.contains("status.conditions[1].lastTransitionTime of Pod shop/b is no timestamp"), "{err}");
    let many: String = (0..4).map(|number| broken.replace("name: b,", &format!("name: b{number},"))).collect();
    let Ran { err, .. } = proposed(&(whole + &many));
    assert!(err.contains("note: 5 more timestamps are none and are passed over"), "{err}");
}

#[test]
fn what_says_nothing_is_no_measurement() {
    for (times, told) in [
        (["00:00", "00:01", "00:02", "55:00"], "the start of 1 pod whose readiness was interrupted"),
        (["00:10", "00:10", "00:12", "00:05"], "1 time that clocks disagree about"),
        (["00:10", "00:05", "00:12", "00:15"], "1 time that clocks disagree about"),
    ] {
        let ran = proposed(&pod("a", 0, times));
        assert!(ran.err.contains(&format!("note: not measured: {told}\n")), "{times:?}: {}", ran.err);
    }
    let late = proposed(&pod("a", 0, ["00:00", "31:00", "31:01", "31:02"]));
    assert!(line(&late.out, "reaction").contains("the default"), "{}", late.out);
    assert_eq!(read(&late.out).pod_start, Span::within(1, 3));
    let both = proposed(
        &(pod("a", 0, ["00:00", "31:00", "31:01", "31:02"]) + &pod("b", 0, ["00:00", "00:01", "00:01", "00:02"])),
    );
    let told = "# 0 objects made, 1 pod bound, slowest: shop/b bound after 1s; not below the default; 1 pod waited for a node, longer than 10s";
    assert!(line(&both.out, "reaction").ends_with(told), "{}", both.out);
}

#[test]
fn intervals_and_back_offs_are_those_that_are_configured() {
    let configured = "---\napiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\npodInitialBackoffSeconds: 2\n\
                      podMaxBackoffSeconds: 20\n";
    let deployed = |replicas: u32, interval: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d, namespace: kube-system}}\nspec:\n  replicas: \
             {replicas}\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec: \
             {{containers: [{{name: a, image: descheduler, args: [--descheduling-interval={interval}]}}]}}\n"
        )
    };
    let given =
        |replicas, interval: &str| read(&proposed(&format!("{configured}{}", deployed(replicas, interval))).out);
    let timing = given(1, "1h30m");
    assert_eq!((timing.descheduling, timing.scheduling_backoff), (Some(5400), Span::within(2, 20)));
    assert_eq!(given(1, "72h").descheduling, Some(86_400));
    assert_eq!((given(0, "5m").descheduling, given(1, "0s").descheduling), (None, None));
}

#[test]
fn events_of_either_version_tell_of_pods() {
    let pod = pod("a", 0, ["00:00", "00:25", "00:26", "00:30"]);
    for event in [
        "apiVersion: v1\nkind: Event\nmetadata: {name: e, namespace: shop}\ninvolvedObject: {kind: Pod, namespace: shop, name: \
         a}\nreason: FailedScheduling\nlastTimestamp: \"2026-03-02T10:00:13Z\"\n",
        "apiVersion: events.k8s.io/v1\nkind: Event\nmetadata: {name: e, namespace: shop}\nregarding: {kind: Pod, namespace: \
         shop, name: a}\nreason: FailedScheduling\neventTime: \"2026-03-02T10:00:13.123456Z\"\n",
    ] {
        let Ran { out, .. } = proposed(&format!("{pod}---\n{event}"));
        assert!(
            line(&out, "schedulingBackoff").contains("1 pod bound after none was found, shop/a after 12s"),
            "{out}"
        );
        assert_eq!(read(&out).reaction, Timing::default().reaction);
    }
}

#[test]
fn names_do_nothing_to_terminals_or_to_yaml() {
    let wild = pod("a", 0, ["00:00", "00:01", "00:03", "00:05"])
        .replace("name: a, namespace: shop", "name: \"a\\e[2J\\n  pause: 1s\", namespace: shop");
    let ran = proposed(&wild);
    let is_safe = |text: &str| text.chars().all(|it| it == '\n' || !it.is_control());
    assert!(is_safe(&ran.out) && is_safe(&ran.err), "{:?}", ran.out);
    assert!(ran.out.contains("a\\u{1b}[2J\\n"), "{}", ran.out);
    assert_eq!(read(&ran.out).pause, Timing::default().pause);
}

#[test]
fn bad_input_is_refused_and_files_are_left_alone() {
    let place = directory("dump.yaml", NODE);
    for (arguments, told) in [
        (&["timing", "nowhere.yaml"][..], "cannot read nowhere.yaml"),
        (&["timing"], "required arguments"),
        (&["timing", "dump.yaml", "-o", "dump.yaml"], "dump.yaml: "),
    ] {
        let ran = kubound(place.path(), arguments);
        assert!(ran.code == 2 && ran.out.is_empty() && ran.err.contains(told), "{arguments:?}: {}", ran.err);
    }
    for (text, told) in
        [("a: [\n", "not valid YAML"), ("", "no Kubernetes objects"), ("a: 1\n", "not a Kubernetes object")]
    {
        let ran = kubound(directory("d.yaml", text).path(), &["timing", "d.yaml"]);
        assert!(ran.code == 2 && ran.out.is_empty() && ran.err.contains(told), "{text}: {}", ran.err);
    }
    assert_eq!(kubound(place.path(), &["timing", "dump.yaml", "-o", "new.yaml"]).code, 0);
    assert!(fs::read_to_string(place.path().join("new.yaml")).is_ok_and(|text| read(&text) == Timing::default()));
    assert_eq!(kubound(place.path(), &["timing", "-q", "."]).err, "");
}
