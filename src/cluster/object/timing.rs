//! How long things take: what a scenario grants to controllers, kubelets, and those outside of the cluster.
//!
//! All times are whole seconds. What is not given is what upstream does by default, or common practice; what upstream
//! does not bound is not bounded. Times that objects and flags say themselves (sync periods, windows, tolerated times) are not
//! repeated here.

use std::fmt::{Display, Formatter, Result};

/// From when something may happen until it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// At least so many seconds.
    pub least: u32,
    /// At most so many; `None` where it may take for ever.
    pub most: Option<u32>,
}

impl Span {
    /// Anything, for ever included.
    pub const ANY: Span = Span { least: 0, most: None };

    /// Between two numbers of seconds.
    pub const fn within(least: u32, most: u32) -> Self {
        Span { least, most: Some(most) }
    }

    /// At least so many seconds.
    pub const fn at_least(least: u32) -> Self {
        Span { least, most: None }
    }
}

/// As scenarios write it: `0s..5s`, `65s..`, or `5m` where both ends are one.
impl Display for Span {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let least = shown(self.least);
        match self.most {
            None => write!(formatter, "{least}.."),
            Some(most) if most == self.least => write!(formatter, "{least}"),
            Some(most) => write!(formatter, "{least}..{}", shown(most)),
        }
    }
}

/// A number of seconds as Kubernetes writes durations, without what is zero: `15s`, `5m`, `1m5s`, `2h`.
pub fn shown(seconds: u32) -> String {
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let parts: String = parts.iter().filter(|(number, _)| *number > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts }
}

/// A pod's grace period, unless it says another, in seconds.
pub const GRACE: u32 = 30;

/// What a node's maintenance takes at least, in seconds: it restarts.
pub const MAINTENANCE: u32 = 60;

/// Seconds after which a node is missed whose kubelet is silent (`--node-monitor-grace-period`), by default.
pub const NODE_MONITOR_GRACE: u32 = 50;

/// The interval of a descheduler of which nothing is known, in seconds: that of its chart.
pub const DESCHEDULING: u32 = 300;

/// What a scenario says of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// What event-driven controllers and the scheduler take to act. Upstream: milliseconds to seconds.
    pub reaction: Span,
    /// From a pod's binding until it is ready.
    pub pod_start: Span,
    /// From a pod's deletion until it is gone; `None`: up to its own grace period, and as long as a reaction.
    pub termination: Option<Span>,
    /// The scheduler's back-off for a pod that did not fit. Upstream: 1 to 10 s.
    pub scheduling_backoff: Span,
    /// What controllers that make pods wait after they were refused, or pods of a Job failed. Upstream: up to 1000 s (ReplicaSets and
    /// alike) and 10 min (Jobs).
    pub controller_backoff: Span,
    /// How long a kubelet may be silent before its node is taken for lost.
    pub node_monitor_grace: u32,
    /// The interval of a descheduler. `None`: of its CronJob or Deployment, where that is known, else [`DESCHEDULING`].
    pub descheduling: Option<u32>,
    /// What passes before a maintenance step since one began, or ended.
    pub pause: Span,
    /// What passes between two commands.
    pub commands: Span,
    /// How long a load stays.
    pub load: Span,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            reaction: Span::within(0, 5),
            pod_start: Span::within(1, 60),
            termination: None,
            scheduling_backoff: Span::within(1, 10),
            controller_backoff: Span::within(0, 1000),
            node_monitor_grace: NODE_MONITOR_GRACE,
            descheduling: None,
            pause: Span::at_least(MAINTENANCE),
            commands: Span::ANY,
            load: Span::ANY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_kubernetes_writes_them() {
        let all = [0, 15, 60, 65, 300, 3600, 3605, 7260, 86_400].map(shown);
        assert_eq!(all, ["0s", "15s", "1m", "1m5s", "5m", "1h", "1h5s", "2h1m", "24h"]);
    }

    #[test]
    fn spans_are_as_scenarios_write_them() {
        let spans = [Span::within(0, 5), Span::at_least(65), Span::within(300, 300), Span::ANY, Span::within(5, 90)];
        assert_eq!(spans.map(|span| span.to_string()), ["0s..5s", "1m5s..", "5m", "0s..", "5s..1m30s"]);
    }
}
