//! What a file of `encodings/` says about the decision that it writes: which one it is, whom it follows, how exactly, and
//! where it stands.
//!
//! Every file that decides something declares one [`Rule`] with `rule!`. Actions, refusals and scores carry it, so
//! that a counterexample names the rules that decided it; the tables of `docs/semantics.md` are made of them. This is
//! the one place for these facts: module documentation says how the code goes about it.

/// Whose decision a rule is: what heads a table in `docs/semantics.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// kube-scheduler, but for preemption.
    Scheduler,
    /// Preemption by kube-scheduler.
    Preemption,
    /// The Deployment controller.
    Deployment,
    /// The ReplicaSet controller.
    ReplicaSet,
    /// The API server's admission of pods.
    Admission,
    /// The StatefulSet controller.
    StatefulSet,
    /// The DaemonSet controller.
    DaemonSet,
    /// The Job and CronJob controllers.
    Job,
    /// The HorizontalPodAutoscaler controller.
    Autoscaler,
    /// VerticalPodAutoscalers.
    VerticalAutoscaler,
    /// The cluster autoscaler.
    NodeAutoscaler,
    /// Karpenter.
    Karpenter,
    /// KEDA.
    Keda,
    /// Argo CD.
    ArgoCd,
    /// Flux.
    Flux,
    /// The kubelet.
    Kubelet,
    /// The taint eviction controller.
    TaintEviction,
    /// The node lifecycle controller.
    NodeLifecycle,
    /// The pod garbage collector.
    PodCollector,
    /// The eviction API and the disruption controller.
    Disruption,
    /// The descheduler.
    Descheduler,
    /// What pods use.
    Load,
    /// Nodes that fail.
    NodeFailure,
    /// Nodes that panic when they are full.
    Overload,
    /// Maintenance and commands.
    Users,
    /// Controllers alone, with a clock.
    Clocked,
}

impl Component {
    /// All, in the order of `docs/semantics.md`.
    pub const ALL: [Component; 26] = [
        Component::Scheduler,
        Component::Preemption,
        Component::Deployment,
        Component::ReplicaSet,
        Component::Admission,
        Component::StatefulSet,
        Component::DaemonSet,
        Component::Job,
        Component::Autoscaler,
        Component::VerticalAutoscaler,
        Component::NodeAutoscaler,
        Component::Karpenter,
        Component::Keda,
        Component::ArgoCd,
        Component::Flux,
        Component::Kubelet,
        Component::TaintEviction,
        Component::NodeLifecycle,
        Component::PodCollector,
        Component::Disruption,
        Component::Descheduler,
        Component::Load,
        Component::NodeFailure,
        Component::Overload,
        Component::Users,
        Component::Clocked,
    ];

    /// Its name, which is the heading in `docs/semantics.md`.
    pub fn name(self) -> &'static str {
        match self {
            Component::Scheduler => "kube-scheduler",
            Component::Preemption => "Preemption",
            Component::Deployment => "Deployment controller",
            Component::ReplicaSet => "ReplicaSet controller",
            Component::Admission => "Admission",
            Component::StatefulSet => "StatefulSet controller",
            Component::DaemonSet => "DaemonSet controller",
            Component::Job => "Job and CronJob controllers",
            Component::Autoscaler => "HorizontalPodAutoscaler",
            Component::VerticalAutoscaler => "VerticalPodAutoscaler",
            Component::NodeAutoscaler => "Cluster autoscaler",
            Component::Karpenter => "Karpenter",
            Component::Keda => "KEDA",
            Component::ArgoCd => "Argo CD",
            Component::Flux => "Flux",
            Component::Kubelet => "kubelet",
            Component::TaintEviction => "Taint eviction",
            Component::NodeLifecycle => "Node lifecycle",
            Component::PodCollector => "Pod garbage collection",
            Component::Disruption => "Evictions and PodDisruptionBudgets",
            Component::Descheduler => "Descheduler",
            Component::Load => "Load",
            Component::NodeFailure => "Node failure",
            Component::Overload => "Node overload",
            Component::Users => "Maintenance and user commands",
            Component::Clocked => "Controllers with a clock",
        }
    }

    /// The project whose code its rules follow, and the version.
    fn upstream(self) -> (&'static str, &'static str) {
        match self {
            Component::Descheduler => ("descheduler", "v0.36"),
            Component::VerticalAutoscaler => ("vertical-pod-autoscaler", "1.7"),
            Component::NodeAutoscaler => ("cluster-autoscaler", "v1.34"),
            Component::Karpenter => ("Karpenter", "v1.14"),
            Component::Keda => ("KEDA", "v2.20"),
            Component::ArgoCd => ("Argo CD", "v3.6"),
            Component::Flux => ("Flux", "v2.9"),
            _ => ("Kubernetes", "v1.34"),
        }
    }
}

/// One decision.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, after that of a group: `scheduler/PodTopologySpread`.
    pub id: &'static str,
    /// Whose decision it is.
    pub component: Component,
    /// The code that it follows; empty if the decision is one of ours.
    pub upstream: &'static [Upstream],
    /// What it decides, in a sentence or two.
    pub decides: &'static str,
    /// Its parts, and how each stands to upstream.
    pub parts: &'static [Part],
    /// What is left out.
    pub omits: &'static [Omission],
    /// Where it is declared.
    pub source: Source,
}

impl Rule {
    /// The last part of its id: the name of a plugin, where it is one.
    pub fn name(&self) -> &'static str {
        self.id.rsplit('/').next().unwrap_or(self.id)
    }

    /// The first sentence of what it decides.
    pub fn gist(&self) -> &'static str {
        self.decides.find(". ").map_or(self.decides, |end| &self.decides[..=end])
    }

    /// The project that it follows and its version; `None` if the decision is one of ours.
    pub fn version(&self) -> Option<(&'static str, &'static str)> {
        (!self.upstream.is_empty()).then(|| self.component.upstream())
    }
}

/// A file of upstream.
#[derive(Debug, PartialEq, Eq)]
pub struct Upstream {
    /// From the root of its repository.
    pub file: &'static str,
    /// The functions that are followed; empty if it is all of the file.
    pub functions: &'static [&'static str],
}

/// A part of a decision.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub what: &'static str,
    /// How it stands to upstream: `exact`, `over`, `approximate`, `differs`, and what there is to add.
    pub stands: &'static str,
}

/// What is left out.
#[derive(Debug, PartialEq, Eq)]
pub struct Omission {
    /// What does not happen in the model.
    pub what: &'static str,
    /// What happens instead, or why it does not matter.
    pub instead: Option<&'static str>,
}

/// A place in our code.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    file: &'static str,
    /// Of the declaration, from 1.
    pub line: u32,
}

impl Source {
    /// The place that `file!` and `line!` name.
    pub const fn new(file: &'static str, line: u32) -> Self {
        Source { file, line }
    }

    /// The file, from the root of the package. The compiler names it by way of the root of the crate.
    pub fn file(&self) -> &'static str {
        self.file.rsplit("../").next().unwrap_or(self.file)
    }
}

/// Rules without repetitions, in order of their first occurrence.
pub fn distinct(rules: impl IntoIterator<Item = &'static Rule>) -> Vec<&'static Rule> {
    let mut found: Vec<&'static Rule> = Vec::new();
    for rule in rules {
        if !found.iter().any(|known| known.id == rule.id) {
            found.push(rule);
        }
    }
    found
}

/// Declares the [`Rule`] of the file that it stands in. Parts are `"what" => "how it stands to upstream"`, omissions
/// `"what"` or `"what" => "what happens instead"`.
macro_rules! rule {
    {
        id: $id:literal,
        component: $component:ident,
        $(upstream: [$($file:literal => [$($function:literal),* $(,)?]),* $(,)?],)?
        decides: $decides:literal,
        $(parts: [$($part:literal => $stands:literal),* $(,)?],)?
        $(omits: [$($omitted:literal $(=> $instead:literal)?),* $(,)?],)?
    } => {
        $crate::cluster::view::rule::Rule {
            id: $id,
            component: $crate::cluster::view::rule::Component::$component,
            upstream: &[$($($crate::cluster::view::rule::Upstream { file: $file, functions: &[$($function),*] }),*)?],
            decides: $decides,
            parts: &[$($($crate::cluster::view::rule::Part { what: $part, stands: $stands }),*)?],
            omits: &[$($($crate::cluster::view::rule::Omission {
                what: $omitted,
                instead: rule!(@instead $($instead)?),
            }),*)?],
            source: $crate::cluster::view::rule::Source::new(file!(), line!()),
        }
    };
    (@instead) => { None };
    (@instead $instead:literal) => { Some($instead) };
}
pub(crate) use rule;
