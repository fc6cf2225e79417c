//! The page for browsers: that it is well-formed and asks for nothing, that text from input is text in it, and that what its
//! charts draw is what states of the replayed runs say.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubound::check::source::{self, Input};
use kubound::check::timeline::{Place, Quantity, Stage};
use kubound::check::{Answer, CheckResult, Counterexample, InputName, Options, Unfolded, check, unfold};
use kubound::engine::Budget;
use kubound::engine::explicit::Explicit;
use kubound::report::document::{Check, Checked};
use kubound::report::{Detail, Document, Format};
use scraper::{ElementRef, Html, Selector};
use sha2::{Digest, Sha256};

fn case(id: &str, scale: usize) -> Input {
    source::read(&InputName::Case { case: id.to_owned(), scale, fixed: false }).expect("a case")
}

fn results(input: &Input, change: impl Fn(&mut Options<'_>)) -> Vec<CheckResult> {
    let mut options = Options::new(&Explicit, Budget::bound(input.spec.scenario.bound));
    change(&mut options);
    check(input, &options, &mut |_| ()).expect("it can be checked").0
}

fn page(input: &Input, results: &[CheckResult]) -> String {
    let checked = Checked { name: Some(&input.name), ..Checked::new(results, &[]) };
    let diagnostics = Some(input.diagnostics.iter().collect());
    let document = Document::Check(Check { inputs: vec![checked], several: false, diagnostics, ..Default::default() });
    Format::named("html").expect("the format").render(&document, Detail::Normal)
}

fn parsed(page: &str) -> Html {
    let html = Html::parse_document(page);
    assert_eq!(html.errors, Vec::<std::borrow::Cow<'_, str>>::new());
    html
}

fn all<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).expect("a selector")).collect()
}

fn within<'a>(element: ElementRef<'a>, selector: &str) -> Vec<ElementRef<'a>> {
    element.select(&Selector::parse(selector).expect("a selector")).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

fn violation(results: &[CheckResult]) -> &Counterexample {
    let found = results.iter().find_map(|result| match &result.answer {
        Answer::Violated(found) => Some(&**found),
        Answer::Holds(_) | Answer::Unknown { .. } => None,
    });
    found.expect("it is violated")
}

fn number(element: ElementRef<'_>, attribute: &str) -> i64 {
    element.attr(attribute).and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("no {attribute}"))
}

/// What a page may not do: ask for anything, or run what its policy does not name.
fn assert_is_alone(page: &str) {
    let html = parsed(page);
    let policy = all(&html, "meta[http-equiv='Content-Security-Policy']");
    let policy = policy.first().and_then(|it| it.attr("content")).expect("a policy");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
        let own = all(&html, element);
        assert_eq!(own.len(), 1, "one {element}");
        let hash = STANDARD.encode(Sha256::digest(text(own[0]).as_bytes()));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{policy}");
    }
    for element in all(&html, "*") {
        for (name, value) in element.value().attrs() {
            assert!(name != "style" && !name.starts_with("on"), "{name} of {}", element.value().name());
            if ["href", "src", "srcset", "action", "data", "poster", "xlink:href"].contains(&name) {
                assert!(value.starts_with('#'), "{name}={value}");
            }
        }
        assert!(!["link", "iframe", "object", "embed", "img", "base", "form"].contains(&element.value().name()));
    }
    let style = text(all(&html, "style")[0]);
    assert!(!style.contains("@import") && style.matches("url(").count() == style.matches("url(#").count());
}

/// Ids are there once, and links lead to them.
fn assert_links_lead_somewhere(html: &Html) {
    let mut ids = BTreeMap::new();
    for element in all(html, "[id]") {
        *ids.entry(element.attr("id").expect("an id")).or_insert(0) += 1;
    }
    assert!(ids.values().all(|&count| count == 1), "{ids:?}");
    for link in all(html, "a[href]") {
        let to = link.attr("href").and_then(|it| it.strip_prefix('#')).expect("a place on the page");
        assert!(ids.contains_key(to), "#{to}");
    }
}

#[test]
fn pages_are_well_formed_and_ask_for_nothing() {
    for (id, scale) in [("c3", 3), ("c6", 3), ("c7", 3), ("c4", 3)] {
        let input = case(id, scale);
        let page = page(&input, &results(&input, |options| options.all = true));
        assert_is_alone(&page);
        assert_links_lead_somewhere(&parsed(&page));
    }
}

#[test]
fn every_step_of_the_story_is_a_mark_a_link_and_words() {
    for id in ["c3", "c4", "c7"] {
        let input = case(id, 3);
        let results = results(&input, |_| ());
        let page = page(&input, &results);
        let html = parsed(&page);
        let story = &violation(&results).narrative;
        let steps: Vec<_> = story.blocks.iter().flat_map(|block| &block.steps).collect();
        assert!(!steps.is_empty());
        assert_eq!(story.timeline.moments.len(), steps.len());
        assert_eq!(all(&html, "a.step").len(), steps.len(), "{id}");
        for step in &steps {
            let told = all(&html, &format!("li#story-1-step-{}", step.number));
            let words = text(told[0]);
            assert!(words.contains(&step.told.text) && words.contains(&step.told.actor), "{words}");
            assert!(step.told.why.iter().all(|line| words.contains(line)), "{words}");
            let rules = within(told[0], ".rules a").len();
            assert_eq!(rules, step.told.rules.len());
            assert_eq!(all(&html, &format!(".mark[data-step='{}']", step.number)).len(), 1, "{id} {}", step.number);
        }
        let is_loop = story.repeats_from.is_some();
        assert_eq!(all(&html, ".head .circle").len(), usize::from(is_loop), "{id}");
        assert_eq!(all(&html, ".body .again").len(), usize::from(is_loop), "{id}");
    }
}

/// Pods by node (or none), kind and stage.
type Pods = BTreeMap<(String, String), i64>;

/// What a chart draws of a state. Every lane of a node stands for as many as are named.
fn drawn(html: &Html, state: i64) -> Pods {
    let names: Vec<Vec<String>> =
        all(html, ".names g.name title").iter().map(|it| text(*it).split(", ").map(str::to_owned).collect()).collect();
    let lanes = all(html, ".body g.lane");
    assert_eq!(names.len(), lanes.len());
    let mut pods = Pods::new();
    for (members, lane) in names.iter().zip(&lanes) {
        for bar in within(*lane, "g.pods") {
            assert_eq!(number(bar, "data-each"), members.len() as i64);
            let is_there = |part: &ElementRef<'_>| {
                let ends = part.attr("data-until").is_none_or(|_| state < number(*part, "data-until"));
                number(*part, "data-since") <= state && ends
            };
            let parts = within(bar, "rect");
            let there: Vec<_> = parts.iter().filter(|part| is_there(part)).collect();
            assert!(there.len() <= 1, "one stage at a time");
            for part in there {
                let stage = part.attr("data-stage").expect("a stage");
                for member in members {
                    *pods.entry((member.clone(), stage.to_owned())).or_default() += number(bar, "data-count");
                }
            }
        }
    }
    pods
}

/// The same of a state, in which every node is told apart: variables are called `node: web`, `node: web starting`, `web pending`.
fn stated(unfolded: &Unfolded, state: usize, template: &str) -> Pods {
    let mut pods = Pods::new();
    for ((name, _), &value) in unfolded.variables.iter().zip(&unfolded.states[state]) {
        let (place, what) = name.split_once(": ").unwrap_or(("pods without a node", name));
        let Some(rest) = what.strip_prefix(template) else { continue };
        let stage = match rest {
            "" => "ready",
            " starting" => "starting",
            " not ready" => "unready",
            " terminating" => "terminating",
            " pending" => "pending",
            _ => continue,
        };
        if value > 0 {
            pods.insert((place.to_owned(), stage.to_owned()), value);
        }
    }
    pods
}

/// With the states behind each told step: a step that is folded is told once, at its last one.
fn told_states(found: &Counterexample) -> Vec<usize> {
    let steps = found.narrative.blocks.iter().flat_map(|block| &block.steps);
    steps
        .scan(0, |states, step| {
            *states += step.told.times;
            Some(*states)
        })
        .collect()
}

#[test]
fn bars_are_the_pods_of_every_state() {
    for (id, template) in [("c3", "web-7d4b9c5f6"), ("c7", "web-1"), ("c4", "web-1")] {
        let input = case(id, 3);
        let results = results(&input, |options| options.reduce = false);
        let found = violation(&results);
        assert!(found.trace.single_nodes, "{id}: every node is told apart");
        let html = Html::parse_document(&page(&input, &results));
        let unfolded = unfold(&input, &found.trace).expect("it is one of this input");
        assert!(!stated(&unfolded, unfolded.states.len() - 1, template).is_empty(), "{id}: {:?}", unfolded.variables);
        // Where every action is told, told steps are all there are; else only the last state is sure to be the same.
        let states = told_states(found);
        let last = unfolded.states.len() - 1;
        let is_all = states.last() == Some(&last);
        let compared = (1..=states.len()).zip(states).filter(|&(_, state)| is_all || state == last);
        let mut compared: Vec<(usize, usize)> = compared.collect();
        compared.push((found.narrative.timeline.moments.len(), last));
        compared.push((0, 0));
        for (step, state) in compared {
            assert_eq!(drawn(&html, step as i64), stated(&unfolded, state, template), "{id} after step {step}");
        }
    }
}

#[test]
fn totals_of_counted_nodes_agree_with_the_summary() {
    let input = case("w1", 3);
    let results = results(&input, |_| ());
    let found = violation(&results);
    let timeline = &found.narrative.timeline;
    let html = Html::parse_document(&page(&input, &results));
    let end = drawn(&html, timeline.moments.len() as i64);
    let ready: i64 = end.iter().filter(|((_, stage), _)| stage == "ready").map(|(_, count)| count).sum();
    let of_timeline = (0..timeline.nodes.len()).flat_map(|node| {
        (0..timeline.pods.len())
            .map(move |pods| timeline.at_the_end(Quantity::Pods(Place::Node(node), pods, Stage::Ready)))
    });
    assert_eq!(ready, of_timeline.sum::<i64>());
    let summary = &found.narrative.blocks.last().expect("a block").summary;
    let said: i64 = summary
        .workloads
        .iter()
        .filter_map(|line| {
            let before = line.split(" ready").next()?;
            before.rsplit(' ').next()?.parse::<i64>().ok()
        })
        .sum();
    assert!(ready > 0);
    assert_eq!(ready, said, "{summary:?}");
}

#[test]
fn hostile_names_are_text() {
    let nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\\\"'&amp;";
    let text_of_input = format!(
        "apiVersion: v1
kind: Node
metadata: {{name: only, labels: {{\"zone\": a}}}}
status: {{allocatable: {{cpu: 1, memory: 1Gi, pods: 110}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: \"shop{nasty}\"}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: web, resources: {{requests: {{cpu: 1}}}}}}]}}
"
    );
    let name = "<b onclick=alert(1)>.yaml";
    let input = source::of_texts(&[(name, &text_of_input)]).expect("an input");
    let results = results(&input, |_| ());
    let page = page(&input, &results);
    assert_is_alone(&page);
    let html = parsed(&page);
    assert!(page.contains("shop&lt;/script&gt;") && all(&html, "img, b[onclick]").is_empty());
    let heading = text(all(&html, "details.story h3")[0]);
    assert!(heading.contains("shop</script><script>"), "{heading}");
}

#[test]
fn what_holds_is_folded_away_where_something_does_not() {
    let input = case("m1", 2);
    let results = results(&input, |options| (options.all, options.focus) = (true, kubound::check::Focus::On));
    let page = page(&input, &results);
    let html = parsed(&page);
    let count = |word: &str| results.iter().filter(|it| it.answer.word() == word).count();
    assert!(count("violated") > 0 && count("holds") > 0);
    assert_eq!(all(&html, "#violated tbody tr").len(), count("violated"));
    assert_eq!(all(&html, "#holds tbody tr").len(), count("holds"));
    assert!(all(&html, "#holds > details").iter().all(|it| it.attr("open").is_none()));
    assert_eq!(all(&html, "details.story").len(), count("violated"));
    assert_eq!(all(&html, "details.story[open]").len(), 1);
    let position = |needle: &str| page.find(needle).unwrap_or_else(|| panic!("{needle}"));
    assert!(
        position("class=\"tiles\"") < position("id=\"violated\"")
            && position("id=\"violated\"") < position("id=\"holds\"")
    );
}
