//! DaemonSets: the nodes that they are meant for, what their controller adds to pods, and how many pods an update may touch.
//!
//! Reference: `pkg/controller/daemon/daemon_controller.go` (`NodeShouldRunDaemonPod`),
//! `pkg/controller/daemon/util/daemonset_util.go` (v1.34).

use k8s_openapi::api::apps::v1::{DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::api::core::v1::{PodSpec, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::selector::{self, HARD_EFFECTS};

/// Taints that the controller lets pods tolerate, with their effects; the last one of pods in the node's network only.
const TOLERATED: [(&str, &str); 7] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ("node.kubernetes.io/network-unavailable", "NoSchedule"),
];

/// Adds the tolerations that the controller gives to its pods. One that differs in its time only is replaced.
pub fn tolerate(pod: &mut PodSpec) {
    let count = if pod.host_network.unwrap_or(false) { TOLERATED.len() } else { TOLERATED.len() - 1 };
    let tolerations = pod.tolerations.get_or_insert_default();
    for (key, effect) in &TOLERATED[..count] {
        let added = Toleration {
            key: Some((*key).to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some((*effect).to_owned()),
            ..Toleration::default()
        };
        let is_same = |it: &&mut Toleration| Toleration { toleration_seconds: None, ..(**it).clone() } == added;
        match tolerations.iter_mut().find(is_same) {
            Some(known) => *known = added,
            None => tolerations.push(added),
        }
    }
}

/// Whether a pod is to be made for a node with these taints, given whether the template's selector and affinity match it.
pub fn is_wanted(pod: &PodSpec, matches: bool, taints: &[Taint]) -> bool {
    matches && tolerates(pod, taints, &HARD_EFFECTS)
}

/// Whether a pod that is there may stay.
pub fn may_stay(pod: &PodSpec, matches: bool, taints: &[Taint]) -> bool {
    matches && tolerates(pod, taints, &["NoExecute"])
}

/// Whether a node that is down gets no new pod: its taint is not tolerated, unless the template says otherwise.
pub fn avoids_nodes_that_are_down(pod: &PodSpec) -> bool {
    !tolerates(pod, &[selector::taint("node.kubernetes.io/not-ready", "NoSchedule")], &HARD_EFFECTS)
}

fn tolerates(pod: &PodSpec, taints: &[Taint], effects: &[&str]) -> bool {
    let tolerations = pod.tolerations.as_deref().unwrap_or_default();
    selector::untolerated(tolerations, taints, effects).next().is_none()
}

/// The update strategy that the API server would store.
pub fn strategy(given: Option<&DaemonSetUpdateStrategy>) -> DaemonSetUpdateStrategy {
    let mut strategy = given.cloned().unwrap_or_default();
    if strategy.type_.as_deref() == Some("OnDelete") {
        return strategy;
    }
    strategy.type_ = Some("RollingUpdate".to_owned());
    let rolling = strategy.rolling_update.get_or_insert_with(RollingUpdateDaemonSet::default);
    rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
    rolling.max_surge.get_or_insert(IntOrString::Int(0));
    strategy
}

/// What an update does to pods of other revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update<'s> {
    /// Nothing: users delete them.
    OnDelete,
    /// They are deleted, so many nodes at a time without an available pod; `None` stands for none.
    Replacing(&'s IntOrString),
    /// New ones are made beside them first, on so many nodes at a time.
    Surging(&'s IntOrString),
}

/// No node at a time.
const NONE: IntOrString = IntOrString::Int(0);

impl<'s> Update<'s> {
    /// What a strategy with its defaults says.
    pub fn of(strategy: &'s DaemonSetUpdateStrategy) -> Self {
        let Some(rolling) = &strategy.rolling_update else { return Update::OnDelete };
        match &rolling.max_surge {
            Some(surge) if !is_zero(surge) => Update::Surging(surge),
            _ => Update::Replacing(rolling.max_unavailable.as_ref().unwrap_or(&NONE)),
        }
    }

    /// On how many of the nodes that want a pod it may be at work at a time: percentages are rounded up, and 0 unavailable
    /// without a surge is 1.
    pub fn limit(&self, wanted: i64) -> i64 {
        match self {
            Update::OnDelete => 0,
            Update::Replacing(number) => scaled(number, wanted).max(1),
            Update::Surging(number) => scaled(number, wanted),
        }
    }
}

fn is_zero(value: &IntOrString) -> bool {
    scaled(value, 100) == 0
}

/// A number, or a percentage of `total` rounded up; 0 for other strings.
fn scaled(value: &IntOrString, total: i64) -> i64 {
    match value {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => {
            let percent = text.strip_suffix('%').and_then(|percent| percent.parse::<i64>().ok()).unwrap_or(0);
            (percent * total + 99).div_euclid(100)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_or_percentages_rounded_up() {
        let percent = |text: &str| IntOrString::String(text.to_owned());
        assert_eq!(Update::Replacing(&percent("50%")).limit(3), 2);
        assert_eq!(Update::Replacing(&IntOrString::Int(0)).limit(3), 1);
        assert_eq!(Update::Surging(&percent("10%")).limit(5), 1);
        assert_eq!(Update::OnDelete.limit(5), 0);
        let given = DaemonSetUpdateStrategy::default();
        assert_eq!(Update::of(&strategy(Some(&given))), Update::Replacing(&IntOrString::Int(1)));
    }

    #[test]
    fn pods_tolerate_what_their_controller_says() {
        let limited = Toleration {
            key: Some("node.kubernetes.io/unreachable".to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some("NoExecute".to_owned()),
            toleration_seconds: Some(30),
            value: None,
        };
        let mut pod = PodSpec { tolerations: Some(vec![limited]), ..PodSpec::default() };
        tolerate(&mut pod);
        let tolerations = pod.tolerations.as_deref().unwrap_or_default();
        assert_eq!(tolerations.len(), 6);
        assert!(!selector::leave_nodes_that_are_down(tolerations));
        assert!(is_wanted(&pod, true, &[selector::taint("node.kubernetes.io/unschedulable", "NoSchedule")]));
        assert!(!is_wanted(&pod, true, &[selector::taint("special", "NoSchedule")]));
        assert!(may_stay(&pod, true, &[selector::taint("special", "NoSchedule")]));
        assert!(avoids_nodes_that_are_down(&pod));
    }
}
