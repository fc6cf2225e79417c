//! Controllers that put back what Git says.

use crate::cases::Make::Sized;
use crate::cases::manifests::{App, autoscaler, file};
use crate::cases::scale::Scale;
use crate::cases::{Case, File, Suite};

use super::manifests::{Pool, scenario};

/// The cases.
pub const CASES: [Case; 1] = [Case {
    id: "createmod1097",
    suite: Suite::Failures,
    title: "Git and an autoscaler disagree about the replicas",
    story: "Git says two replicas of web, and Argo CD puts back whatever differs from Git. The autoscaler says at least four. It \
            scales up, Argo CD scales down, and pods are made and killed in a loop (uberswe/createmod.com pull request 1097).",
    fix: "The manifest in Git does not mention replicas.",
    properties: &["no-replica-oscillation"],
    make: Sized(replicas_in_git),
}];

fn replicas_in_git(scale: Scale, fixed: bool) -> Vec<File> {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\nspec:\n  \
                       project: default\n  \
                       source: {repoURL: \"https://example.com/shop.git\", path: deploy, targetRevision: main}\n  \
                       destination: {server: \"https://kubernetes.default.svc\", namespace: default}\n  \
                       syncPolicy:\n    automated: {selfHeal: true}\n";
    let rest = "  loads:\n  - {target: deployment/web, range: 2..14}\n  gitops:\n  \
                - {tool: argocd, name: shop, targets: [deployment/web]}\n  properties: [no-replica-oscillation]\n  bound: 5\n";
    vec![
        file("web.yaml", App::new("web", 2, 24).manifest(!fixed)),
        file("hpa.yaml", autoscaler("web", 4, 8, 80)),
        file("application.yaml", application),
        scenario("createmod1097", scale, &[Pool::new("node", "scale")], rest),
    ]
}
