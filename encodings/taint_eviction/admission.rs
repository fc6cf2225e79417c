//! Tolerations that every pod gets.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::cluster::object::selector;
use crate::cluster::view::rule::{Rule, rule};

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "taint-eviction/admission",
    component: TaintEviction,
    upstream: [
        "plugin/pkg/admission/defaulttolerationseconds/admission.go" => ["Admit"],
    ],
    decides: "Pods that say nothing of nodes that are not ready or unreachable tolerate both for 300 s.",
    parts: [
        "nodes that are down: 300 s unless pods say otherwise" =>
            "exact; they carry `unreachable`, or `not-ready` where pods tolerate the other for ever",
    ],
};

/// The taint of nodes whose kubelet says that they are not ready.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// The taint of nodes whose kubelet no longer says anything.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// How long pods stay that say nothing about nodes that are down, in seconds.
const DEFAULT_TOLERATION_SECONDS: i64 = 300;

/// A NoExecute taint without a value.
pub fn no_execute(key: &str) -> Taint {
    selector::taint(key, "NoExecute")
}

/// A pod's tolerations once it is admitted: its own, and those for nodes that are down where it has none.
pub fn admitted(own: &[Toleration]) -> Vec<Toleration> {
    let missing = [NOT_READY, UNREACHABLE].into_iter().filter(|key| !own.iter().any(|it| speaks_of(it, key)));
    own.iter().cloned().chain(missing.map(default_toleration)).collect()
}

fn speaks_of(toleration: &Toleration, key: &str) -> bool {
    let is = |given: Option<&str>, wanted: &str| matches!(given, None | Some("")) || given == Some(wanted);
    is(toleration.key.as_deref(), key) && is(toleration.effect.as_deref(), "NoExecute")
}

fn default_toleration(key: &str) -> Toleration {
    Toleration {
        key: Some(key.to_owned()),
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        toleration_seconds: Some(DEFAULT_TOLERATION_SECONDS),
        value: None,
    }
}
