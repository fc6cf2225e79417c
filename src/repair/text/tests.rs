//! Edits, layout by layout.

use serde_json::json;

use super::*;

fn key(path: &str) -> FieldPath {
    FieldPath::from(path)
}

fn change(path: FieldPath, action: Action) -> Change {
    Change { document: 0, path, action }
}

fn edited(text: &str, changes: &[Change]) -> Option<String> {
    Page::new(text).expect("YAML").changed(changes)
}

fn put(path: &str, value: Value) -> Change {
    change(key(path), Action::Put(value))
}

fn remove(path: FieldPath) -> Change {
    change(path, Action::Remove)
}

#[test]
fn values_are_replaced_where_they_stand() {
    let text = "# top\na: 1 # one\nb: {c: '2', d: \"x\"}\n";
    let new = edited(text, &[put("a", json!(7)), put("b.c", json!("3")), put("b.d", json!("50%"))]);
    assert_eq!(new.as_deref(), Some("# top\na: 7 # one\nb: {c: '3', d: \"50%\"}\n"));
    assert_eq!(edited("a: 1\n", &[put("a", json!("2"))]).as_deref(), Some("a: \"2\"\n"));
}

#[test]
fn keys_are_added_below_or_behind() {
    let text = "spec: # s\n  - a: 1 # one\n    b: {}\n  # end\nlast: {x: 1}\n";
    let first = key("spec").index(0);
    let new = edited(
        text,
        &[
            change(first.key("c"), Action::Put(json!({"d": {"e": [1, {"f": "g"}]}}))),
            change(first.field("b.z"), Action::Put(json!(true))),
            put("last.y", json!([])),
        ],
    );
    let expected = "spec: # s\n  - a: 1 # one\n    b: {z: true}\n    c:\n      d:\n        e:\n        - 1\n        - f: g\n  # end\nlast: {x: 1, y: []}\n";
    assert_eq!(new.as_deref(), Some(expected));
    let new = edited("a:\n  b: 1\n", &[put("a.c.d", json!("Honor"))]);
    assert_eq!(new.as_deref(), Some("a:\n  b: 1\n  c:\n    d: Honor\n"));
}

#[test]
fn keys_go_with_their_lines_and_comments_stay() {
    let text = "a: 1\n# about b\nb:\n  c: 2\n  d: 3 # three\n# about e\ne: 4\n";
    assert_eq!(edited(text, &[remove(key("b"))]).as_deref(), Some("a: 1\n# about b\n# about e\ne: 4\n"));
    assert_eq!(edited("a: {b: 1, c: 2}\n", &[remove(key("a.b"))]).as_deref(), Some("a: {c: 2}\n"));
    assert_eq!(edited("a: {b: 1, c: 2}\n", &[remove(key("a.c"))]).as_deref(), Some("a: {b: 1}\n"));
    assert_eq!(edited("a:\n  b: 1\nc: 2\n", &[remove(key("a.b"))]), None);
}

#[test]
fn elements_go_and_come() {
    let text = "l:\n- a: 1\n  b: 2\n- a: 3\n  b: 4\nm: [x, y]\n";
    let first = key("l").index(0);
    assert_eq!(edited(text, &[remove(first.clone())]).as_deref(), Some("l:\n- a: 3\n  b: 4\nm: [x, y]\n"));
    let new = edited(text, &[remove(first.key("a")), remove(key("m").index(1))]);
    assert_eq!(new.as_deref(), Some("l:\n- b: 2\n- a: 3\n  b: 4\nm: [x]\n"));
    let new = edited(text, &[change(key("l").index(2), Action::Put(json!({"a": 5, "b": 6})))]);
    assert_eq!(new.as_deref(), Some("l:\n- a: 1\n  b: 2\n- a: 3\n  b: 4\n- a: 5\n  b: 6\nm: [x, y]\n"));
}

#[test]
fn a_field_takes_the_place_of_another() {
    let replace = |path: &str, key: &str, value| change(self::key(path), Action::Replace(key.to_owned(), value));
    let new = edited("s:\n  min: 3 # all\n  x: 1\n", &[replace("s.min", "max", json!("25%"))]);
    assert_eq!(new.as_deref(), Some("s:\n  max: 25% # all\n  x: 1\n"));
    let new = edited("s: {n: w-1}\n", &[replace("s.n", "m", json!({"a/b": "w-1"}))]);
    assert_eq!(new.as_deref(), Some("s: {m: {a/b: w-1}}\n"));
}

#[test]
fn documents_go() {
    let text = "# head\na: 1\n---\n# two\nb: 2\n---\nc: 3\n";
    let page = Page::new(text).expect("YAML");
    let without = |document| page.changed(&[Change { document, path: FieldPath::root(), action: Action::Remove }]);
    assert_eq!(without(0).as_deref(), Some("# two\nb: 2\n---\nc: 3\n"));
    assert_eq!(without(1).as_deref(), Some("# head\na: 1\n---\nc: 3\n"));
    assert_eq!(without(2).as_deref(), Some("# head\na: 1\n---\n# two\nb: 2\n"));
}

#[test]
fn json_stays_json() {
    let text = "{\n  \"a\": 1,\n  \"b\": {\"c\": \"x\"}\n}\n";
    let new = edited(text, &[put("d", json!("y")), put("b.e", json!({"f": 1}))]);
    assert_eq!(
        new.as_deref(),
        Some("{\n  \"a\": 1,\n  \"b\": {\"c\": \"x\", \"e\": {\"f\": 1}},\n  \"d\": \"y\"\n}\n")
    );
}

#[test]
fn blocks_of_text_keep_their_indentation() {
    let new = edited("a:\n  b: |\n    one\n  c: 1\r\n", &[put("a.b", json!("two\nthree\n"))]);
    assert!(new.is_none_or(|text| text.contains("    two")), "a text with mixed ends of lines");
    let new = edited("a:\n  b: |\n    one\n  c: 1\n", &[put("a.b", json!("two\nthree\n"))]);
    assert_eq!(new.as_deref(), Some("a:\n  b: |\n    two\n    three\n  c: 1\n"));
}

#[test]
fn what_is_shared_is_not_touched() {
    let text = "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\n";
    assert_eq!(edited(text, &[put("a.b", json!(2))]), None, "others have it too");
    assert_eq!(edited(text, &[put("c.b", json!(2))]), None, "an alias");
    assert_eq!(edited(text, &[remove(key("d.b"))]), None, "a merged key");
    let new = edited(text, &[put("d.e", json!(3))]);
    assert_eq!(new.as_deref(), Some("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 3\n"));
}

#[test]
fn differences_can_be_applied_by_others() {
    let diff = unified("web.yaml", "a: 1\nb: 2\n", "a: 1\nb: 3\n");
    assert_eq!(diff, "--- a/web.yaml\n+++ b/web.yaml\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n");
    assert_eq!(unified("web.yaml", "a: 1\n", "a: 1\n"), "");
}
