//! Finds an object in a text again.

use crate::input::tree::{Node, Position, Tree};

use super::lines::Lines;
use super::parse;

/// Where an object is in its text: so little that it can be kept for all objects, in place of their trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first character.
    pub start: Position,
    /// The first character after it, and after what may separate it from what follows.
    pub end: Position,
}

impl Place {
    /// The tree of what is there, with positions as in the whole text; nothing if the text is another one.
    ///
    /// What is there is read by itself, which takes no longer for a long text than for a short one. Where that cannot be
    /// because it needs anchors or tags from elsewhere, all of the text is read.
    pub fn tree(&self, text: &str, lines: &Lines) -> Option<Tree> {
        self.alone(text, lines).or_else(|| parse(text).ok()?.into_iter().find_map(|tree| self.within(tree)))
    }

    fn alone(&self, text: &str, lines: &Lines) -> Option<Tree> {
        let part = text.get(lines.range(text, self.start, self.end)?)?;
        let indent = if part.starts_with(['{', '[']) { 0 } else { self.start.column - 1 };
        let mut trees = parse(&(" ".repeat(indent) + part)).ok()?;
        let mut tree = trees.pop().filter(|_| trees.is_empty())?;
        self.shift(&mut tree, self.start.column - 1 - indent);
        (tree.position == self.start).then_some(tree)
    }

    /// Moves positions from those in the part to those in the whole.
    fn shift(&self, tree: &mut Tree, columns: usize) {
        let moved = |position: Position| Position {
            line: position.line + self.start.line - 1,
            column: position.column + if position.line == 1 { columns } else { 0 },
        };
        tree.position = moved(tree.position);
        match &mut tree.node {
            Node::Scalar(_) => {}
            Node::Sequence(elements) => elements.iter_mut().for_each(|element| self.shift(element, columns)),
            Node::Mapping(entries) => {
                for entry in entries {
                    entry.position = moved(entry.position);
                    self.shift(&mut entry.value, columns);
                }
            }
        }
    }

    /// What starts here, in a document that holds it by itself or in its `items`.
    fn within(&self, tree: Tree) -> Option<Tree> {
        if tree.position == self.start {
            return Some(tree);
        }
        let Node::Mapping(entries) = tree.node else { return None };
        let items = entries.into_iter().find(|entry| entry.key == "items")?.value;
        let Node::Sequence(elements) = items.node else { return None };
        elements.into_iter().find(|element| element.position == self.start)
    }
}
