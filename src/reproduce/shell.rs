//! Text from input as words of a shell: whatever is in it, it stays one word and runs nothing.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::input::visible::visible;

/// A word. What no word can hold (a NUL) is written out.
pub fn word(text: &str) -> String {
    let quoted = shlex::try_quote(text).map(Cow::into_owned);
    quoted.unwrap_or_else(|_| word(&text.replace('\0', "\\0")))
}

/// Words, with a space between any two.
pub fn words<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| word(text.as_ref())).collect::<Vec<String>>().join(" ")
}

/// A word that is shown to people.
pub fn shown(text: &str) -> String {
    word(&visible(text))
}

/// A comment; what is said in it ends no line.
pub fn comment(text: &str) -> String {
    format!("# {}", visible(text))
}

/// A selector as `kubectl -l` takes it. One that selects everything is empty.
pub fn selector(selector: &LabelSelector) -> String {
    let equal = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().flatten().map(|it| {
        let values = it.values.as_deref().unwrap_or_default().join(",");
        match it.operator.as_str() {
            "In" => format!("{} in ({values})", it.key),
            "NotIn" => format!("{} notin ({values})", it.key),
            "DoesNotExist" => format!("!{}", it.key),
            _ => it.key.clone(),
        }
    });
    equal.chain(expressions).collect::<Vec<String>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        for text in ["web", "", "a b", "$(reboot)", "`reboot`", "it's", "a\nb", "-x; rm", "!1", "\u{1b}[2J"] {
            assert_eq!(shlex::split(&word(text)), Some(vec![text.to_owned()]));
        }
        assert_eq!(shlex::split(&word("a\0b")), Some(vec!["a\\0b".to_owned()]));
        assert_eq!(comment("a\nreboot"), "# a\\nreboot");
    }

    #[test]
    fn selectors_are_those_of_kubectl() {
        let text = "{matchLabels: {app: web}, matchExpressions: [{key: tier, operator: In, values: [a, b]}, \
                    {key: old, operator: DoesNotExist}, {key: own, operator: Exists}]}";
        let parsed: LabelSelector = serde_yaml::from_str(text).expect("a selector");
        assert_eq!(selector(&parsed), "app=web,tier in (a,b),!old,own");
    }
}
