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
}

fn quota(resource: &str) -> String {
    format!("---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {{hard: {{{resource}: 3}}}}\n")
}

/// Of what a cluster's verdicts are without.
fn absent(texts: &[&str]) -> Vec<String> {
    let scenario = scenario("");
    let named: Vec<(String, &str)> = texts.iter().enumerate().map(|(at, text)| (format!("{at}.yaml"), *text)).collect();
    let mut all: Vec<(&str, &str)> = named.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    if !texts.iter().any(|text| text.contains("kind: Scenario")) {
        all.push(("scenario.yaml", &scenario));
    }
    loaded(&all).spec.absent.into_iter().collect()
}

#[test]
fn quotas_on_other_objects_matter_where_somebody_may_be_refused() {
    let nothing = Vec::<String>::new();
    for resource in
        ["count/replicasets.apps", "count/deployments.apps", "count/jobs.batch", "requests.storage", "services"]
    {
        assert_eq!(absent(&[WEB, &quota(resource)]), nothing, "{resource}");
    }
    let api: String = WEB.replace("web", "api").lines().map(|line| format!("      {line}\n")).collect();
    let created = scenario(&format!("  commands:\n  - create:\n{api}"));
    assert_eq!(absent(&[WEB, &quota("count/deployments.apps"), &created]), ["ResourceQuota of count/deployments.apps"]);
    let cron = "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec: {schedule: '* * * * *', jobTemplate: \
                {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}}\n";
    assert_eq!(absent(&[WEB, cron, &quota("count/jobs.batch")]), ["ResourceQuota of count/jobs.batch"]);
    assert_eq!(absent(&[WEB, cron, &quota("count/cronjobs.batch")]), nothing);
    let claims = "  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]\n";
    let set = WEB.replace("kind: Deployment", "kind: StatefulSet") + claims;
    assert_eq!(absent(&[&set, &quota("requests.storage")]), ["ResourceQuota of requests.storage"]);
    assert_eq!(absent(&[&set, &quota("requests.cpu")]), nothing);
}

/// A running pod with an owner.
fn owned(name: &str, version: &str, kind: &str, owner: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  uid: {name}\n  ownerReferences: [{{apiVersion: {version}, \
         kind: {kind}, name: {owner}, uid: u, controller: true}}]\nspec: {{nodeName: worker-1, containers: [{{name: a, image: a, \
         resources: {{requests: {{cpu: 1}}}}}}]}}\nstatus: {{phase: Running}}\n"
    )
}

/// An object of an operator that makes pods.
fn foreign(version: &str, kind: &str, name: &str) -> String {
    format!(
        "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, uid: {name}, namespace: default}}\nspec: \
         {{replicas: 1, template: {{spec: {{containers: [{{name: a}}]}}}}}}\n"
    )
}

#[test]
fn pods_whose_owner_is_not_given_are_used_room_and_named() {
    for (version, kind) in
        [("apps/v1", "ReplicaSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job"), ("example.com/v1", "Shop")]
    {
        let pod = owned("x-1", version, kind, "x");
        assert_eq!(absent(&[&pod]), [format!("{kind} that is not given")]);
        let spec = loaded(&[("pod.yaml", &pod), ("scenario.yaml", &scenario(""))]).spec;
        assert_eq!((spec.workloads[0].replicas, spec.workloads[0].owner_kind.as_str()), (1, kind));
    }
    let bare =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: b, uid: b}\nspec: {nodeName: worker-1, containers: [{name: a}]}\n";
    assert_eq!(absent(&[bare, &owned("static", "v1", "Node", "worker-1")]), Vec::<String>::new());
}

#[test]
fn verdicts_and_notes_say_so() {
    let texts =
        owned("x-1", "apps/v1", "StatefulSet", "x") + &owned("y-1", "apps/v1", "StatefulSet", "y") + "---\n" + WEB;
    let results = checked(&texts, &scenario("  properties: [pods-schedulable]\n"));
    let without = &schedulable(&results).without;
    assert_eq!(without[..], ["StatefulSet that is not given"]);
    let diagnostics = loaded(&[("web.yaml", &texts), ("scenario.yaml", &scenario(""))]).diagnostics.to_string();
    let note = "StatefulSet that is not given (×2) makes its pods again";
    assert!(diagnostics.contains(note), "{diagnostics}");
}

#[test]
fn dumps_that_hold_everything_are_without_nothing() {
    let uid = |text: &str, name: &str| {
        text.replace("metadata: {name: web}", &format!("metadata: {{name: {name}, uid: {name}}}"))
    };
    let owner = "ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: web, controller: true}]";
    let set = uid(WEB, "web-a")
        .replace("kind: Deployment", "kind: ReplicaSet")
        .replace("uid: web-a", &format!("uid: web-a, {owner}"));
    let all = format!("{}---\n{set}{}", uid(WEB, "web"), owned("web-a-1", "apps/v1", "ReplicaSet", "web-a"));
    assert_eq!(absent(&[&all]), Vec::<String>::new());
    let leaving = owned("web-a-2", "apps/v1", "ReplicaSet", "web-a")
        .replace("uid: web-a-2", "uid: web-a-2\n  deletionTimestamp: '2026-01-01T00:00:00Z'");
    assert_eq!(absent(&[&(all + &leaving)]), Vec::<String>::new());
    let alone = format!("{set}{}", owned("web-a-1", "apps/v1", "ReplicaSet", "web-a"));
    assert_eq!(absent(&[&alone]), ["Deployment that is not given"]);
    let rollout =
        alone.replace("apps/v1, kind: Deployment, name: web", "argoproj.io/v1alpha1, kind: Rollout, name: web");
    assert_eq!(absent(&[&rollout]), ["Rollout that is not given"]);
    assert_eq!(absent(&[&(rollout + &foreign("argoproj.io/v1alpha1", "Rollout", "web"))]), ["Rollout"]);
}

#[test]
fn kinds_of_operators_are_told_from_those_of_kubernetes() {
    let pod = |name: &str| owned(name, "apps.kruise.io/v1beta1", "StatefulSet", "db");
    let theirs = foreign("apps.kruise.io/v1beta1", "StatefulSet", "db") + &pod("db-0");
    let ours = WEB
        .replace("kind: Deployment", "kind: StatefulSet")
        .replace("metadata: {name: web}", "metadata: {name: db, uid: db}");
    let spec = loaded(&[("all.yaml", &(ours + &theirs)), ("scenario.yaml", &scenario(""))]).spec;
    assert_eq!(spec.absent.iter().collect::<Vec<_>>(), ["StatefulSet"]);
    let fixed = spec.workloads.iter().filter(|it| it.kind == kubound::cluster::object::spec::WorkloadKind::Fixed);
    assert_eq!(fixed.map(|it| it.replicas).sum::<i64>(), 1, "its pod is none of our set's");
    for (version, kind, could) in [
        ("example.com/v1", "Shop", "Shop makes pods"),
        ("cert-manager.io/v1", "Issuer", "Issuer makes pods"),
        ("serving.knative.dev/v1", "Service", "Service makes pods"),
    ] {
        let texts = foreign(version, kind, "x");
        let diagnostics = loaded(&[("x.yaml", &texts), ("scenario.yaml", &scenario(""))]).diagnostics.to_string();
        assert!(diagnostics.contains(could), "{diagnostics}");
    }
}

#[test]
fn a_scenario_may_take_kinds_to_be_steady() {
    let rollout = foreign("argoproj.io/v1alpha1", "Rollout", "web") + &owned("x-1", "apps/v1", "DaemonSet", "x");
    assert_eq!(absent(&[&rollout]), ["DaemonSet that is not given", "Rollout"]);
    let steady = scenario("  steady: [Rollout, DaemonSet]\n");
    assert_eq!(absent(&[&rollout, &steady]), Vec::<String>::new());
    let texts = [("all.yaml", rollout.as_str()), ("scenario.yaml", &scenario("  steady: [CloneSet]\n"))];
    let errors = input::load_strings(&texts, Default::default()).expect_err("it is wrong").to_string();
    assert!(errors.contains("4:") || errors.contains("nothing called `CloneSet` is left out"), "{errors}");
    assert!(errors.contains("DaemonSet that is not given, Rollout"), "{errors}");
}

/// A descheduler as a Deployment, with these flags.
fn descheduler(replicas: u32, image: &str, flags: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: cleaner, namespace: kube-system}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: cleaner}}}}\n  template:\n    metadata: {{labels: {{app: cleaner}}}}\n    spec:\n      \
         containers: [{{name: a, image: {image}, args: [--policy-config-file=/policy/policy.yaml{flags}]}}]\n      \
         volumes: [{{name: policy, configMap: {{name: descheduler}}}}]\n"
    )
}

#[test]
fn a_descheduler_that_is_deployed_tells_when_it_runs() {
    let told = |deployed: &str, policy: &str| {
        let all = [("web.yaml", WEB), ("nodes.yaml", NODE), ("policy.yaml", policy), ("deployed.yaml", deployed)];
        let loaded = loaded(&all);
        let lines = input::describe_defaults(&loaded.spec).join("\n");
        (loaded.spec.descheduler.is_some(), lines, loaded.diagnostics.to_string(), loaded.spec.absent)
    };
    const IMAGE: &str = "registry.example.com/descheduler/descheduler:v0.36.0";
    let policy = in_config_map(POLICY);
    for (image, flags, says) in [
        (IMAGE, ", --descheduling-interval=5m", "cleaner deschedules every 5m"),
        (IMAGE, ", --descheduling-interval, 1h30m", "cleaner deschedules every 1h30m"),
        ("mirror/it:1", ", --descheduling-interval=5m", "cleaner deschedules every 5m"),
        (IMAGE, "", "cleaner deschedules once, whenever its container starts"),
    ] {
        let (acts, lines, ..) = told(&descheduler(1, image, flags), &policy);
        assert!(acts && lines.contains(says), "{flags}: {lines}");
    }
    for (deployed, why) in [
        (descheduler(0, IMAGE, ""), "Deployment kube-system/cleaner has no replicas: the descheduler evicts nothing"),
        (descheduler(1, IMAGE, ", --dry-run"), "Deployment kube-system/cleaner runs dry (--dry-run)"),
        (cron("true"), "CronJob kube-system/descheduler is suspended: the descheduler evicts nothing"),
    ] {
        let (acts, _, diagnostics, absent) = told(&deployed, POLICY);
        assert!(!acts && absent.is_empty() && diagnostics.contains(why), "{diagnostics}");
    }
    let (acts, lines, ..) = told(&cron("false"), POLICY);
    assert!(acts && lines.contains("descheduler deschedules by the schedule `*/10 * * * *`"), "{lines}");
    let (acts, _, diagnostics, absent) = told(&descheduler(1, IMAGE, ""), "");
    assert!(!acts && diagnostics.contains("runs a descheduler, and there is no DeschedulerPolicy"), "{diagnostics}");
    assert_eq!(absent.into_iter().collect::<Vec<_>>(), ["descheduler"]);
}

#[test]
fn one_that_somebody_may_start_runs() {
    let scaled = scenario("  commands: [{scale: {target: kube-system/deployment/cleaner, replicas: 1}}]\n");
    let deployed = descheduler(0, "descheduler", "");
    let loaded =
        loaded(&[("web.yaml", WEB), ("policy.yaml", POLICY), ("it.yaml", &deployed), ("scenario.yaml", &scaled)]);
    assert!(loaded.spec.descheduler.is_some());
}

const NODE: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 4, pods: 110}}\n";

/// A descheduler as a CronJob.
fn cron(suspend: &str) -> String {
    format!(
        "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: descheduler, namespace: kube-system}}\nspec: {{schedule: \
         '*/10 * * * *', suspend: {suspend}, jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: \
         [{{name: a, image: a, command: [/bin/descheduler]}}]}}}}}}}}}}\n"
    )
}

#[test]
fn nothing_is_said_of_properties_that_are_about_nobody() {
    let results = checked(&format!("{WEB}---\n{}", WEB.replace("web", "api")), &scenario(""));
    let names: Vec<&str> = results.iter().map(|it| it.property.as_str()).collect();
    assert_eq!(names, ["pods-schedulable", "no-eviction-loop", "settles"]);
}
