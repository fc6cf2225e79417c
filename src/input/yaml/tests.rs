//! Reading of texts.

use super::*;
use crate::input::path::FieldPath;
use serde_json::json;

fn one(text: &str) -> Tree {
    parse(text).expect("valid YAML").into_iter().next().expect("a document")
}

#[test]
fn scalars_follow_the_core_schema() {
    let tree = one("[1, -2, 0x10, 1.5, true, ~, yes, '1', 1.2.3, 1e3, 0o17, v1, .5, 18446744073709551615]");
    let expected = json!([1, -2, 16, 1.5, true, null, "yes", "1", "1.2.3", 1000.0, 15, "v1", 0.5, u64::MAX]);
    assert_eq!(tree.to_json(), expected);
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let tree = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
    assert_eq!(tree.to_json()["use"], json!({"y": 3, "x": 1}));
}

#[test]
fn positions_are_those_of_scalars_and_keys() {
    let tree = one("spec:\n  replicas: 3\n  list:\n  - name: a\n    size: 2\n");
    let at = |path: FieldPath| {
        let Position { line, column } = tree.position_of(&path);
        (line, column)
    };
    assert_eq!(at("spec.replicas".into()), (2, 13));
    assert_eq!(at("spec.list".into()), (3, 3));
    assert_eq!(at(FieldPath::from("spec.list").index(0).field("size")), (5, 11));
    assert_eq!(at("spec.missing.deeper".into()), (1, 1));
}

#[test]
fn json_is_yaml_too() {
    let text = "{\n\t\"a\": [1, {\"b\": \"x\\/y\\u00e9\"}],\n\t\"c\":null}\n";
    assert_eq!(one(text).to_json(), json!({"a": [1, {"b": "x/yé"}], "c": null}));
}

#[test]
fn documents_split_and_empty_ones_vanish() {
    let documents = parse("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n").expect("valid YAML");
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1].position_of(&"b".into()).line, 7);
}

#[test]
fn of_keys_that_are_given_twice_the_last_one_counts() {
    let tree = one("a: 1\na: 2\n");
    assert_eq!(tree.to_json(), json!({"a": 2}));
    assert_eq!(tree.position_of(&"a".into()).line, 2);
}

#[test]
fn depth_and_alias_bombs_are_errors() {
    assert!(parse(&"[".repeat(10_000)).is_err());
    let bomb: String = (1..30).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
        let previous = format!("*a{}", n - 1);
        text + &format!("a{n}: &a{n} [{}]\n", [previous.as_str(); 9].join(","))
    });
    assert!(parse(&bomb).is_err());
}

/// All objects of a text, as they are handed out piece by piece.
fn pieces(text: &str) -> Vec<(Tree, Place, bool)> {
    let pieces = Reader::new(text, true).map(|piece| match piece.expect("valid YAML") {
        Piece::Item(Item { tree, place, .. }) => (tree, place, true),
        Piece::Document(tree, place) => (tree, place, false),
    });
    pieces.collect()
}

#[test]
fn what_is_at_a_place_can_be_read_again() {
    let texts = [
        "# öffentlich\nkind: A\nx: [1, {ä: 2}]\n---\n  kind: B\n  t: |\n    one\n\n    two\n# end\n---\nkind: C\n",
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  a: >-\n    x\n    y\n# note\n-   kind: Node\n    apiVersion: v1\nkind: List\n",
        "{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [{\"ü\": 1, \"b\": [2]}, {\"c\":\n {\"d\": 3}}]}",
        "apiVersion: v1\r\nitems:\r\n- kind: Pod\r\n  apiVersion: v1\r\n  a: 1\r\n- {kind: Pod, apiVersion: v1}\r\n",
        "items:\n- apiVersion: v1\n  kind: Pod\n  a: &x {y: 1}\n- apiVersion: v1\n  kind: Pod\n  a: *x\nkind: List\n",
    ];
    let mut items = 0;
    for text in texts {
        for (tree, place, item) in pieces(text) {
            let emptied = !item && tree.get("items").is_some();
            if !emptied {
                assert_eq!(place.tree(text, &Lines::new(text)), Some(tree), "{place:?} in {text}");
            }
            items += usize::from(item);
        }
    }
    assert_eq!(items, 8);
}

#[test]
fn items_that_nobody_can_name_yet_stay_in_their_document() {
    let text = "apiVersion: v1\nitems:\n- a: 1\n- {apiVersion: v1, kind: Pod}\nkind: PodList\n";
    let whole = pieces(text);
    let [(tree, _, false)] = whole.as_slice() else { panic!("not one document: {}", whole.len()) };
    assert_eq!(tree.get("items").map(|items| items.elements().len()), Some(2));
    assert_eq!(pieces("kind: Bag\nitems:\n- {apiVersion: v1, kind: Pod}\n").len(), 1);
}

#[test]
fn lines_end_as_in_yaml() {
    let text = "a\r\n\nb\rc";
    let lines = Lines::new(text);
    let shown: Vec<Option<&str>> = (0..6).map(|number| lines.line(text, number)).collect();
    assert_eq!(shown, [None, Some("a"), Some(""), Some("b"), Some("c"), None]);
}
