//! Rollouts of a Deployment that is resized on the way, on both engines.

mod support;

use kubound::engine::explicit::Explicit;
use kubound::engine::smt::Smt;
use kubound::input::{self, Loaded};

use support::{Answer, check, model, slice};

/// A Deployment of four pods that may start slowly; its template changes, its replicas become six and then `replicas`.
fn load(strategy: &str, replicas: i64) -> Loaded {
    let deployment = |image: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: 4, strategy: {strategy}, \
             selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, \
             spec: {{containers: [{{name: web, image: {image}}}]}}}}}}}}\n"
        )
    };
    let scenario = format!(
        "apiVersion: kubound.dev/v1alpha1\nkind: Scenario\nspec:\n  nodePools:\n  \
         - {{name: worker, count: 2, template: {{allocatable: {{cpu: \"4\"}}}}}}\n  slowStart: [deployment/web]\n  \
         commands:\n  - apply: {}  - scale: {{target: deployment/web, replicas: 6}}\n  \
         - scale: {{target: deployment/web, replicas: {replicas}}}\n  properties: [rollout-completes, settles]\n",
        deployment("\"web:2\"")
    );
    let files = [("web.yaml", deployment("\"web:1\"")), ("scenario.yaml", scenario)];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    input::load_strings(&files, Default::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn they_complete_however_they_are_resized() {
    let strategies = [
        "{rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}",
        "{rollingUpdate: {maxSurge: 0, maxUnavailable: 2}}",
        "{type: Recreate}",
    ];
    for strategy in strategies {
        for replicas in [2, 4] {
            let loaded = load(strategy, replicas);
            let model = model(&loaded);
            let slice = slice(&model);
            assert_eq!(check(&Explicit, &model, &slice, 40).0, Answer::Holds, "{strategy}, {replicas}");
            assert_eq!(check(&Smt::default(), &model, &slice, 3).0, Answer::Holds, "{strategy}, {replicas}");
        }
    }
}
