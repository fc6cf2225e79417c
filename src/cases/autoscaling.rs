//! c1 and c2: the autoscaler against start-up load, and against `kubectl apply`.

use super::File;
use super::manifests::{App, POD_SIZE, autoscaler, file, members, pool, scenario};

/// c1. Utilization of a starting pod is 100 % of its request, that of a calm one 37.5 %.
pub fn startup_load(scale: usize, fixed: bool) -> Vec<File> {
    let min = (scale / 5).max(1);
    let target = if fixed { 100 } else { 50 };
    let rest = "  loads:\n  - target: deployment/web\n    range: 3..3\n    initial: 3\n    changes: never\n    \
                startup:\n    - {until: 60s, usage: 8}\n  \
                properties:\n  - {name: no-replica-oscillation, threshold: 3}\n  bound: 12\n";
    vec![
        file("web.yaml", App::new("web", min, POD_SIZE).manifest(true)),
        file("hpa.yaml", autoscaler("web", min, 2 * scale, target)),
        scenario("c1", &pool("node", scale, ""), rest),
    ]
}

/// c2. One pod runs on each node, as the autoscaler wants.
pub fn apply_without_replicas(scale: usize, fixed: bool) -> Vec<File> {
    let app = App::new("web", scale, POD_SIZE);
    let rest = "  loads:\n  - target: deployment/web\n    range: 4..4\n    initial: 4\n    changes: never\n  \
                commands:\n  - apply: web.yaml\n  properties: [min-replicas]\n  bound: 10\n";
    vec![
        file("cluster.yaml", format!("{}---\n{}", app.running(!fixed), app.pods(&members("node", scale)))),
        file("hpa.yaml", autoscaler("web", scale, scale + 2, 50)),
        file("web.yaml", app.manifest(false)),
        scenario("c2", &pool("node", scale, ""), rest),
    ]
}
