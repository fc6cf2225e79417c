//! What the SARIF standard (2.1.0, OASIS) demands of a log, for the parts that reports have: required properties, allowed
//! values, and that references lead to what they name.

use serde_json::Value;

/// What is wrong with a log, a line each.
pub fn problems(log: &Value) -> Vec<String> {
    let mut problems = Problems::default();
    problems.text(log, "version", |it| it == "2.1.0");
    let runs = problems.list(log, "runs", 1);
    runs.iter().for_each(|run| problems.run(run));
    problems.0
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn say(&mut self, what: &str, value: &Value) {
        self.0.push(format!("{what}: {value}"));
    }

    fn text(&mut self, value: &Value, field: &str, fits: impl Fn(&str) -> bool) {
        if !value[field].as_str().is_some_and(fits) {
            self.say(field, value);
        }
    }

    /// The elements of a list that has at least so many.
    fn list<'a>(&mut self, value: &'a Value, field: &str, least: usize) -> Vec<&'a Value> {
        match value[field].as_array() {
            Some(list) if list.len() >= least => list.iter().collect(),
            _ => {
                self.say(field, value);
                Vec::new()
            }
        }
    }

    /// The same, of a list that need not be there.
    fn optional<'a>(&mut self, value: &'a Value, field: &str) -> Vec<&'a Value> {
        if value.get(field).is_none() { Vec::new() } else { self.list(value, field, 0) }
    }

    fn run(&mut self, run: &Value) {
        let driver = &run["tool"]["driver"];
        self.text(driver, "name", |it| !it.is_empty());
        self.text(run, "columnKind", |it| ["utf16CodeUnits", "unicodeCodePoints"].contains(&it));
        let rules = self.descriptors(driver, "rules");
        let taxonomies = self.optional(run, "taxonomies");
        let taxa: Vec<Vec<String>> = taxonomies.iter().map(|it| self.component(it)).collect();
        let known = Known { rules, taxa };
        for invocation in self.list(run, "invocations", 1) {
            if !invocation["executionSuccessful"].is_boolean() {
                self.say("executionSuccessful", invocation);
            }
            for notification in self.optional(invocation, "toolExecutionNotifications") {
                self.notification(notification, &known);
            }
        }
        for result in self.list(run, "results", 0) {
            self.result(result, &known);
        }
    }

    fn component(&mut self, component: &Value) -> Vec<String> {
        self.text(component, "name", |it| !it.is_empty());
        self.descriptors(component, "taxa")
    }

    /// The ids of reporting descriptors, which are different.
    fn descriptors(&mut self, component: &Value, field: &str) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for descriptor in self.list(component, field, 1) {
            self.text(descriptor, "id", |it| !it.is_empty() && !ids.iter().any(|known| known == it));
            for field in ["shortDescription", "fullDescription", "help"] {
                self.text(&descriptor[field], "text", |it| !it.is_empty());
            }
            ids.push(descriptor["id"].as_str().unwrap_or_default().to_owned());
        }
        ids
    }

    fn level(&mut self, value: &Value) {
        self.text(value, "level", |it| ["none", "note", "warning", "error"].contains(&it));
    }

    fn notification(&mut self, notification: &Value, known: &Known) {
        self.level(notification);
        self.text(&notification["message"], "text", |it| !it.is_empty());
        self.optional(notification, "locations").iter().for_each(|it| self.location(it));
        if let Some(rule) = notification.get("associatedRule") {
            self.reference(rule, &known.rules);
        }
    }

    fn reference(&mut self, reference: &Value, known: &[String]) {
        let named = reference["index"].as_u64().and_then(|index| known.get(index as usize));
        if named.map(String::as_str) != reference["id"].as_str() {
            self.say("a reference that leads nowhere", reference);
        }
    }

    fn taxa(&mut self, value: &Value, known: &Known) {
        for taxon in self.optional(value, "taxa") {
            let component = taxon["toolComponent"]["index"].as_u64().and_then(|index| known.taxa.get(index as usize));
            match component {
                Some(component) => self.reference(taxon, component),
                None => self.say("toolComponent", taxon),
            }
        }
    }

    fn result(&mut self, result: &Value, known: &Known) {
        self.level(result);
        self.text(&result["message"], "text", |it| !it.is_empty());
        let rule = result["ruleIndex"].as_u64().and_then(|index| known.rules.get(index as usize));
        if rule.map(String::as_str) != result["ruleId"].as_str() {
            self.say("ruleIndex", &result["ruleId"]);
        }
        self.taxa(result, known);
        self.list(result, "locations", 1).iter().for_each(|it| self.location(it));
        for related in self.optional(result, "relatedLocations") {
            if !related["id"].is_u64() {
                self.say("id", related);
            }
            self.location(related);
        }
        let fingerprints = result["partialFingerprints"].as_object();
        if !fingerprints.is_some_and(|it| !it.is_empty() && it.values().all(Value::is_string)) {
            self.say("partialFingerprints", result);
        }
        for flow in self.optional(result, "codeFlows") {
            for thread in self.list(flow, "threadFlows", 1) {
                for (order, step) in (1..).zip(self.list(thread, "locations", 1)) {
                    if step["executionOrder"].as_u64() != Some(order) {
                        self.say("executionOrder", step);
                    }
                    self.taxa(step, known);
                    self.location(&step["location"]);
                    self.text(&step["location"]["message"], "text", |it| !it.is_empty());
                }
            }
        }
    }

    fn location(&mut self, location: &Value) {
        let is_empty = location.get("physicalLocation").is_none() && location.get("logicalLocations").is_none();
        if is_empty && location.get("message").is_none() {
            self.say("a location that says nothing", location);
        }
        for logical in self.optional(location, "logicalLocations") {
            self.text(logical, "name", |it| !it.is_empty());
        }
        let Some(physical) = location.get("physicalLocation") else { return };
        let is_uri = |text: &str| {
            let allowed = |it: char| it.is_ascii_alphanumeric() || "-._~/%:".contains(it);
            !text.is_empty() && text.chars().all(allowed)
        };
        self.text(&physical["artifactLocation"], "uri", is_uri);
        if let Some(region) = physical.get("region") {
            for field in ["startLine", "startColumn"] {
                if region[field].as_u64().is_none_or(|it| it < 1) {
                    self.say(field, region);
                }
            }
        }
    }
}

/// What references may lead to.
struct Known {
    rules: Vec<String>,
    taxa: Vec<Vec<String>>,
}
