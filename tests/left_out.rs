//! What is left out is not proved: pods that no scheduler takes wait, verdicts name kinds that may matter, and configurations are
//! found where they really are.

mod support;

use kubound::check::{self, Answer, CheckResult, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};
use kubound::input::{self, Loaded};
use support::WEB;

const POOL: &str = "  nodePools: [{name: worker, count: 3, template: {allocatable: {cpu: 4}}}]\n";

fn scenario(more: &str) -> String {
    format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{POOL}{more}")
}

fn checked_with(engine: &dyn Engine, manifests: &str, scenario: &str) -> Vec<CheckResult> {
    let input = source::of_texts(&[("web.yaml", manifests), ("scenario.yaml", scenario)])
        .unwrap_or_else(|error| panic!("{error}"));
    let options = Options { all: true, ..Options::new(engine, Budget::bound(5)) };
    check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}")).0
}

fn checked(manifests: &str, scenario: &str) -> Vec<CheckResult> {
    checked_with(&Explicit, manifests, scenario)
}

fn schedulable(results: &[CheckResult]) -> &CheckResult {
    results.iter().find(|it| it.property == "pods-schedulable").expect("it was checked")
}

fn loaded(texts: &[(&str, &str)]) -> Loaded {
    input::load_strings(texts, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// `WEB` for another scheduler.
fn of_scheduler(name: &str) -> String {
    WEB.replace("      containers:", &format!("      schedulerName: {name}\n      containers:"))
}

fn configuration(name: &str) -> String {
    format!(
        "---\napiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n- schedulerName: {name}\n"
    )
}

#[test]
fn pods_of_a_scheduler_that_is_not_there_wait() {
    let web = of_scheduler("packer");
    for engine in [&Explicit as &dyn Engine, &Sat::default()] {
        let results = checked_with(engine, &web, &scenario("  properties: [pods-schedulable]\n"));
        let Answer::Violated(found) = &schedulable(&results).answer else { panic!("{}", engine.name()) };
        assert_eq!(found.k, 0);
        assert!(format!("{:?}", found.narrative).contains("there is no scheduler `packer`"));
    }
    let diagnostics = loaded(&[("web.yaml", &web), ("scenario.yaml", &scenario(""))]).diagnostics.to_string();
    assert!(
        diagnostics.contains("web.yaml:10:22: warning: there is no scheduler `packer`: its pods stay Pending"),
        "{diagnostics}"
    );
}

#[test]
fn among_many_workloads_too() {
    let web = format!("{}---\n{}", of_scheduler("packer"), WEB.replace("web", "api"));
    let results = checked(&web, &scenario("  properties: [pods-schedulable]\n"));
    let broken: Vec<&str> = results.iter().filter(|it| it.is_violated()).map(|it| it.subject.as_str()).collect();
    assert_eq!(broken, ["web"]);
}

#[test]
fn a_second_scheduler_takes_its_pods() {
    let named = scenario("  schedulers: [packer]\n  properties: [pods-schedulable]\n");
    let plain = scenario("  properties: [pods-schedulable]\n");
    let configured = of_scheduler("packer") + &configuration("packer");
    for (manifests, scenario) in [(of_scheduler("packer"), &named), (configured, &plain)] {
        let results = checked(&manifests, scenario);
        let result = schedulable(&results);
        assert_eq!((result.answer.word(), result.without.len()), ("holds", 0));
    }
}

/// Deployments of kube-scheduler.
fn others(number: usize) -> String {
    (0..number).map(|it| format!("---\n{}", WEB.replace("web", &format!("other-{it}")))).collect()
}

#[test]
fn verdicts_about_two_schedulers_of_many_workloads_are_without_their_races() {
    for (interleaving, number, without) in [
        ("racing", 1, &[] as &[&str]),
        ("racing", 6, &["races between schedulers"]),
        ("settled", 1, &["races between schedulers"]),
    ] {
        let both = of_scheduler("packer") + &others(number) + &configuration("packer");
        let more = format!("  properties: [pods-schedulable]\n  interleaving: {interleaving}\n");
        let results = checked(&both, &scenario(&more));
        assert!(results.iter().all(|it| it.without == without), "{interleaving}, {number}: {results:?}");
    }
    let of_one =
        configuration("default-scheduler").replace("- schedulerName", "- schedulerName: packer\n- schedulerName");
    let both = format!("{}---\n{}{of_one}", of_scheduler("packer"), WEB.replace("web", "api"));
    let results = checked(&both, &scenario("  properties: [pods-schedulable]\n"));
    assert!(results.iter().all(|it| it.without.is_empty()), "profiles of one scheduler share its cache");
}

#[test]
fn verdicts_name_kinds_that_may_matter_and_no_others() {
    let object = |version: &str, kind: &str, more: &str| {
        format!("---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n{more}")
    };
    let harmless = object("v1", "Secret", "")
        + &object("rbac.authorization.k8s.io/v1", "ClusterRole", "")
        + &object("monitoring.coreos.com/v1", "ServiceMonitor", "")
        + &object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "");
    let results = checked(&(WEB.to_owned() + &harmless), &scenario(""));
    assert!(results.iter().all(|it| it.without.is_empty()));
    let mattering = object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "")
        + &object("resource.k8s.io/v1", "ResourceClaim", "")
        + &object("apps.example.com/v1", "Shop", "spec: {template: {spec: {containers: [{name: a}]}}}\n");
    let texts = WEB.to_owned() + &harmless + &mattering;
    let results = checked(&texts, &scenario(""));
    assert!(results.iter().all(|it| it.without == ["MutatingWebhookConfiguration", "ResourceClaim", "Shop"]));
    let diagnostics = loaded(&[("web.yaml", &texts), ("scenario.yaml", &scenario(""))]).diagnostics.to_string();
    for note in [
        "not modelled, and left out: 4 objects that change neither pods nor nodes",
        "MutatingWebhookConfiguration may change or refuse pods; ResourceClaim may hold pods back, or bind them to nodes; \
         Shop makes pods",
    ] {
        assert!(diagnostics.contains(note), "{diagnostics}");
    }
}

/// The policy, indented, as an entry of a ConfigMap.
fn in_config_map(policy: &str) -> String {
    let text: String = policy.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: descheduler}}\ndata:\n  notes: plain text\n  policy.yaml: |\n{text}"
    )
}

const POLICY: &str = "apiVersion: descheduler/v1alpha2
kind: DeschedulerPolicy
profiles:
- name: strategy-LowNodeUtilization-profile
  pluginConfig:
  - name: DefaultEvictor
    args: {evictLocalStoragePods: true, nodeFit: true, priorityThreshold: {value: 1000}}
  - name: LowNodeUtilization
    args: {thresholds: {cpu: 20}, targetThresholds: {cpu: 50}, evictableNamespaces: {exclude: [kube-system]}}
  plugins: {balance: {enabled: [LowNodeUtilization]}}
- name: strategy-RemovePodsViolatingTopologySpreadConstraint-profile
  pluginConfig:
  - name: DefaultEvictor
    args: {evictLocalStoragePods: true}
  - name: RemovePodsViolatingTopologySpreadConstraint
    args: {constraints: [DoNotSchedule, ScheduleAnyway]}
  plugins: {balance: {enabled: [RemovePodsViolatingTopologySpreadConstraint]}}
";

const OLD_POLICY: &str = "apiVersion: descheduler/v1alpha1
kind: DeschedulerPolicy
evictLocalStoragePods: true
strategies:
  LowNodeUtilization:
    enabled: true
    params:
      nodeFit: true
      thresholdPriority: 1000
      namespaces: {exclude: [kube-system]}
      nodeResourceUtilizationThresholds: {thresholds: {cpu: 20}, targetThresholds: {cpu: 50}}
  RemoveDuplicates: {enabled: false}
  RemovePodsViolatingTopologySpreadConstraint:
    enabled: true
    params: {includeSoftConstraints: true}
";

#[test]
fn policies_are_found_in_config_maps_and_in_old_versions() {
    let read = |policy: &str| {
        let loaded = loaded(&[("web.yaml", WEB), ("scenario.yaml", &scenario("")), ("policy.yaml", policy)]);
        let mut policy = loaded.spec.descheduler.expect("a policy");
        policy.origin = Default::default();
        (policy, loaded.spec.absent, loaded.diagnostics.to_string())
    };
    let (policy, absent, _) = read(POLICY);
    assert!(absent.is_empty() && policy.plugins.len() == 2);
    for text in [OLD_POLICY.to_owned(), in_config_map(POLICY), in_config_map(OLD_POLICY)] {
        let (other, absent, diagnostics) = read(&text);
        assert_eq!(other, policy, "{text}");
        assert!(absent.is_empty());
        let is_told = diagnostics.contains("policy.yaml in ConfigMap descheduler): this DeschedulerPolicy is taken");
        assert_eq!(is_told, text.contains("ConfigMap"), "{diagnostics}");
    }
}

#[test]
fn complaints_about_them_name_the_line() {
    let error = |policy: &str| {
        let texts = [("web.yaml", WEB), ("scenario.yaml", &scenario("")), ("policy.yaml", policy)];
        input::load_strings(&texts, Default::default()).expect_err("it is wrong").to_string()
    };
    let wrong = error(&OLD_POLICY.replace("{cpu: 50}", "{cpu: 500}"));
    assert!(wrong.contains("policy.yaml:11:") && wrong.contains("this is no percentage"), "{wrong}");
    let wrong = error(&in_config_map(&POLICY.replace("{cpu: 50}", "{cpu: 500}")));
    assert!(wrong.contains("policy.yaml (policy.yaml in ConfigMap descheduler):9:"), "{wrong}");
    let unreadable = in_config_map("kind: DeschedulerPolicy\n  {{ .Values.policy }}: [\n");
    let texts = [("web.yaml", WEB), ("scenario.yaml", &scenario("")), ("policy.yaml", unreadable.as_str())];
    let diagnostics = loaded(&texts).diagnostics.to_string();
    assert!(diagnostics.contains("cannot be read; it is ignored"), "{diagnostics}");
}

#[test]
fn what_holds_pods_back_is_named() {
    let gated = WEB.replace("      containers:", "      schedulingGates: [{name: wait}]\n      containers:");
    let results = checked(&gated, &scenario(""));
    assert!(results.iter().all(|it| it.without == ["schedulingGates"]));
    let of_sets =
        "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {count/replicasets.apps: 3}}\n";
    let results = checked(&(WEB.to_owned() + of_sets), &scenario(""));
    assert!(results.iter().all(|it| it.without == ["ResourceQuota of count/replicasets.apps"]));
}

#[test]
fn nothing_is_said_of_properties_that_are_about_nobody() {
    let results = checked(&format!("{WEB}---\n{}", WEB.replace("web", "api")), &scenario(""));
    let names: Vec<&str> = results.iter().map(|it| it.property.as_str()).collect();
    assert_eq!(names, ["pods-schedulable", "no-eviction-loop", "settles"]);
}
