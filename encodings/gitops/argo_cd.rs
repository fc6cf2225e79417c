//! Argo CD with self-heal.
//!
//! An Application is compared with Git all the time. Of its objects those that differ are synced again, each as a whole:
//! what `ignoreDifferences` names is no reason to sync, and is written all the same, unless `RespectIgnoreDifferences` is set.

use crate::cluster::object::gitops::Field;
use crate::cluster::view::rule::{Rule, rule};

use super::Written;

/// What this file decides.
pub static RULE: Rule = rule! {
    id: "argocd/self-heal",
    component: ArgoCd,
    upstream: [
        "controller/appcontroller.go" => ["autoSync"],
        "controller/sync.go" => ["normalizeTargetResources"],
        "docs/user-guide/auto_sync.md" => [],
        "docs/user-guide/diffing.md" => [],
        "docs/user-guide/sync-options.md" => [],
    ],
    decides: "An Application with `automated.selfHeal` puts back the pod template and `spec.replicas` of the workloads \
        that it declares, and makes those again that were deleted.",
    parts: [
        "what differs from Git: all workloads of the Application that do are synced at once, at any time, again and again" =>
            "exact; the back-off between attempts is time",
        "a field that Git does not give" => "exact: it stays as it is, but for a workload that is made again",
        "`ignoreDifferences` by `jsonPointers` and `jqPathExpressions`: no reason to sync, and written along with others \
         unless `RespectIgnoreDifferences` is set" => "exact for `spec.replicas` and the whole pod template",
        "`managedFieldsManagers`" =>
            "of kube-controller-manager: `spec.replicas` of an autoscaled workload are ignored, also when a user changed them",
        "applications without self-heal, suspended or with manual sync" => "put nothing back",
    ],
    omits: [
        "`ignoreDifferences` of parts of a pod template, which is put back as a whole",
        "other fields and other kinds: nobody in the model changes them",
        "commits, hooks and waves, sync windows, pruning, syncs that fail",
        "`spec.replicas` that a user applied although Git does not give them: they stay",
    ],
};

/// When a field that Git gives is written.
pub fn written<T>(field: &Field<T>, respects_ignored: bool) -> Written {
    match (field.ignored, respects_ignored) {
        (false, _) => Written::OnDrift,
        (true, false) => Written::Along,
        (true, true) => Written::AtCreation,
    }
}
