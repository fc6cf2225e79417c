//! What to look for at the end: a function `look` of the script, and the same in words. It is about what the property says,
//! as far as kubectl shows it.

use crate::check::SavedTrace;
use crate::check::standing::NodeStanding;
use crate::cluster::object::spec::Workload;

use super::deeds::{home_and_name, pods};
use super::shell;
use super::story::Stage;

/// What to look for.
pub struct Evidence {
    /// In words.
    pub says: String,
    /// What is noted at each look at the cluster: lines of the function `note`.
    pub notes: Vec<String>,
    /// Lines of the function `look`, which looks.
    pub looks: Vec<String>,
    /// The condition under which it is there.
    pub condition: String,
}

/// What to look for where a property was broken.
pub fn of(stage: &Stage<'_>, trace: &SavedTrace) -> Evidence {
    let workload = stage.led.subject.map(|index| (index, &stage.cluster.workloads[index]));
    let Some((index, workload)) = workload else { return of_cluster(stage, &trace.property) };
    let key = &workload.key;
    match trace.property.as_str() {
        "pods-schedulable" => waiting(workload),
        "min-replicas" | "expected-replicas" => fewer(workload, stage.led.end.up(index)),
        "no-replica-oscillation" => turning(workload, trace, stage),
        "drain-completes" => undrained(stage, workload),
        "rollout-completes" => stuck(stage, workload),
        "spread-balanced" => skewed(stage, workload, &trace.subject),
        "no-eviction-loop" => again_and_again("pods", format!("pods of {key} are made again in every round"), workload),
        _ => unseen(&format!("`{}` of {key} is nothing that kubectl shows with KWOK", trace.property)),
    }
}

/// Of properties of the whole cluster.
fn of_cluster(stage: &Stage<'_>, property: &str) -> Evidence {
    match property {
        "settles" => Evidence {
            says: "controllers do not come to rest".to_owned(),
            notes: Vec::new(),
            looks: Vec::new(),
            condition: "((rested == 0))".to_owned(),
        },
        "no-node-oscillation" => {
            let notes = vec!["note_nodes".to_owned()];
            rounds("nodes", "nodes come and go in every round".to_owned(), notes)
        }
        "no-node-overload-loop" | "no-eviction-loop" => {
            let scaled = stage.cluster.workloads.iter().filter(|it| it.kind.has_scale());
            let notes = scaled.map(|workload| format!("note_pods {}", pods(workload))).collect();
            rounds("pods", "pods are evicted and made again in every round".to_owned(), notes)
        }
        other => unseen(&format!("`{other}` is nothing that kubectl shows with KWOK")),
    }
}

fn note(workload: &Workload) -> String {
    format!("note_pods {}", pods(workload))
}

fn say(text: &str, number: &str) -> String {
    format!("say {}\"{number}\"", shell::shown(&format!("{text}: ")))
}

fn waiting(workload: &Workload) -> Evidence {
    let (key, of) = (&workload.key, pods(workload));
    let (namespace, name) = home_and_name(workload);
    let mut looks = vec![
        "local waiting missing=0".to_owned(),
        format!("waiting=$(unschedulable {of})"),
        say(&format!("Pods of {key} that fit nowhere"), "$waiting"),
    ];
    if workload.kind.has_scale() {
        looks.push(format!("missing=$(k -n {namespace} get {name} -o jsonpath='{{.spec.replicas}}')"));
        looks.push(format!("missing=$((${{missing:-0}} - $(existing {of})))"));
        looks.push(say(&format!("Pods of {key} that nobody makes"), "$missing"));
    }
    let says = format!("pods of {key} stay Pending with reason Unschedulable, or are refused by a quota");
    let condition = "((waiting > 0 || missing > 0))".to_owned();
    Evidence { says, notes: vec![note(workload)], looks, condition }
}

fn fewer(workload: &Workload, number: i64) -> Evidence {
    let key = &workload.key;
    let looks = vec![
        "local low".to_owned(),
        "low=$(least)".to_owned(),
        say(&format!("Fewest pods of {key} on nodes that were seen since the last step from outside"), "$low"),
    ];
    Evidence {
        says: format!("{key} has {number} pods on nodes or fewer at some time"),
        notes: vec![note(workload)],
        looks,
        condition: format!("((low <= {number}))"),
    }
}

fn turning(workload: &Workload, trace: &SavedTrace, stage: &Stage<'_>) -> Evidence {
    let own = stage.cluster.scenario.properties.iter().find(|it| it.name == trace.property);
    let threshold = own.and_then(|it| it.arguments.get("threshold")?.parse::<u32>().ok()).unwrap_or(1);
    let (namespace, name) = home_and_name(workload);
    let says = format!("spec.replicas of {} rises and falls with no change from outside", workload.key);
    let looks =
        vec!["say \"Sizes since the last step from outside: $(uniq \"$work/sizes\" | tr '\\n' ' ')\"".to_owned()];
    let condition = format!("turns_round {threshold}");
    Evidence { says, notes: vec![format!("note_size {namespace} {name}")], looks, condition }
}

fn undrained(stage: &Stage<'_>, workload: &Workload) -> Evidence {
    let index = stage.led.subject;
    let holds = |node: &&NodeStanding| node.cordoned && node.pods.iter().any(|pods| Some(pods.workload) == index);
    let nodes: Vec<&str> = stage.led.end.nodes.iter().filter(holds).map(|node| node.name.as_str()).collect();
    let condition = format!("awk -F '\\t' -v nodes={} '", shell::word(&nodes.join(" ")));
    let looks = vec![
        "local left".to_owned(),
        format!("left=$(pods {} | {condition}", pods(workload)),
        "  BEGIN { n = split(nodes, part, \" \"); for (i = 1; i <= n; i++) drained[part[i]] }".to_owned(),
        "  $3 in drained && $6 == \"\" { left++ }".to_owned(),
        "  END { print left + 0 }')".to_owned(),
        say(&format!("Pods of {} on nodes that are drained ({})", workload.key, nodes.join(", ")), "$left"),
    ];
    let says = format!("pods of {} stay on {}, whose drain never ends", workload.key, nodes.join(", "));
    Evidence { says, notes: Vec::new(), looks, condition: "((left > 0))".to_owned() }
}

fn stuck(stage: &Stage<'_>, workload: &Workload) -> Evidence {
    let (namespace, name) = home_and_name(workload);
    let seconds = stage.cluster.workloads.iter().map(|it| it.min_ready_seconds).max().unwrap_or(0) + 30;
    let condition = format!("! k -n {namespace} rollout status {name} --timeout={seconds}s");
    let says = format!("the rollout of {} does not end", workload.key);
    Evidence { says, notes: Vec::new(), looks: Vec::new(), condition }
}

fn skewed(stage: &Stage<'_>, workload: &Workload, subject: &str) -> Evidence {
    let key = &workload.key;
    let template = workload.revisions[workload.current].template.spec.as_ref();
    let constraints = template.and_then(|spec| spec.topology_spread_constraints.as_ref()).into_iter().flatten();
    let own = constraints.map(|it| (i64::from(it.max_skew), it.topology_key.clone()));
    let asked =
        stage.cluster.scenario.properties.iter().filter_map(|it| {
            Some((it.arguments.get("maxSkew")?.parse().ok()?, it.arguments.get("topologyKey")?.clone()))
        });
    let is_it = |(skew, topology): &(i64, String)| subject == format!("{key}: maxSkew {skew} over {topology}");
    let Some((most, topology)) = own.chain(asked).find(is_it) else {
        return unseen(&format!("the constraint of {key} is not known any more"));
    };
    let looks = vec![
        "local difference".to_owned(),
        format!("difference=$(skew {} {})", pods(workload), shell::word(&topology)),
        say(&format!("Pods of {key}: the most less the fewest in a domain of {topology}"), "$difference"),
    ];
    Evidence {
        says: format!("domains of {topology} differ by more than {most} pods of {key}"),
        notes: Vec::new(),
        looks,
        condition: format!("((difference > {most}))"),
    }
}

fn again_and_again(what: &str, says: String, workload: &Workload) -> Evidence {
    rounds(what, says, vec![note(workload)])
}

/// Something that there is more of after every round of a loop.
fn rounds(what: &str, says: String, notes: Vec<String>) -> Evidence {
    let looks = vec![format!("say \"New {what} came in $grown of $round rounds\"")];
    Evidence { says, notes, looks, condition: "((round > 0 && grown == round))".to_owned() }
}

fn unseen(says: &str) -> Evidence {
    let looks = vec![super::deeds::cannot(says)];
    Evidence { says: says.to_owned(), notes: Vec::new(), looks, condition: "false".to_owned() }
}

/// What is counted round by round.
pub fn counted(property: &str) -> &'static str {
    if property == "no-node-oscillation" { "nodes" } else { "pods" }
}
