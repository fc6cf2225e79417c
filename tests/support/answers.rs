//! Texts in, answers out, as tests of single controllers ask for them.

use kubound::check::{self, Answer, CheckResult, Focus, Options, source};
use kubound::engine::explicit::Explicit;
use kubound::engine::sat::Sat;
use kubound::engine::{Budget, Engine};

/// All results about some texts.
pub fn checked(engine: &dyn Engine, reduce: bool, texts: &[&str], bound: u32) -> Vec<CheckResult> {
    let named: Vec<(&str, &str)> = ["a.yaml", "b.yaml", "c.yaml"].into_iter().zip(texts.iter().copied()).collect();
    let mut input = source::of_texts(&named).unwrap_or_else(|error| panic!("{error}"));
    // How far runs with overlapping actions are looked at depends on the size of the model.
    input.spec.scenario.interleaves_by_default = false;
    let focus = if reduce { Focus::Auto } else { Focus::Off };
    let options = Options { all: true, reduce, focus, ..Options::new(engine, Budget::bound(bound)) };
    check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}")).0
}

/// The verdict about one property, on which all engines agree, reduced or not.
pub fn verdict(property: &str, texts: &[&str], bound: u32) -> String {
    let of = |results: &[CheckResult]| {
        let result = results.iter().find(|it| it.property == property).expect("it was checked");
        match &result.answer {
            Answer::Holds(_) => "holds".to_owned(),
            Answer::Violated(found) => format!("violated at k = {}", found.k),
            Answer::Unknown { reason, .. } => panic!("undecided: {reason}"),
        }
    };
    let ways: [(&dyn Engine, bool); 3] = [(&Explicit, true), (&Explicit, false), (&Sat::default(), true)];
    let verdicts: Vec<String> =
        ways.iter().map(|&(engine, reduce)| of(&checked(engine, reduce, texts, bound))).collect();
    assert!(verdicts.iter().all(|it| *it == verdicts[0]), "{verdicts:?}");
    verdicts[0].clone()
}

/// The story of a property that is violated.
pub fn story(property: &str, texts: &[&str], bound: u32) -> String {
    let results = checked(&Explicit, true, texts, bound);
    let result = results.iter().find(|it| it.property == property).expect("it was checked");
    let Answer::Violated(found) = &result.answer else { panic!("it holds") };
    format!("{:?}", found.narrative)
}

/// What is violated of the whole cluster, and at which k.
pub fn ask(text: &str, engine: &dyn Engine, reduce: bool, bound: u32) -> String {
    let mut input = source::of_texts(&[("cluster.yaml", text)]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    // How far runs with overlapping actions are looked at depends on the size of the model.
    input.spec.scenario.interleaves_by_default = false;
    let options = Options { all: true, reduce, focus: Focus::Off, ..Options::new(engine, Budget::bound(bound)) };
    let (results, _) = check::check(&input, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let violated = results.iter().filter_map(|result| match &result.answer {
        Answer::Holds(_) => None,
        Answer::Violated(found) => Some(format!("{} at {}", result.subject, found.k)),
        Answer::Unknown { reason, .. } => panic!("undecided: {reason}\n{text}"),
    });
    violated.collect::<Vec<String>>().join(", ")
}
