//! One engine against another, task by task: below the diagonal the upright one is quicker.

use std::collections::HashMap;

use svg::node::element::Group;
use svg::{Document, Node};

use super::frame::{self, AREA, line, mark, text};
use super::scale::Scale;
use super::time;
use crate::report::render::layout::seconds;
use crate::workbench::measurement::Measurement;

/// A task that both engines tried: its name, and the times, if it was decided.
struct Point<'a> {
    name: &'a str,
    times: [Option<f64>; 2],
}

/// How far from the border of the area what is not decided is.
const BORDER: f64 = 10.0;

/// The picture; `None` if there is no task that both tried and one decided.
pub fn picture(rows: &[Measurement], x: &str, y: &str) -> Option<String> {
    let points = points(rows, x, y);
    if points.is_empty() {
        return None;
    }
    let (left, top, right, bottom) = AREA;
    let times: Vec<f64> = points.iter().flat_map(|point| point.times).flatten().collect();
    let across = Scale::of(times.iter().copied(), (left, right - 3.0 * BORDER));
    let up = Scale::of(times.iter().copied(), (bottom, top + 3.0 * BORDER));
    let mut document = frame::picture(&format!("{x} and {y}, task by task"), &describe(&points, x, y));
    let mut axes = Group::new();
    frame::horizontal(&mut axes, &across.ticks(), &across.between(), &format!("median time of {x}"));
    frame::vertical(&mut axes, &up.ticks(), &up.between(), &format!("median time of {y}"));
    borders(&mut axes);
    document.append(axes);
    for point in &points {
        draw(&mut document, point, [x, y], &across, &up);
    }
    Some(frame::written(&document))
}

fn points<'a>(rows: &'a [Measurement], x: &str, y: &str) -> Vec<Point<'a>> {
    let of = |engine: &str| {
        let own = rows.iter().filter(|row| row.row.engine == engine).collect::<Vec<_>>();
        own.into_iter().map(|row| ((row.row.task.suite.as_str(), row.row.task.name.as_str()), time(row)))
    };
    let other: HashMap<(&str, &str), Option<f64>> = of(y).collect();
    let both = of(x).filter_map(|(key, first)| Some(Point { name: key.1, times: [first, *other.get(&key)?] }));
    both.filter(|point| point.times.iter().any(Option::is_some)).collect()
}

fn describe(points: &[Point<'_>], x: &str, y: &str) -> String {
    let of = |is: fn(&[Option<f64>; 2]) -> bool| points.iter().filter(|point| is(&point.times)).count();
    let first = of(|times| matches!(times, [Some(x), Some(y)] if x < y));
    let second = of(|times| matches!(times, [Some(x), Some(y)] if x > y));
    let (only_x, only_y) = (of(|times| times[1].is_none()), of(|times| times[0].is_none()));
    format!(
        "Median times of {} tasks: {x} is quicker in {first}, {y} in {second}; {only_x} are decided by {x} alone and \
         {only_y} by {y} alone, which is marked on the border.",
        points.len()
    )
}

/// The diagonal, and the lines beyond which nothing was decided.
fn borders(group: &mut Group) {
    let (left, top, right, bottom) = AREA;
    let (x, y) = (right - 3.0 * BORDER, top + 3.0 * BORDER);
    group.append(line("help", (left, bottom), (x, y)));
    group.append(line("help", (right - BORDER, top), (right - BORDER, bottom)));
    group.append(line("help", (left, top + BORDER), (right, top + BORDER)));
    group.append(text(left + 6.0, top + BORDER - 3.0, "start", "not decided"));
    let (x, y) = (right - BORDER + 6.0, bottom - 6.0);
    group.append(text(x, y, "start", "not decided").set("transform", format!("rotate(-90 {x} {y})")));
}

fn draw(document: &mut Document, point: &Point<'_>, engines: [&str; 2], across: &Scale, up: &Scale) {
    let [x, y] = point.times;
    let place = (x.map_or(AREA.2 - BORDER, |time| across.at(time)), y.map_or(AREA.1 + BORDER, |time| up.at(time)));
    let told = |engine: &str, time: Option<f64>| match time {
        Some(time) => format!("{engine} {}", seconds(time)),
        None => format!("{engine} does not decide it"),
    };
    let says = format!("{}: {}, {}", point.name, told(engines[0], x), told(engines[1], y));
    let form = match (x, y) {
        (Some(_), Some(_)) => 0,
        (Some(_), None) => 1,
        _ => 2,
    };
    document.append(mark(form, place, &says));
}
