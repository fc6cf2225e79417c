//! Ordinary clusters raise no alarm, and what looks like them but fails still does: autoscalers whose late
//! recommendations, foreign metrics or claims on the same pods are no oscillation of their own, and spread constraints that
//! leave nodes out.

use kubound::check::{self, Answer, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::{Budget, Extent};
use kubound::input::init::init_scenario;

/// A Deployment `web` whose pods request `cpu`, and more of its pod's spec.
fn deployment(name: &str, replicas: u32, cpu: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web, of: {name}}}}}\n    \
         spec:\n      containers:\n      - {{name: web, image: web, resources: {{requests: {{{cpu}}}}}}}\n{more}---\n"
    )
}

/// An autoscaler of `web` with limits and the rest of its spec.
fn autoscaler(name: &str, target: &str, (min, max): (u32, u32), more: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec:\n  \
         minReplicas: {min}\n  maxReplicas: {max}\n  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}\n\
         {more}---\n"
    )
}

fn cpu(percent: u32) -> String {
    format!(
        "  metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {percent}}}}}}}]\n"
    )
}

fn scenario(text: &str) -> String {
    format!("apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n{text}")
}

/// Nodes of a pool.
const POOL: &str = "  nodePools: [{name: worker, count: 3, template: {allocatable: {cpu: 4}}}]\n";

/// `holds`, `proved` or `violated` with its k, by property in the order of the results.
fn verdicts(manifests: &str, scenario: &str, bound: u32) -> Vec<(String, String)> {
    let input = source::of_texts(&[("web.yaml", manifests), ("scenario.yaml", scenario)])
        .unwrap_or_else(|error| panic!("{error}"));
    let options = Options { all: true, ..Options::new(&Explicit, Budget::bound(bound)) };
    let (results, _) = check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    let verdict = |answer: &Answer| match answer {
        Answer::Holds(Extent::Complete(_)) => "proved".to_owned(),
        Answer::Holds(_) => "holds".to_owned(),
        Answer::Violated(found) => format!("violated at k = {}", found.k),
        Answer::Unknown { reason, .. } => panic!("undecided: {reason}"),
    };
    results.iter().map(|result| (result.property.clone(), verdict(&result.answer))).collect()
}

/// The verdict about one property.
fn verdict(manifests: &str, scenario: &str, property: &str) -> String {
    let all = verdicts(manifests, scenario, 10);
    let found = all.iter().find(|(name, _)| name == property);
    found.map_or_else(|| panic!("{property} was not checked: {all:?}"), |(_, verdict)| verdict.clone())
}

/// All that is broken under the scenario that `init` writes.
fn broken(manifests: &str) -> Vec<(String, String)> {
    let nodes = scenario(POOL);
    let input = source::of_texts(&[("web.yaml", manifests), ("nodes.yaml", &nodes)]);
    let input = input.unwrap_or_else(|error| panic!("{error}"));
    let all = verdicts(manifests, &init_scenario(&input.spec), 10);
    all.into_iter().filter(|(_, verdict)| verdict.starts_with("violated")).collect()
}

#[test]
fn plain_autoscalers_do_not_oscillate() {
    let behavior = "  behavior:\n    scaleDown: {stabilizationWindowSeconds: 60, policies: [{type: Pods, value: 1, periodSeconds: 15}]}\n";
    for more in ["", behavior] {
        let manifests = deployment("web", 2, "cpu: 100m", "") + &autoscaler("web", "web", (2, 6), &(cpu(70) + more));
        assert_eq!(broken(&manifests), [], "{more}");
    }
}

#[test]
fn an_autoscaler_whose_own_doing_turns_its_proposals_round_oscillates() {
    // Young pods use more than calm ones: growth makes it grow, and when they have calmed down it shrinks.
    let files = kubound::cases::generate("c1", 3, false).unwrap_or_else(|error| panic!("{error}"));
    let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let input = source::of_texts(&texts).unwrap_or_else(|error| panic!("{error}"));
    let (results, _) = check::check(&input, &Options::new(&Explicit, Budget::bound(10)), &mut |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(results.iter().any(|it| it.property == "no-replica-oscillation" && it.answer.word() == "violated"));
}

#[test]
fn metrics_that_nobody_declared_are_inputs_from_outside() {
    let metrics = [
        "  metrics: [{type: External, external: {metric: {name: queue}, target: {type: AverageValue, averageValue: 30}}}]\n",
        "  metrics: [{type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 30}}}]\n",
        "  metrics: [{type: Object, object: {metric: {name: rps}, describedObject: {apiVersion: v1, kind: Service, \
         name: web}, target: {type: Value, value: 30}}}]\n",
    ];
    for metric in metrics {
        let manifests = deployment("web", 2, "cpu: 100m", "") + &autoscaler("web", "web", (1, 5), metric);
        let scenario = scenario(&format!("{POOL}  properties: [no-replica-oscillation]\n"));
        assert_ne!(verdict(&manifests, &scenario, "no-replica-oscillation"), "violated at k = 2", "{metric}");
        assert!(!verdict(&manifests, &scenario, "no-replica-oscillation").starts_with("violated"), "{metric}");
        // They do move the size.
        let full = deployment("web", 2, "cpu: 2900m", "") + &autoscaler("web", "web", (1, 5), metric);
        let scenario = format!("{scenario}  bound: 3\n").replace("no-replica-oscillation", "pods-schedulable");
        assert!(verdict(&full, &scenario, "pods-schedulable").starts_with("violated"), "{metric}");
    }
}

#[test]
fn a_utilization_of_nothing_leaves_the_size_alone() {
    let manifests = deployment("web", 2, "memory: 1Mi", "") + &autoscaler("web", "web", (1, 200), &cpu(70));
    let pool = "  nodePools: [{name: worker, count: 1, template: {allocatable: {cpu: 4, memory: 3Mi}}}]\n";
    let scenario = scenario(&format!("{pool}  properties: [pods-schedulable, no-replica-oscillation]\n"));
    assert_eq!(verdict(&manifests, &scenario, "pods-schedulable"), "proved");
    // Limits hold all the same.
    let above = manifests.replace("minReplicas: 1", "minReplicas: 4");
    assert_eq!(verdict(&above, &scenario, "pods-schedulable"), "violated at k = 1");
}

#[test]
fn autoscalers_that_claim_the_same_pods_read_no_metrics() {
    let scenario = scenario(&format!(
        "{POOL}  loads: [{{target: deployment/web, resource: cpu, per: deployment, range: 300m..300m}}]\n  \
         properties: [{{name: no-replica-oscillation, threshold: 1}}]\n"
    ));
    let oscillates = |manifests: &str| verdict(manifests, &scenario, "no-replica-oscillation");
    let one = autoscaler("fast", "web", (1, 6), &cpu(50));
    let web = deployment("web", 2, "cpu: 100m", "");
    // They want 6 and 3 pods, and would go on for ever.
    assert_eq!(oscillates(&(web.clone() + &one + &autoscaler("slow", "web", (1, 6), &cpu(100)))), "proved");
    // Limits are kept before pods are looked at, so those that exclude each other go on for ever.
    let apart = autoscaler("low", "web", (1, 2), &cpu(50)) + &autoscaler("high", "web", (4, 6), &cpu(50));
    assert!(oscillates(&(web.clone() + &apart)).starts_with("violated"));
    // Selectors that overlap are enough: `other` selects the pods of `web`, too.
    let other = deployment("other", 1, "cpu: 100m", "");
    let both = web + &other + &one + &autoscaler("other", "other", (1, 6), &cpu(50));
    let input = source::of_texts(&[("web.yaml", &both), ("scenario.yaml", &scenario)]);
    let input = input.unwrap_or_else(|error| panic!("{error}"));
    let notes = format!("{:?}", input.diagnostics);
    assert!(notes.contains("both select pods of"), "{notes}");
}

/// Three nodes, one of them tainted, with six pods on the others.
fn spread(policy: &str) -> String {
    let node = |name: &str, taint: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}}}}}\n\
             spec: {{{taint}}}\nstatus: {{allocatable: {{cpu: 4, memory: 1Gi, pods: 110}}}}\n---\n"
        )
    };
    let constraint = format!(
        "      topologySpreadConstraints:\n      - {{maxSkew: 1, topologyKey: kubernetes.io/hostname, \
         whenUnsatisfiable: DoNotSchedule, labelSelector: {{matchLabels: {{app: web}}}}, {policy}}}\n"
    );
    node("a", "")
        + &node("b", "")
        + &node("c", "taints: [{key: only, value: gpu, effect: NoSchedule}]")
        + &deployment("web", 6, "cpu: 100m", &constraint)
}

#[test]
fn nodes_that_a_constraint_leaves_out_are_no_domains() {
    let scenario = scenario("  properties: [spread-balanced, pods-schedulable]\n");
    let both =
        |manifests: &str| ["spread-balanced", "pods-schedulable"].map(|name| verdict(manifests, &scenario, name));
    assert_eq!(both(&spread("nodeTaintsPolicy: Honor")), ["proved", "proved"]);
    // By default the tainted node counts: it stays empty, so the others may have one pod each.
    assert_eq!(both(&spread("nodeTaintsPolicy: Ignore")), ["proved", "violated at k = 0"]);
    let constraints = "      topologySpreadConstraints:";
    let chosen = format!("      nodeSelector: {{kubernetes.io/hostname: a}}\n{constraints}");
    let selected = |policy: &str| spread(policy).replace(constraints, &chosen);
    assert_eq!(both(&selected("nodeAffinityPolicy: Honor")), ["proved", "proved"]);
    assert_eq!(both(&selected("nodeAffinityPolicy: Ignore")), ["proved", "violated at k = 0"]);
}

#[test]
fn cordoned_nodes_and_nodes_that_are_down_carry_taints() {
    let under = |event: &str| scenario(&format!("{event}  properties: [spread-balanced, pods-schedulable]\n"));
    let manifests = spread("nodeTaintsPolicy: Honor");
    // All six pods may go to the node that is left, and nobody moves them back.
    let drained = under("  maintenance: {nodes: [b], parallel: 1, once: true}\n");
    assert_eq!(verdict(&manifests, &drained, "pods-schedulable"), "proved");
    assert_eq!(verdict(&manifests, &drained, "spread-balanced"), "violated at k = 2");
    let failing = under("  failures: {nodes: [b], atMost: 1, recover: false}\n");
    assert_eq!(verdict(&manifests, &failing, "pods-schedulable"), "proved");
    assert_eq!(verdict(&manifests, &failing, "spread-balanced"), "proved");
}

#[test]
fn domains_that_go_down_are_missed_however_nodes_are_represented() {
    let pool = |zone: &str| {
        format!("  - {{name: {zone}, count: 2, template: {{labels: {{zone: {zone}}}, allocatable: {{cpu: 4}}}}}}\n")
    };
    let failing = "  failures: {nodes: all, atMost: any, recover: false}\n  properties: [pods-schedulable]\n";
    let scenario = scenario(&format!("  nodePools:\n{}{}{failing}", pool("east"), pool("west")));
    // A pod in each domain: where one is gone, the smallest counts as empty, and no other takes a second pod.
    for (key, domains) in [("kubernetes.io/hostname", 4), ("zone", 2)] {
        let constraint = format!(
            "      topologySpreadConstraints:\n      - {{maxSkew: 1, minDomains: {domains}, topologyKey: {key}, \
             whenUnsatisfiable: DoNotSchedule, labelSelector: {{matchLabels: {{app: web}}}}, \
             nodeTaintsPolicy: Honor}}\n"
        );
        let manifests = deployment("web", domains, "cpu: 100m", &constraint);
        let counted = check_one(&manifests, &scenario, true);
        assert_eq!(counted, check_one(&manifests, &scenario, false), "{key}");
        assert!(counted.starts_with("violated"), "{key}: {counted}");
    }
}

/// The verdict about the only property, with or without reduction.
fn check_one(manifests: &str, scenario: &str, reduce: bool) -> String {
    let input = source::of_texts(&[("web.yaml", manifests), ("scenario.yaml", scenario)]);
    let input = input.unwrap_or_else(|error| panic!("{error}"));
    let options = Options { reduce, ..Options::new(&Explicit, Budget::bound(4)) };
    let (results, _) = check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    match &results[0].answer {
        Answer::Violated(found) => format!("violated at k = {}", found.k),
        other => other.word().to_owned(),
    }
}

#[test]
fn a_behavior_limits_how_far_one_step_goes() {
    let slowly = "  behavior:\n    scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 60}]}\n";
    let full = |more: &str| {
        let web = deployment("web", 2, "cpu: 2900m", "");
        web + &autoscaler("web", "web", (2, 6), &(cpu(50) + more))
    };
    let scenario = scenario(&format!("{POOL}  properties: [pods-schedulable]\n"));
    let k = |manifests: &str| verdict(manifests, &scenario, "pods-schedulable");
    // Three pods fit. One step goes to three and another one to four, unless the period counts the first.
    assert_eq!(k(&full("")), "violated at k = 2");
    assert_eq!(k(&full(slowly)), "violated at k = 3");
}

#[test]
fn nodes_that_fail_are_not_blamed_on_the_controllers_that_replace_their_pods() {
    let failing = |more: &str| {
        scenario(&format!(
            "{POOL}  failures: {{nodes: all, atMost: 1, recover: true}}\n  properties: [min-replicas]\n{more}"
        ))
    };
    let stays = "      tolerations: [{operator: Exists}]\n";
    let manifests = |more: &str| deployment("web", 2, "cpu: 100m", more) + &autoscaler("web", "web", (2, 3), &cpu(70));
    let min_replicas = |manifests: &str, scenario: &str| verdict(manifests, scenario, "min-replicas");
    assert_eq!(min_replicas(&manifests(""), &failing("")), "holds");
    // Nobody replaces pods that stay where they are.
    assert!(min_replicas(&manifests(stays), &failing("")).starts_with("violated"));
    let unattended = failing("  controllers: {taintEviction: false}\n");
    assert!(min_replicas(&manifests(""), &unattended).starts_with("violated"));
    // Nor where there is no room for those that come instead.
    let big = manifests("").replace("100m", "2");
    let little = failing("").replace("count: 3", "count: 2").replace("cpu: 4}", "cpu: 3}");
    assert!(min_replicas(&big, &little).starts_with("violated"));
}

#[test]
fn revisions_that_a_constraint_counts_apart_are_balanced_apart() {
    let constraint = |keys: &str| {
        format!(
            "      topologySpreadConstraints:\n      - {{maxSkew: 1, topologyKey: kubernetes.io/hostname, \
             whenUnsatisfiable: DoNotSchedule, labelSelector: {{matchLabels: {{app: web}}}}{keys}}}\n"
        )
    };
    let scenario = scenario(&format!(
        "{POOL}  slowStart: [web]\n  commands: [{{apply: next.yaml}}]\n  properties: [spread-balanced]\n  interleaving: racing\n"
    ));
    let holds = |keys: &str| {
        let web = deployment("web", 3, "cpu: 100m", &constraint(keys));
        let next = web.replace("image: web", "image: next");
        let files = [("web.yaml", web.as_str()), ("next.yaml", &next), ("scenario.yaml", &scenario)];
        let input = source::of_texts(&files).unwrap_or_else(|error| panic!("{error}"));
        let (results, _) = check::check(&input, &Options::new(&Explicit, Budget::bound(10)), &mut |_| ())
            .unwrap_or_else(|error| panic!("{error}"));
        results[0].answer.word()
    };
    assert_eq!(holds(", matchLabelKeys: [pod-template-hash]"), "holds");
    assert_eq!(holds(""), "violated");
}

#[test]
fn workloads_that_a_constraint_counts_together_are_balanced_together() {
    let constrained = |counted: &str| {
        format!(
            "      topologySpreadConstraints: [{{maxSkew: 1, topologyKey: kubernetes.io/hostname, \
             whenUnsatisfiable: DoNotSchedule, labelSelector: {{matchLabels: {{{counted}}}}}}}]\n"
        )
    };
    let own = |name: &str, counted: &str| {
        let text = deployment(name, 2, "cpu: 100m", &constrained(counted));
        text.replace("selector: {matchLabels: {app: web}}", &format!("selector: {{matchLabels: {{of: {name}}}}}"))
    };
    let scenario = scenario(&format!("{POOL}  properties: [spread-balanced, pods-schedulable]\n"));
    let together = own("a", "app: web") + &own("b", "app: web");
    assert_eq!(verdict(&together, &scenario, "spread-balanced"), "proved");
    let apart = own("a", "of: a") + &own("b", "of: b");
    assert_eq!(verdict(&apart, &scenario, "spread-balanced"), "proved");
    // Nothing of what it counts is in balance: those that were there before run on one node.
    let placed = scenario.replace("spec:\n", "spec:\n  initialPlacement: any\n");
    assert_eq!(verdict(&together, &placed, "spread-balanced"), "violated at k = 0");
}
