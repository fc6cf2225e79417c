//! What the schema of JUnit's XML demands, in the form that Jenkins reads (`junit-10.xsd` of its xUnit plug-in).

use roxmltree::{Document, Node};

/// An element.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    pub text: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
}

/// Reads a document.
pub fn read(text: &str) -> Element {
    let document = Document::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    Element::of(document.root_element())
}

impl Element {
    fn of(node: Node<'_, '_>) -> Element {
        Element {
            name: node.tag_name().name().to_owned(),
            text: node.text().unwrap_or_default().to_owned(),
            attributes: node.attributes().map(|it| (it.name().to_owned(), it.value().to_owned())).collect(),
            children: node.children().filter(Node::is_element).map(Element::of).collect(),
        }
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first element of a name, here or below.
    pub fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name { Some(self) } else { self.children.iter().find_map(|it| it.find(name)) }
    }

    fn number(&self, name: &str) -> usize {
        self.attribute(name).and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("{name} of {self:?}"))
    }

    fn count(&self, name: &str) -> usize {
        usize::from(self.name == name) + self.children.iter().map(|it| it.count(name)).sum::<usize>()
    }

    /// Has these attributes, at most those, and children of these names only.
    fn assert_is(&self, name: &str, needs: &[&str], allows: &[&str], children: &[&str]) {
        assert_eq!(self.name, name);
        assert!(needs.iter().all(|it| self.attribute(it).is_some()), "{needs:?}: {:?}", self.attributes);
        let is_known = |it: &str| needs.contains(&it) || allows.contains(&it);
        assert!(self.attributes.iter().all(|(it, _)| is_known(it)), "{:?}", self.attributes);
        assert!(self.children.iter().all(|it| children.contains(&it.name.as_str())), "{:?}", self.children);
    }
}

/// Fails if a document is no report of tests, or counts wrongly.
pub fn assert_junit(report: &Element) {
    let counts = ["tests", "failures", "errors"];
    report.assert_is("testsuites", &[], &["name", "tests", "failures", "errors", "time"], &["testsuite"]);
    assert_eq!(counts.map(|it| report.number(it)), ["testcase", "failure", "error"].map(|it| report.count(it)));
    for suite in &report.children {
        let needs = ["name", "tests", "failures", "errors"];
        let more = ["group", "skipped", "time", "timestamp", "hostname", "id", "package", "file", "log", "url"];
        suite.assert_is("testsuite", &needs, &more, &["testcase", "properties", "system-out", "system-err"]);
        assert_eq!(suite.number("skipped"), suite.count("skipped"));
        assert_eq!(counts.map(|it| suite.number(it)), ["testcase", "failure", "error"].map(|it| suite.count(it)));
        for case in &suite.children {
            let outcomes = ["failure", "error", "skipped"];
            case.assert_is("testcase", &["name"], &["classname", "time", "group"], &outcomes);
            assert!(case.children.len() <= 1, "{case:?}");
            case.children.iter().for_each(|it| it.assert_is(&it.name, &[], &["message", "type"], &[]));
        }
    }
}
