//! Iterative deepening over an unrolling, with any solver.
//!
//! It begins as an enumeration, which costs nothing while states are few. Where it becomes wide, the unrolling starts
//! again with few branches, so that the choices of different branches share their terms from the beginning: thousands of
//! branches that each become symbolic on their own are the worst of both. What the enumeration covered stays covered.
//!
//! Histories only matter where there are loops that span blocks, and are only cheap where branches are few. So with
//! more branches the enumeration does without; should it cross itself in such a loop, it begins again with
//! histories, and then finds the shortest.
//!
//! References: Biere, Cimatti, Clarke and Zhu, "Symbolic model checking without BDDs", TACAS 1999; Korf, "Depth-first
//! iterative-deepening: an optimal admissible tree search", Artificial Intelligence 27(1), 1985.

use std::time::Duration;

use crate::engine::induction::{self, Prover};
use crate::engine::overlap::Paused;
use crate::engine::sat::certificate::Certificate;
use crate::engine::unroll::{Answer, Finding, Hazard, Limits, Memory, Oracle, Stop, Unroller, Work};
use crate::engine::{Extent, Outcome, Progress, Statistics, UnknownReason, Verdict, Watch};
use crate::system::{PropertyId, System, replay};
use crate::term::{Arena, TermId, Valuation};

/// Counts the questions put to a solver, and answers those without variables itself.
pub struct Counted<'o> {
    oracle: &'o mut dyn Oracle,
    queries: u64,
    folded: u64,
}

impl Oracle for Counted<'_> {
    fn assume(&mut self, arena: &Arena, fact: TermId) {
        if arena.as_bool(fact) != Some(true) {
            self.oracle.assume(arena, fact);
        }
    }

    fn is_possible(&mut self, arena: &Arena, condition: TermId) -> Answer {
        if arena.as_bool(condition) == Some(false) {
            self.folded += 1;
            return Answer::Impossible;
        }
        self.queries += 1;
        self.oracle.is_possible(arena, condition)
    }

    fn model(&self, arena: &Arena) -> Valuation {
        self.oracle.model(arena)
    }

    fn should_stop(&self) -> bool {
        self.oracle.should_stop()
    }
}

/// Terms times variables beyond which a system is not unrolled: which term reads which variable takes a bit for each pair,
/// 1 GiB here.
const LARGEST: usize = 1 << 33;

/// Branches that are told apart once enumeration was too much.
const FEW: usize = 64;

/// Whether a system is too large to be unrolled.
pub fn is_too_large(system: &System) -> bool {
    system.arena.len().saturating_mul(system.state.len()) > LARGEST
}

/// The depth at which a proof for all runs is first tried: most violations are not deeper.
const PROVE_AT: u32 = 2;
/// What that attempt may take at least and at most; between, as long as the search took so far, and no more than half of the
/// time that is left, since others wait for it. A build for development is slower by far.
const EARLY: [Duration; 2] =
    [Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 50 }), Duration::from_secs(60)];
/// The same of an attempt when all depths are done and the first one was out of time; between, a few times as long as the search took.
/// Nothing else waits for it then, so it may have all that is left.
const LATE: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(60)];

/// So many times.
const PATIENCE: u32 = if cfg!(debug_assertions) { 1 } else { 16 };

/// What is asked of an unrolling.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The system.
    pub system: &'a System,
    /// None of these may be broken.
    pub properties: &'a [PropertyId],
    /// The largest k.
    pub bound: u32,
    /// How far branches are told apart.
    pub limits: Limits,
    /// When to give up.
    pub watch: &'a Watch,
    /// Who tries to prove for all runs what holds up to a bound.
    pub prover: &'a dyn Prover,
}

struct Deepening<'a, 's> {
    system: &'s System,
    /// What a proof for all runs is about.
    whole: &'a System,
    properties: &'a [PropertyId],
    limits: Limits,
    unroller: Unroller<'s>,
    /// Of an enumeration.
    memory: Option<Memory>,
    /// The depth that is asked about.
    depth: u32,
    /// What an enumeration did that was given up.
    given_up: Work,
    oracle: Counted<'a>,
    watch: &'a Watch,
    prover: &'a dyn Prover,
    /// Whether a proof for all runs may be worth another attempt.
    is_open: bool,
    /// Of a proof for all runs.
    certificate: Option<Certificate>,
    /// Whether some initial constraint needs the solver: then nothing is certain without it.
    constrained: bool,
}

/// Why a check ends.
type End = Verdict;

/// Looks for a shortest run that breaks one of the properties, k by k up to the bound. Where there is none in the first depths, it
/// tries to prove that there is none at all.
pub fn deepen(question: &Question<'_>, oracle: &mut dyn Oracle, progress: &dyn Progress) -> Outcome {
    let Some(paused) = Paused::of(question.system) else { return unroll(question, question.system, oracle, progress) };
    let mut outcome = unroll(question, &paused.system, oracle, progress);
    if let Verdict::Violated { trace, .. } = &mut outcome.verdict {
        *trace = paused.without(trace);
    }
    outcome
}

/// The same with a system of the same runs whose blocks come to rest.
fn unroll(question: &Question<'_>, system: &System, oracle: &mut dyn Oracle, progress: &dyn Progress) -> Outcome {
    let &Question { system: whole, properties, bound, limits, watch, prover } = question;
    if is_too_large(system) {
        let why = format!(
            "{} terms over {} variables are too many to unroll; explicit search, or fewer workloads at a time, may do",
            system.arena.len(),
            system.state.len()
        );
        let verdict = Verdict::Unknown { reason: UnknownReason::Engine(why), covered: 0 };
        return Outcome { verdict, statistics: Statistics::default(), certificate: None, demands: Vec::new() };
    }
    let stop = || watch.exhausted().is_some();
    let enumerates = limits.splits > FEW;
    let mut deepening = Deepening {
        memory: enumerates.then_some(Memory::Short),
        unroller: match enumerates {
            true => Unroller::enumerating(system, properties, limits, Memory::Short, &stop),
            false => Unroller::new(system, properties, limits, &stop),
        },
        oracle: Counted { oracle, queries: 0, folded: 0 },
        constrained: false,
        depth: 0,
        given_up: Work::default(),
        system,
        whole,
        properties,
        limits,
        watch,
        prover,
        is_open: watch.allows_induction() && !system.guided,
        certificate: None,
    };
    let verdict = deepening.run(bound, progress).unwrap_or_else(|end| end);
    Outcome { verdict, statistics: deepening.statistics(), certificate: deepening.certificate, demands: Vec::new() }
}

impl Deepening<'_, '_> {
    fn statistics(&self) -> Statistics {
        let (states, work) = self.unroller.figures();
        let Work { transitions, accelerated, leaps } = self.given_up + work;
        let terms = self.unroller.arena().len() as u64;
        let Counted { queries, folded, .. } = self.oracle;
        Statistics { states, transitions, accelerated, leaps, terms, queries, folded, ..Statistics::default() }
    }

    fn run(&mut self, bound: u32, progress: &dyn Progress) -> Result<Verdict, End> {
        self.assume_initially()?;
        let mut k = 0;
        while k <= bound {
            progress.report(k, &self.statistics());
            let unrolled = self.unroll(k);
            if let Some(memory) = self.better_memory(unrolled, k == bound) {
                self.enumerate(memory);
                k = 0;
                continue;
            }
            self.depth = self.depth.max(k);
            match unrolled {
                Err(Stop::Wide) => self.start_again(k)?,
                unrolled => unrolled.map_err(|_| self.gave_up())?,
            }
            // A violation is replayed, so it stands whatever else goes wrong; and it is the easier question.
            self.ask_findings()?;
            self.ask_hazards()?;
            if self.unroller.is_done() {
                return Ok(Verdict::Holds(Extent::Complete(self.unroller.last_new())));
            }
            if k == PROVE_AT.min(bound) {
                let time = self.patience(1, EARLY);
                self.prove(self.watch.time_left().map_or(time, |left| time.min(left / 2)))?;
            }
            k += 1;
        }
        self.prove(self.patience(PATIENCE, LATE))?;
        Ok(Verdict::Holds(Extent::Bound(bound)))
    }

    /// So many times as long as the search took, within limits.
    fn patience(&self, times: u32, [least, most]: [Duration; 2]) -> Duration {
        (self.watch.elapsed() * times).clamp(least, most)
    }

    /// Tries to prove the properties for all runs within some time, which ends the search.
    fn prove(&mut self, time: Duration) -> Result<(), End> {
        if !self.is_open {
            return Ok(());
        }
        let watch = self.watch.part(time);
        match induction::prove(self.whole, self.properties, &watch, self.prover) {
            Ok(proved) => {
                self.certificate = proved.certificate;
                Err(Verdict::Holds(Extent::Inductive(proved.induction)))
            }
            Err(gap) => {
                self.is_open = gap == induction::Gap::Stopped;
                Ok(())
            }
        }
    }

    /// The memory that an enumeration should begin again with. One without histories has to know whether it met a loop
    /// that they are needed for before anything is said: when it ends, of its own accord or not, and when it has found
    /// something.
    fn better_memory(&mut self, unrolled: Result<(), Stop>, is_last: bool) -> Option<Memory> {
        if self.memory == Some(Memory::Short) && unrolled == Err(Stop::Wide) {
            return Some(Memory::None);
        }
        let must = is_last || unrolled.is_err() || self.unroller.is_done() || self.unroller.has_found_something();
        self.unroller.has_crossed_itself(must).then_some(Memory::Full)
    }

    /// Enumerates again. Loops that were not looked for leave nothing covered.
    fn enumerate(&mut self, memory: Memory) {
        if memory == Memory::Full {
            self.depth = 0;
        }
        self.given_up = self.given_up + self.unroller.figures().1;
        let watch = self.watch;
        self.unroller =
            Unroller::enumerating(self.system, self.properties, self.limits, memory, &|| watch.exhausted().is_some());
        self.memory = Some(memory);
    }

    /// Unrolls from depth k - 1 to k.
    fn unroll(&mut self, k: u32) -> Result<(), Stop> {
        match k {
            0 => self.unroller.start(&mut self.oracle),
            _ => self.unroller.advance(&mut self.oracle),
        }
    }

    /// Unrolls to depth k from the beginning, with few branches. What was found before depth k was asked already.
    fn start_again(&mut self, k: u32) -> Result<(), End> {
        self.given_up = self.given_up + self.unroller.figures().1;
        self.memory = None;
        let limits = Limits { splits: FEW, ..self.limits };
        let watch = self.watch;
        self.unroller = Unroller::new(self.system, self.properties, limits, &|| watch.exhausted().is_some());
        self.assume_initially()?;
        for depth in 0..=k {
            self.unroller.take_findings();
            self.unroller.take_hazards();
            self.unroll(depth).map_err(|_| self.gave_up())?;
        }
        Ok(())
    }

    fn unknown(&self, reason: UnknownReason) -> End {
        Verdict::Unknown { reason, covered: self.depth }
    }

    fn engine(&self, why: impl Into<String>) -> End {
        self.unknown(UnknownReason::Engine(why.into()))
    }

    fn gave_up(&self) -> End {
        match self.watch.exhausted() {
            Some(reason) => self.unknown(reason),
            None => self.engine("the solver gave up"),
        }
    }

    fn assume_initially(&mut self) -> Result<(), End> {
        for condition in self.unroller.initial_conditions() {
            self.constrained |= self.unroller.arena().as_bool(condition) != Some(true);
            self.oracle.assume(self.unroller.arena(), condition);
        }
        let always = self.unroller.always();
        if !self.constrained || self.possible(always)? { Ok(()) } else { Err(self.engine("contradictory assumptions")) }
    }

    /// Whether a condition is possible, without the solver where that is certain.
    fn possible(&mut self, condition: TermId) -> Result<bool, End> {
        match self.unroller.arena().as_bool(condition) {
            Some(true) if self.constrained => {}
            Some(constant) => {
                self.oracle.folded += 1;
                return Ok(constant);
            }
            None => {}
        }
        match self.oracle.is_possible(self.unroller.arena(), condition) {
            Answer::Possible => Ok(true),
            Answer::Impossible => Ok(false),
            Answer::Unknown => Err(self.gave_up()),
        }
    }

    fn ask_hazards(&mut self) -> Result<(), End> {
        let hazards: Vec<Hazard> = self.unroller.take_hazards();
        let any = self.unroller.any_of(hazards.iter().map(|hazard| hazard.condition));
        if !self.possible(any)? {
            return Ok(());
        }
        let valuation = self.model(any);
        let arena = self.unroller.arena();
        let mut values = crate::term::Evaluator::new(arena, &valuation);
        let culprit = hazards.iter().find(|hazard| values.holds(hazard.condition));
        let name = culprit.map_or("an action", |hazard| &self.system.action(hazard.action).name);
        Err(self.engine(format!("{name} drives a variable out of its range: it leaves its range")))
    }

    /// Values under which a possible condition holds.
    fn model(&self, condition: TermId) -> Valuation {
        match self.unroller.arena().as_bool(condition) {
            Some(_) if !self.constrained => lowest(self.unroller.arena()),
            _ => self.oracle.model(self.unroller.arena()),
        }
    }

    fn ask_findings(&mut self) -> Result<(), End> {
        let findings = self.unroller.take_findings();
        for &property in self.properties {
            let own: Vec<Finding> = findings.iter().copied().filter(|finding| finding.property == property).collect();
            let any = self.unroller.any_of(own.iter().map(|finding| finding.condition));
            if self.possible(any)? {
                return Err(self.violated(property, &own, any));
            }
        }
        Ok(())
    }

    fn violated(&mut self, property: PropertyId, findings: &[Finding], condition: TermId) -> Verdict {
        let valuation = self.model(condition);
        let Some((_, trace)) = self.unroller.extract(findings, &valuation) else {
            return self.engine("the solver's model is no run");
        };
        match replay(self.system, &trace, self.system.property(property)) {
            Ok(run) if run.k() == self.unroller.depth() => {
                Verdict::Violated { property, trace, k: run.k(), shortest: true }
            }
            Ok(run) => self.engine(format!("a run of length {} at depth {}", run.k(), self.unroller.depth())),
            // A run may be found that leaves a range on its way: then that is what there is to say.
            Err(error) => match self.ask_hazards() {
                Err(hazard) => hazard,
                Ok(()) => self.engine(format!("the run found cannot be replayed: {error}")),
            },
        }
    }
}

/// Every variable at the lower end of its range.
fn lowest(arena: &Arena) -> Valuation {
    let mut valuation = Valuation::new();
    for variable in arena.variables() {
        if let crate::term::Node::Var(var) = arena.node(variable.term) {
            valuation.set(var, variable.sort.range().lo);
        }
    }
    valuation
}
