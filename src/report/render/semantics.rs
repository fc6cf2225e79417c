//! The tables of rules in `docs/semantics.md`, which a test holds to this.

use crate::cluster::view::rule::{Component, Omission};
use crate::encodings::rules;

/// The table of a component: of each rule its parts, then what it leaves out.
pub fn table(component: Component) -> String {
    let rows = rules::of(component).flat_map(|rule| {
        let parts = rule.parts.iter().map(|it| (it.what, it.stands.to_owned()));
        let omits = rule.omits.iter().map(|it| (it.what, out(it)));
        let rows = parts.chain(omits).enumerate();
        rows.map(|(row, (what, stands))| {
            let link = format!(" [{}](../{})", rule.id, rule.source.file());
            format!("|{} | {what} | {stands} |\n", if row == 0 { &link } else { "" })
        })
    });
    "| rule | part | |\n| --- | --- | --- |\n".to_owned() + &rows.collect::<String>()
}

fn out(omission: &Omission) -> String {
    omission.instead.map_or("out".to_owned(), |instead| format!("out: {instead}"))
}
