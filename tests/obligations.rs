//! What encodings owe to models is kept by types and by whoever builds: encodings that cheat are refused, with a message
//! that says what to do.
//!
//! What types keep (no state after the first action, no action before) is in the documentation of `Declaring`, as examples
//! that do not compile.

use kubound::cluster::counting::reads::{Reader, Reads};
use kubound::cluster::counting::sizes::{Size, Sizes};
use kubound::cluster::object::spec::ClusterSpec;
use kubound::cluster::view::story::Sentence;
use kubound::cluster::view::turnover::Tally;
use kubound::cluster::view::{Cluster, Declaring, Leaving, Shape};
use kubound::cluster::{Cell, Template, TemplateId};
use kubound::encodings::kubelet;
use kubound::input::{LoadOptions, load_strings};
use kubound::system::{ActionDraft, ActionKind, Interleaving, State};
use kubound::term::Ctx;

/// Two nodes that differ in labels and taints only, and a Deployment that asks for one of the labels.
const CLUSTER: &str = r#"
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Node
    metadata: {name: one, labels: {disk: ssd, rack: a}}
    status: {allocatable: {cpu: "4", memory: 8Gi, pods: "10"}}
  - apiVersion: v1
    kind: Node
    metadata: {name: two, labels: {disk: ssd, rack: b}}
    status: {allocatable: {cpu: "4", memory: 8Gi, pods: "10"}}
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 2
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          nodeSelector: {disk: ssd}
          containers: [{name: web, image: web, resources: {requests: {cpu: "1"}}}]
"#;

/// A reader that declares the domains of racks, and nothing else.
const READER: Reader = Reader { name: "cheat", reads };

fn reads(_: &ClusterSpec, _: &[Template], reads: &mut Reads) {
    reads.topology_key("rack");
}

fn spec() -> ClusterSpec {
    load_strings(&[("cluster.yaml", CLUSTER)], LoadOptions::default()).expect("a valid cluster").spec
}

/// What is said to an encoding that does `cheat` in the name of a reader; nothing if it is not found out.
fn caught(cheat: impl Fn(&Cluster<'_>)) -> String {
    let (ctx, spec) = (Ctx::new(), spec());
    let cluster = Declaring::new(&ctx, &spec, &[READER], Shape::Merged).expect("a cluster").acting();
    cluster.reading_as(READER.name, || cheat(&cluster));
    cluster.finish().err().map(|breach| breach.to_string()).unwrap_or_default()
}

fn first_cell<'c>(cluster: &Cluster<'c>) -> Cell<'c> {
    cluster.cells(&cluster.state()).swap_remove(0)
}

/// What is seen does not matter, only that somebody looked.
fn looked<T>(_: T) {}

#[test]
fn what_was_declared_may_be_read() {
    let honest = |cluster: &Cluster<'_>| {
        let cell = first_cell(cluster);
        assert!(cluster.has_singleton_domains("rack") && cluster.node(&cell).has_label("rack"));
        assert_eq!(cluster.node(&cell).allocatable().cpu, 4000);
    };
    assert_eq!(caught(honest), "");
}

#[test]
fn nodes_that_nobody_tells_apart_are_one_class() {
    let (ctx, spec) = (Ctx::new(), spec());
    let classes = |readers: &[Reader]| {
        let declaring = Declaring::new(&ctx, &spec, readers, Shape::Merged).expect("a cluster");
        declaring.classes().len()
    };
    let by_value = Reader { name: "racks", reads: |_, _, reads| reads.label("rack") };
    assert_eq!((classes(&[READER]), classes(&[by_value])), (1, 2));
}

#[test]
fn a_label_that_was_not_declared_is_refused() {
    let said = caught(|cluster| looked(cluster.node(&first_cell(cluster)).label("zone")));
    assert_eq!(
        said,
        "an encoding breaks its obligations: cheat reads the value of the label zone of nodes, which it did not declare: \
         add it to its `reads`"
    );
    for look in [
        |cluster: &Cluster<'_>| looked(cluster.node(&first_cell(cluster)).has_label("zone")),
        |cluster: &Cluster<'_>| looked(cluster.node(&first_cell(cluster)).domain("zone")),
        |cluster: &Cluster<'_>| looked(cluster.has_singleton_domains("zone")),
        |cluster: &Cluster<'_>| looked(cluster.node(&first_cell(cluster)).taints()),
        |cluster: &Cluster<'_>| looked(cluster.node(&first_cell(cluster)).status()),
        |cluster: &Cluster<'_>| looked(cluster.node(&first_cell(cluster)).is_named("one")),
        |cluster: &Cluster<'_>| looked(cluster.node(&first_cell(cluster)).image("web:latest")),
        |cluster: &Cluster<'_>| looked(cluster.node(&first_cell(cluster)).matches(&cluster.templates[0].spec)),
    ] {
        let said = caught(look);
        assert!(said.contains("which it did not declare: add it to its `reads`"), "{said}");
    }
}

#[test]
fn domains_of_merged_nodes_have_no_names() {
    let said = caught(|cluster| looked(cluster.node(&first_cell(cluster)).label("rack")));
    assert!(said.contains("the value of the label rack"), "{said}");
}

#[test]
fn who_reads_nodes_is_a_reader() {
    let (ctx, spec) = (Ctx::new(), spec());
    let cluster = Declaring::new(&ctx, &spec, &[READER], Shape::Merged).expect("a cluster").acting();
    cluster.node(&first_cell(&cluster)).has_label("rack");
    let said = cluster.finish().err().expect("a breach").to_string();
    assert!(said.contains("somebody who is no reader reads the label rack of nodes"), "{said}");
}

/// An action that removes a pod from some node.
fn removal<'c>(cluster: &Cluster<'c>, mut next: State<'c>, why: Leaving) -> ActionDraft<'c> {
    let ctx = cluster.ctx();
    let everywhere: Vec<_> = cluster.cells(&cluster.state()).iter().map(|cell| cell.exists).collect();
    let (var, chosen, valid) = cluster.choose_cell("node", &everywhere);
    let change = |cell: &Cell<'c>| cluster.change(cell).delete(TemplateId(0), ctx.int(1), why);
    cluster.rewrite_one(&mut next, &chosen, change);
    ActionDraft::new("cheat acts", ActionKind::Periodic, ctx.bool(true), next).choosing(vec![var], valid)
}

fn act<'c>(cluster: &Cluster<'c>, draft: ActionDraft<'c>) {
    cluster.act(&kubelet::RULE, draft, Box::new(|_| Sentence::default()));
}

#[test]
fn an_eviction_carries_its_mark() {
    let said = caught(|cluster| act(cluster, removal(cluster, cluster.state(), Leaving::Evicted)));
    assert!(said.contains("`cheat acts` evicts pods of web-"), "{said}");
    assert!(said.contains("without the mark of it: mark it with `eviction_marks`"), "{said}");
    let honest = |cluster: &Cluster<'_>| {
        let marks = cluster.eviction_marks(|_| cluster.ctx().bool(true));
        act(cluster, removal(cluster, cluster.state(), Leaving::Evicted).marked(marks));
        act(cluster, removal(cluster, cluster.state(), Leaving::Deleted));
    };
    assert_eq!(caught(honest), "");
}

#[test]
fn deeds_are_not_lost_where_states_are_joined() {
    let said = caught(|cluster| {
        let (mut next, when) = (cluster.state(), cluster.cells(&cluster.state())[0].exists);
        next.replace_if(when, &removal(cluster, cluster.state(), Leaving::Evicted).next);
        act(cluster, ActionDraft::new("cheat joins", ActionKind::Periodic, when, next));
    });
    assert!(said.contains("`cheat joins` evicts pods"), "{said}");
}

#[test]
fn no_action_starts_from_a_state_that_lacks_variables() {
    let (ctx, spec) = (Ctx::new(), spec());
    let declaring = Declaring::new(&ctx, &spec, &[READER], Shape::Merged).expect("a cluster");
    let early = declaring.state();
    declaring.int("declared later", 0, 1, Some(0));
    let cluster = declaring.acting();
    act(&cluster, ActionDraft::new("hasty", ActionKind::Periodic, ctx.bool(true), early));
    let said = cluster.finish().err().expect("a breach").to_string();
    assert!(said.contains("`hasty` starts from a state that was taken before all state was declared"), "{said}");
}

#[test]
fn whoever_counts_pods_hears_of_departures() {
    let (ctx, spec) = (Ctx::new(), spec());
    let mut declaring = Declaring::new(&ctx, &spec, &[READER], Shape::Merged).expect("a cluster");
    let count = |what: &str| declaring.int(what, 0, 2, Some(2));
    let tally = Tally { workload: 0, ready_only: true, counted: count("counted"), kept: count("kept") };
    declaring.follow(tally);
    let cluster = declaring.acting();
    for why in [Leaving::Deleted, Leaving::EvictedBefore] {
        act(&cluster, removal(&cluster, cluster.state(), why));
    }
    act(&cluster, ActionDraft::new("nothing leaves", ActionKind::Periodic, ctx.bool(true), cluster.state()));
    let (builder, _) = cluster.finish().expect("no breach");
    let system = builder.finish(Interleaving::Settled);
    let touches = system.updates().map(|updates| updates.contains(&tally.kept.index())).collect::<Vec<bool>>();
    assert_eq!(touches, [true, true, false]);
}

/// A Deployment among nodes of a pool, of which there are one or three.
const POOL: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, resources: {requests: {cpu: "1"}}}]
---
apiVersion: kubound.dev/v1alpha1
kind: Scenario
spec:
  nodePools: [{name: worker, count: 3, template: {allocatable: {cpu: "4"}}}]
"#;

#[test]
fn whoever_takes_a_number_for_a_constant_is_named() {
    let spec = load_strings(&[("cluster.yaml", POOL)], LoadOptions::default()).expect("a valid cluster").spec;
    let replicas = |replicas: i64| [(spec.workloads[0].key.clone(), replicas)].into();
    let size = |nodes: i64| Size { pools: [("worker".to_owned(), nodes)].into(), replicas: replicas(nodes) };
    let sizes = Sizes::new(&[size(1), size(3)]);
    let reasons = |read: &dyn Fn(&Cluster<'_>)| {
        let ctx = Ctx::new();
        let cluster = Declaring::new(&ctx, &spec, &[], Shape::OfSizes(&sizes)).expect("a cluster").acting();
        read(&cluster);
        let (_, parts) = cluster.finish().expect("no breach");
        parts.depends_on_size.into_iter().map(|it| it.why).collect::<Vec<String>>()
    };
    assert_eq!(reasons(&|cluster| looked(cluster.numbers(|_| true).map(|nodes| nodes > 1))), [""; 0]);
    assert_eq!(reasons(&|cluster| looked(cluster.fixed_number(|_| true, "somebody counts"))), ["somebody counts"]);
    let compared = |cluster: &Cluster<'_>| {
        let many = cluster.numbers(|_| true).map(|nodes| nodes > 1);
        assert!(cluster.constant(&many, "somebody compares"), "what is said is true of the largest size");
    };
    assert_eq!(reasons(&compared), ["somebody compares"]);
    let owner = &spec.workloads[0];
    let said = reasons(&|cluster| looked(cluster.fixed_replicas(owner, "somebody remembers")));
    assert_eq!(said, ["replicas of web depend on it, and somebody remembers"]);
}
