//! How long things take: what a scenario grants to controllers, kubelets, and those outside of the cluster.
//!
//! All times are whole seconds. What is not given is what upstream does by default, or common practice; what upstream
//! does not bound is not bounded. Times that objects and flags say themselves (sync periods, windows, tolerated times) are not
//! repeated here.

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
    /// The interval of a descheduler. `None`: of its CronJob or Deployment, where that is known, else 5 min.
    pub descheduling: Option<u32>,
    /// What passes between the beginnings of two maintenance steps.
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
            descheduling: None,
            pause: Span::ANY,
            commands: Span::ANY,
            load: Span::ANY,
        }
    }
}
