//! PodDisruptionBudgets, as objects: whose pods they are about.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::selector::{self, Labels};

/// Whether a budget selects pods with these labels.
pub fn selects(budget: &PodDisruptionBudget, namespace: &str, labels: &Labels) -> bool {
    let own = budget.metadata.namespace.as_deref().unwrap_or("default");
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    own == namespace && selector.is_some_and(|selector| selector::matches(selector, labels))
}
