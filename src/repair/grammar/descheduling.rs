//! Policies of the descheduler.

use serde_json::{Value, json};

use crate::input::path::FieldPath;
use crate::repair::edit::Preference;
use crate::repair::objects::Object;

use super::offers::{Field, Group, Offers, Try};

/// Plugins and their arguments.
pub static GROUP: Group = Group { rules: &["descheduler/"], offer };

fn offer(offers: &mut Offers<'_>) {
    for policy in offers.objects.of_kind("DeschedulerPolicy") {
        let profiles = policy.get(&"profiles".into()).as_array().map_or(0, Vec::len);
        for index in 0..profiles {
            let profile = FieldPath::from("profiles").index(index);
            node_fit(offers, policy, &profile);
            arguments(offers, policy, &profile);
            for point in ["deschedule", "balance"] {
                plugins(offers, policy, &profile.field("plugins").key(point).key("enabled"));
            }
        }
    }
}

/// Pods are evicted only if they fit another node.
fn node_fit<'a>(offers: &mut Offers<'a>, policy: &'a Object, profile: &FieldPath) {
    let list = profile.key("pluginConfig");
    let configured = policy.get(&list).as_array().map_or(&[][..], Vec::as_slice);
    let own = configured.iter().position(|it| it["name"] == "DefaultEvictor");
    let evictor = json!({"name": "DefaultEvictor", "args": {"nodeFit": true}});
    let (path, value) = match (own, configured) {
        (Some(at), _) if configured[at]["args"]["nodeFit"] == true => return,
        (Some(at), _) => (list.index(at).field("args.nodeFit"), json!(true)),
        (None, []) => (list, json!([evictor])),
        (None, configured) => (list.index(configured.len()), evictor),
    };
    let costs = "nothing: pods that fit no other node stay where they are";
    offers.offer(&Field::own(policy, path).about_all(), [Try::put(value, 1, Preference::Harmless, costs)]);
}

fn arguments<'a>(offers: &mut Offers<'a>, policy: &'a Object, profile: &FieldPath) {
    let list = profile.key("pluginConfig");
    let configured = policy.get(&list).as_array().map_or(&[][..], Vec::as_slice);
    for (index, plugin) in configured.iter().enumerate() {
        let path = list.index(index).key("args");
        let soft = plugin["args"]["constraints"].as_array();
        if let Some(at) = soft.and_then(|it| it.iter().position(|it| it == "ScheduleAnyway")) {
            let costs = "what is merely preferred is left to the scheduler";
            let field = Field::own(policy, path.key("constraints").index(at)).about_all();
            offers.offer(&field, [Try::remove(1, Preference::Tunes, costs)]);
        }
        for key in ["thresholds", "targetThresholds"] {
            for resource in plugin["args"][key].as_object().into_iter().flat_map(|map| map.keys()) {
                let field = Field::own(policy, path.key(key).key(resource)).about_all();
                offers.offer(&field, thresholds(field.value(), key == "targetThresholds"));
            }
        }
    }
}

fn thresholds(now: &Value, is_target: bool) -> Vec<Try> {
    let Some(now) = now.as_i64() else { return Vec::new() };
    let sign = if is_target { 1 } else { -1 };
    let costs = "nodes may be less evenly used before pods are moved";
    let values = [10, 20, 30, 40].map(|by| now + sign * by).into_iter().filter(|it| (0..=100).contains(it));
    values.zip(1..).map(|(it, distance)| Try::put(it, distance, Preference::Tunes, costs)).collect()
}

/// Plugins that are enabled, one less.
fn plugins<'a>(offers: &mut Offers<'a>, policy: &'a Object, path: &FieldPath) {
    let enabled = policy.get(path).as_array().map_or(&[][..], Vec::as_slice);
    for (index, plugin) in enabled.iter().enumerate() {
        let field = Field::own(policy, path.index(index)).about_all();
        let costs = format!("{} does not move pods any more", plugin.as_str().unwrap_or("the plugin"));
        offers.offer(&field, [Try::remove(4, Preference::Removes, costs)]);
    }
}
