//! Cases as scenarios with ranges, for those in which everything follows from the number of nodes. Cases with running pods
//! do not: manifests list those one by one.

use super::scale::Scale;
use super::{CaseError, File, Make, find, generate};

/// How the sizes of a case follow from `scale`.
struct Rules {
    /// Nodes of each pool.
    pools: &'static [(&'static str, &'static str)],
    /// Fields of the workload's sizes.
    sizes: &'static str,
}

fn rules(id: &str) -> Option<Rules> {
    let nodes: &[(&str, &str)] = &[("node", "scale")];
    match id {
        "c1" => Some(Rules {
            pools: nodes,
            sizes: "replicas: \"max(1, scale / 5)\", minReplicas: \"max(1, scale / 5)\", maxReplicas: 2 * scale",
        }),
        "c4" => Some(Rules { pools: nodes, sizes: "replicas: 2 * scale + 1" }),
        "c7" => Some(Rules { pools: &[("pinned", "1"), ("node", "scale - 1")], sizes: "replicas: scale" }),
        "c8" => Some(Rules {
            pools: &[("on-demand", "(scale + 4) / 5"), ("spot", "scale - nodes(on-demand)")],
            sizes: "replicas: 2 * scale",
        }),
        _ => None,
    }
}

/// The files of a case at all scales of a range; `None` if its manifests cannot say that.
pub fn ranged(id: &str, (min, max): (usize, usize), fixed: bool) -> Result<Option<Vec<File>>, CaseError> {
    let case = find(id)?;
    case.scales(min, max)?;
    if let Make::Sized(make) = case.make {
        return Ok(Some(make(Scale::Between(min, max), fixed)));
    }
    let Some(rules) = rules(id) else { return Ok(None) };
    let mut files = generate(id, max, fixed)?;
    for (_, text) in files.iter_mut().filter(|(name, _)| name == "scenario.yaml") {
        *text = open(text, &rules, min, max);
    }
    Ok(Some(files))
}

/// A scenario with its sizes left open.
fn open(text: &str, rules: &Rules, min: usize, max: usize) -> String {
    let mut pool = None;
    let mut out = String::new();
    for line in text.lines() {
        pool = line.strip_prefix("  - name: ").or(pool);
        let count = rules.pools.iter().find(|(name, _)| Some(*name) == pool).map(|(_, count)| count);
        match count {
            Some(count) if line.starts_with("    count:") => out.push_str(&format!("    count: {count}\n")),
            _ => out.push_str(&format!("{line}\n")),
        }
    }
    let sizes = format!("  sizes:\n  - {{target: deployment/web, {}}}\n", rules.sizes);
    let scale = format!("spec:\n  scale: {{min: {min}, max: {max}}}\n");
    out.replacen("spec:\n", &scale, 1) + &sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;
    use crate::input::{LoadOptions, Loaded, load_strings};

    fn load(files: &[File]) -> Loaded {
        let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        load_strings(&texts, LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn members_are_what_each_scale_generates() {
        let sized = CASES.iter().filter(|case| matches!(case.make, Make::Sized(_))).map(|case| case.id);
        for id in ["c1", "c4", "c7", "c8"].into_iter().chain(sized) {
            for fixed in [false, true] {
                let files = ranged(id, (1, 23), fixed).expect("a case").expect("ranges");
                let family = load(&files).family.expect("a family");
                for scale in 1..=23_usize {
                    let member = family.member(&[scale as i64]).unwrap_or_else(|errors| panic!("{id}: {errors}"));
                    let alone = load(&generate(id, scale, fixed).expect("a case")).spec;
                    let names = |spec: &crate::cluster::object::spec::ClusterSpec| {
                        spec.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>()
                    };
                    assert_eq!(names(&member), names(&alone), "{id} at {scale}");
                    assert_eq!(member.workloads[0].replicas, alone.workloads[0].replicas, "{id} at {scale}");
                    let limits = |spec: &crate::cluster::object::spec::ClusterSpec| {
                        let spec = spec.autoscalers.first().and_then(|it| it.object.spec.clone());
                        spec.map(|spec| (spec.min_replicas, spec.max_replicas))
                    };
                    assert_eq!(limits(&member), limits(&alone), "{id} at {scale}");
                }
            }
        }
        assert_eq!(ranged("c3", (1, 5), false), Ok(None));
    }
}
