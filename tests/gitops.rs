//! GitOps controllers: what they put back, what they leave to others, and how they are found in the input.

mod support;

use kubound::check::{self, Answer, Options, source};
use kubound::cluster::object::gitops::{Sync, Tool};
use kubound::cluster::object::spec::ClusterSpec;
use kubound::engine::Budget;
use kubound::engine::explicit::Explicit;
use kubound::input::{LoadOptions, load_strings};
use support::answers;

fn deployment(name: &str, cpu: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  {more}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: main, image: x, resources: {{requests: {{cpu: {cpu}}}}}}}]}}\n"
    )
}

fn autoscaler(name: &str) -> String {
    format!(
        "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec:\n  \
         scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}\n  minReplicas: 4\n  maxReplicas: 6\n  \
         metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 80}}}}}}]\n"
    )
}

fn scenario(cpu: u32, more: &str) -> String {
    format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools: [{{name: worker, count: 2, template: \
         {{allocatable: {{cpu: {cpu}}}}}}}]\n{more}"
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}\n")).collect()
}

const ALL: &str = "  gitops: [{tool: argocd}]\n";
const SCALED: &str = "  loads: [{target: web, range: 100m..100m}]\n";

const BOUND: u32 = 5;

fn verdict(property: &str, texts: &[&str]) -> String {
    answers::verdict(property, texts, BOUND)
}

fn story(property: &str, texts: &[&str]) -> String {
    answers::story(property, texts, BOUND)
}

/// Whether an autoscaler of at least four replicas oscillates, where the manifest has `more` and the scenario `gitops`.
fn oscillates(more: &str, gitops: &str) -> String {
    let manifests = deployment("web", "500m", more) + &autoscaler("web");
    let scenario = scenario(8, &format!("{SCALED}{gitops}  properties: [no-replica-oscillation]\n"));
    verdict("no-replica-oscillation", &[&manifests, &scenario])
}

#[test]
fn declared_replicas_and_an_autoscaler_go_round_in_circles() {
    assert_eq!(oscillates("replicas: 2", ""), "holds");
    assert_eq!(oscillates("replicas: 2", ALL), "violated at k = 3");
    assert_eq!(oscillates("replicas: 2", "  gitops: [{tool: flux}]\n"), "violated at k = 3");
    assert_eq!(oscillates("replicas: 2", "  gitops: [{tool: argocd, selfHeal: false}]\n"), "holds");
}

#[test]
fn replicas_that_git_leaves_out_or_that_are_ignored_stay() {
    assert_eq!(oscillates("paused: false", ALL), "holds");
    assert_eq!(oscillates("replicas: 2", "  gitops: [{tool: argocd, ignore: [spec.replicas]}]\n"), "holds");
    assert_eq!(oscillates("replicas: 2", "  gitops: [{tool: flux, ignore: [/spec/replicas]}]\n"), "holds");
}

#[test]
fn ignored_fields_are_written_along_with_others_unless_that_is_respected() {
    let ignoring = |more: &str| format!("  gitops: [{{tool: argocd, ignore: [spec.replicas]{more}}}]\n");
    // The user's apply makes them four; putting the template back takes two of them away, or not.
    let kept = |gitops: &str| {
        let manifests = deployment("web", "500m", "replicas: 2") + &autoscaler("web");
        let apply = format!("  commands:\n  - apply:\n{}", indented(&deployment("web", "600m", "replicas: 4")));
        let more = format!("{SCALED}{apply}{gitops}  properties: [min-replicas]\n  interleaving: settled\n");
        verdict("min-replicas", &[&manifests, &scenario(8, &more)])
    };
    assert_eq!(kept(&ignoring("")), "violated at k = 2");
    assert_eq!(kept(&ignoring(", respectIgnoreDifferences: true")), "holds");
    assert_eq!(kept("  gitops: [{tool: flux, ignore: [spec.replicas]}]\n"), "holds");
}

/// Whether pods of `web` fit in the end: there are two nodes of two cores, `web` uses them up, a user makes it smaller, and a
/// second user needs the room.
fn fits_again(command: &str, gitops: &str) -> String {
    let manifests = deployment("web", "1500m", "replicas: 2\n  strategy: {type: Recreate}");
    let other = indented(&deployment("batch", "1500m", "replicas: 1"));
    let commands = format!("  commands:\n{command}  - create:\n{other}");
    let asked = "  properties: [{name: pods-schedulable, target: web}]\n  interleaving: settled\n";
    let scenario = scenario(2, &format!("{commands}{gitops}{asked}"));
    verdict("pods-schedulable", &[&manifests, &scenario])
}

#[test]
fn what_users_scale_delete_or_apply_is_put_back() {
    let smaller = deployment("web", "500m", "replicas: 2\n  strategy: {type: Recreate}");
    let apply = format!("  - apply:\n{}", indented(&smaller));
    assert_eq!(fits_again("  - delete: web\n", "  gitops: []\n"), "holds");
    for (command, tool) in
        [("  - scale: {target: web, replicas: 1}\n", "argocd"), ("  - delete: web\n", "flux"), (&apply, "argocd")]
    {
        let gitops = format!("  gitops: [{{tool: {tool}, targets: [web]}}]\n");
        assert_eq!(fits_again(command, &gitops), "violated at k = 3", "{command}");
    }
    let template = "  gitops: [{tool: argocd, targets: [web], ignore: [spec.template]}]\n";
    assert_eq!(fits_again(&apply, template), "holds");
}

#[test]
fn all_that_an_application_declares_is_put_back_at_once() {
    let both = deployment("web", "1", "replicas: 2") + "---\n" + &deployment("api", "1", "replicas: 1");
    let commands = "  commands:\n  - scale: {target: web, replicas: 1}\n  - delete: api\n";
    let properties = "  properties: [{name: expected-replicas, value: 2, target: web}]\n";
    let told = story("expected-replicas", &[&both, &scenario(8, &format!("{commands}{ALL}{properties}"))]);
    assert!(!told.contains("puts back"), "the user alone breaks it: {told}");
    // Three cores are enough for what users left, and not for what Git has.
    let other = indented(&deployment("batch", "1", "replicas: 2"));
    let scenario = scenario(
        2,
        &format!("{commands}  - create:\n{other}{ALL}  properties: [{{name: pods-schedulable, target: api}}]\n"),
    );
    let told = story("pods-schedulable", &[&both, &scenario]);
    assert!(told.contains("puts back the replicas of web from 1 to 2 and api, which was gone"), "{told}");
}

#[test]
fn at_any_time_each_workload_is_put_back_by_itself() {
    let both = deployment("web", "1", "replicas: 1") + "---\n" + &deployment("api", "1", "replicas: 1");
    let commands = "  commands:\n  - scale: {target: web, replicas: 2}\n  - scale: {target: api, replicas: 2}\n";
    let asked = "  properties: [pods-schedulable]\n  interleaving: async\n";
    let loaded = load_strings(
        &[("a.yaml", &both), ("b.yaml", &scenario(8, &format!("{commands}{ALL}{asked}")))],
        LoadOptions::default(),
    );
    let spec = loaded.unwrap_or_else(|errors| panic!("{errors}")).spec;
    let model =
        kubound::model::build(&spec, &kubound::property::Selection::of(&spec.scenario.properties)).expect("a model");
    let actions = model.system.actions.iter().map(|action| action.name.as_str());
    let own: Vec<&str> = actions.filter(|name| name.starts_with("gitops")).collect();
    assert_eq!(own, ["gitops Argo CD: web", "gitops Argo CD: api"]);
}

#[test]
fn sizes_are_checked_one_by_one_where_they_are_put_back() {
    let manifests = deployment("web", "500m", "replicas: 2") + &autoscaler("web");
    let sizes = "  sizes: [{target: web, replicas: {min: 3, max: 5}}]\n  initialPlacement: any\n";
    let asked = format!("{SCALED}{sizes}{ALL}  properties: [no-replica-oscillation]\n  interleaving: settled\n");
    let input = source::of_texts(&[("a.yaml", &manifests), ("b.yaml", &scenario(8, &asked))]).expect("an input");
    let options = Options { all: true, ..Options::new(&Explicit, Budget::bound(5)) };
    let (results, _) = check::check(&input, &options, &mut |_| ()).expect("an answer");
    assert!(matches!(results[0].answer, Answer::Violated(_)), "three are fewer than the autoscaler's four");
}

#[test]
fn workloads_that_a_controller_manages_are_found_among_many() {
    let mut manifests = deployment("web", "100m", "replicas: 2") + &autoscaler("web");
    for number in 1..12 {
        manifests += &format!("---\n{}", deployment(&format!("other-{number}"), "100m", "replicas: 2"));
    }
    let scenario = scenario(32, &format!("{SCALED}{ALL}  properties: [no-replica-oscillation]\n"));
    let results = answers::checked(&Explicit, true, &[&manifests, &scenario], BOUND);
    let [result] = &results[..] else { panic!("one property is asked about") };
    let Answer::Violated(found) = &result.answer else { panic!("it does not hold: {:?}", result.answer) };
    assert!(format!("{:?}", found.narrative).contains("puts back the replicas of web from 4 to 2"));
    let input = source::of_texts(&[("a.yaml", &manifests), ("b.yaml", &scenario)]).expect("an input");
    let again = check::replay(input, found.trace.clone()).expect("the same input");
    assert!(again.told.is_ok(), "it is replayed: {}", again.told.err().unwrap_or_default());
}

fn loaded(texts: &[(&str, &str)]) -> (ClusterSpec, String) {
    let loaded = load_strings(texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    (loaded.spec, loaded.diagnostics.to_string())
}

fn live(metadata: &str, more: &str) -> String {
    deployment("web", "500m", more).replace("{name: web}", &format!("{{name: web, uid: u-1, {metadata}}}"))
}

fn application(policy: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop, namespace: argocd}}\nspec:\n  \
         destination: {{name: in-cluster}}\n  source: {{path: deploy/shop}}\n  syncPolicy: {{{policy}}}\n{more}"
    )
}

fn kustomization(more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: shop, namespace: flux-system}}\n\
         {more}"
    )
}

const HEALS: &str = "automated: {selfHeal: true}";
const NODE: &str = "---\napiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: 8, pods: 110}}\n";

fn replicas(sync: &Sync) -> (i64, bool, bool) {
    let field = sync.declared[0].replicas.expect("it has replicas");
    (field.value, field.given, field.ignored)
}

#[test]
fn manifests_in_the_directory_of_an_application_are_what_it_declares() {
    let web = deployment("web", "500m", "replicas: 2") + NODE;
    let (spec, notes) = loaded(&[("repo/deploy/shop/web.yaml", &web), ("app.yaml", &application(HEALS, ""))]);
    let [sync] = &spec.scenario.syncs[..] else { panic!("one Application: {notes}") };
    assert_eq!((sync.name.as_str(), replicas(sync)), ("Argo CD Application shop", (2, true, false)));
    assert!(spec.absent.is_empty() && notes.is_empty(), "{notes}");
    let (spec, notes) = loaded(&[("other/web.yaml", &web), ("app.yaml", &application(HEALS, ""))]);
    assert!(spec.scenario.syncs.is_empty() && spec.absent.contains("Application"), "{notes}");
    let (spec, _) = loaded(&[("other/web.yaml", &web), ("app.yaml", &application("automated: {}", ""))]);
    assert!(spec.scenario.syncs.is_empty() && spec.absent.is_empty(), "it puts nothing back");
}

#[test]
fn ignored_differences_are_read_wherever_they_are() {
    let web = deployment("web", "500m", "replicas: 2") + NODE;
    let of = |application: &str, more: &str| {
        let (spec, _) = loaded(&[("deploy/shop/web.yaml", &web), ("app.yaml", application), ("more.yaml", more)]);
        let sync = spec.scenario.syncs.first().cloned().expect("it is put back");
        (replicas(&sync).2, sync.tool == Tool::ArgoCd { respects_ignored: true })
    };
    let none = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n";
    let rule = |fields: &str| format!("  ignoreDifferences: [{{group: apps, kind: Deployment, {fields}}}]\n");
    let with = |fields: &str| of(&application(HEALS, &rule(fields)), none);
    assert_eq!(with("jsonPointers: [/spec/replicas]"), (true, false));
    assert_eq!(with("name: api, jsonPointers: [/spec/replicas]"), (false, false));
    assert_eq!(with("jqPathExpressions: [.spec.replicas]"), (true, false));
    let managers = rule("managedFieldsManagers: [kube-controller-manager]");
    assert_eq!(of(&application(HEALS, &managers), none), (false, false), "nothing scales it");
    assert_eq!(of(&application(HEALS, &managers), &autoscaler("web")), (true, false));
    let respects = format!("{HEALS}, syncOptions: [RespectIgnoreDifferences=true]");
    assert_eq!(of(&application(&respects, &rule("jsonPointers: [/spec/replicas]")), none), (true, true));
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata:\n  \
                    resource.customizations.ignoreDifferences.apps_Deployment: |\n    jsonPointers: [/spec/replicas]\n";
    assert_eq!(of(&application(HEALS, ""), settings), (true, false));
}

#[test]
fn objects_of_a_running_cluster_say_who_manages_them_and_what_was_applied() {
    let tracked = "argocd.argoproj.io/tracking-id: 'shop:apps/Deployment:default/web'";
    let applied = r#"kubectl.kubernetes.io/last-applied-configuration: '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"main","image":"x","resources":{"requests":{"cpu":"500m"}}}]}}}}'"#;
    let node = NODE.replace("{name: n}", "{name: n, uid: u-2}");
    let with = |annotations: &str, application: &str| {
        let web = live(&format!("annotations: {{{annotations}}}"), "replicas: 5") + &node;
        loaded(&[("dump.yaml", &web), ("app.yaml", application)])
    };
    let (spec, notes) = with(&format!("{tracked}, {applied}"), &application(HEALS, ""));
    let [sync] = &spec.scenario.syncs[..] else { panic!("one Application: {notes}") };
    assert_eq!((replicas(sync), sync.declared[0].template.value), ((2, true, false), 0));
    // What Git has is not known where nothing says what was applied.
    let (spec, _) = with(tracked, &application(HEALS, ""));
    assert!(spec.scenario.syncs.is_empty() && spec.absent.contains("Application"));
    // Nor is what an Application does that is not given.
    let (spec, _) =
        with(&format!("{tracked}, {applied}"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n");
    assert!(spec.scenario.syncs.is_empty() && spec.absent.contains("Application"));
    // A copy of what another object has is none of the Application's.
    let (spec, _) = with(&tracked.replace("/web", "/other"), &application("automated: {}", ""));
    assert!(spec.absent.is_empty());
}

#[test]
fn flux_is_found_by_labels_and_inventories() {
    let node = NODE.replace("{name: n}", "{name: n, uid: u-2}");
    let labels = "labels: {kustomize.toolkit.fluxcd.io/name: shop, kustomize.toolkit.fluxcd.io/namespace: flux-system}";
    let owned = "managedFields: [{manager: kustomize-controller, operation: Apply, fieldsType: FieldsV1, apiVersion: apps/v1, \
                 fieldsV1: {'f:spec': {'f:replicas': {}}}}]";
    let with = |metadata: &str, spec: &str| {
        let web = live(metadata, "replicas: 5") + &node;
        loaded(&[("dump.yaml", &web), ("flux.yaml", &kustomization(spec))]).0
    };
    let spec = with(&format!("{labels}, {owned}"), "spec: {interval: 10m}\n");
    assert_eq!(replicas(&spec.scenario.syncs[0]), (5, true, false));
    assert_eq!(spec.scenario.syncs[0].name, "Flux Kustomization shop");
    let ignoring = "spec: {ignore: [{paths: [/spec/replicas], target: {kind: Deploy.*}}]}\n";
    assert!(replicas(&with(&format!("{labels}, {owned}"), ignoring).scenario.syncs[0]).2);
    let inventory = "spec: {}\nstatus: {inventory: {entries: [{id: default_web_apps_Deployment, v: v1}]}}\n";
    assert_eq!(with(owned, inventory).scenario.syncs.len(), 1);
    for (metadata, spec, is_absent) in [
        (labels.to_owned(), "spec: {}\n", true),
        (format!("{labels}, {owned}"), "spec: {suspend: true}\n", false),
        (
            format!("{labels}, {owned}, annotations: {{kustomize.toolkit.fluxcd.io/reconcile: disabled}}"),
            "spec: {}\n",
            true,
        ),
    ] {
        let spec = with(&metadata, spec);
        assert!(spec.scenario.syncs.is_empty(), "{metadata}");
        assert_eq!(spec.absent.contains("Kustomization"), is_absent, "{metadata}");
    }
}

#[test]
fn git_may_have_other_files_than_the_cluster() {
    let node = NODE.replace("{name: n}", "{name: n, uid: u-2}");
    let web = live("labels: {a: b}", "replicas: 5") + &node;
    let git = deployment("web", "700m", "replicas: 2");
    let scenario =
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec: {gitops: [{tool: argocd, manifests: [git.yaml]}]}\n";
    let (spec, notes) = loaded(&[("dump.yaml", &web), ("git.yaml", &git), ("scenario.yaml", scenario)]);
    let sync = &spec.scenario.syncs[0];
    assert_eq!((replicas(sync), sync.declared[0].template.value), ((2, true, false), 1), "{notes}");
    assert!(spec.scenario.commands.is_empty(), "nobody else applies it");
    assert_eq!(spec.workloads[0].revisions.len(), 2);
}

fn problem(entry: &str) -> String {
    let web = deployment("web", "500m", "replicas: 2");
    let scenario = scenario(8, &format!("  gitops: [{entry}]\n"));
    let errors = load_strings(&[("web.yaml", &web), ("s.yaml", &scenario)], LoadOptions::default());
    errors.err().unwrap_or_else(|| panic!("{entry} is an error")).to_string()
}

#[test]
fn entries_that_make_no_sense_are_errors_where_they_are() {
    for (entry, place, what) in [
        ("{tool: jenkins}", "s.yaml:5:", "unknown variant `jenkins`"),
        ("{tool: argocd, targets: [api]}", "s.yaml:5:", "there is no workload `api`"),
        ("{tool: argocd, targets: [a/b/c/d]}", "s.yaml:5:", "does not name a workload"),
        ("{tool: argocd, ignore: [metadata.labels]}", "s.yaml:5:", "write `spec.replicas` or `spec.template`"),
        ("{tool: flux, respectIgnoreDifferences: true}", "s.yaml:5:", "an option of Argo CD"),
        ("{tool: argocd, prune: true}", "s.yaml:5:", "unknown field `prune`"),
    ] {
        let told = problem(entry);
        assert!(told.contains(place) && told.contains(what), "{entry}: {told}");
    }
}

#[test]
fn fields_that_applications_do_not_have_are_reported() {
    let web = deployment("web", "500m", "replicas: 2") + NODE;
    let (_, told) = loaded(&[("deploy/shop/web.yaml", &web), ("app.yaml", &application("automatic: {}", ""))]);
    assert!(told.contains("has no field `spec.syncPolicy.automatic`"), "{told}");
}
