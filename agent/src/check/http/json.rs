//! Fields of a JSON answer, named by pointer (RFC 6901). Pure.

use mailbeat_shared::text;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::check::probe::Sight;
use crate::check::range::Range;

/// One field and what is expected of it; with nothing expected it must be there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    /// Where it stands: `/status`, `/queues/0/length`.
    #[serde(deserialize_with = "pointer")]
    at: String,
    /// It must be this.
    is: Option<Json>,
    /// It must be a number in this range.
    range: Option<Range>,
    /// It is a number, reported as a value of the check under this name, for `warning` and `critical` and the vendor's rules.
    label: Option<String>,
    /// The value's unit; a bare number by default.
    #[serde(default = "bare")]
    unit: String,
}

fn bare() -> String {
    "1".into()
}

fn pointer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let written = String::deserialize(deserializer)?;
    if written.is_empty() || written.starts_with('/') {
        return Ok(written);
    }
    Err(serde::de::Error::custom("a JSON pointer begins with a slash, as in /status or /queues/0/length"))
}

/// What is wrong with the fields; numbers with a label are added to what was seen.
pub(super) fn faults(fields: &[Field], body: &[u8], sight: &mut Sight) -> Vec<String> {
    let Ok(document) = serde_json::from_slice::<Json>(body) else {
        return vec!["the body is no JSON".into()];
    };
    fields.iter().filter_map(|field| field.fault(&document, sight)).collect()
}

impl Field {
    fn fault(&self, document: &Json, sight: &mut Sight) -> Option<String> {
        let at = if self.at.is_empty() { "the document" } else { self.at.as_str() };
        let Some(found) = document.pointer(&self.at) else { return Some(format!("{at} is not there")) };
        if let Some(wanted) = self.is.as_ref().filter(|wanted| !same(found, wanted)) {
            return Some(format!("{at} is {}, not {wanted}", shown(found)));
        }
        if self.range.is_none() && self.label.is_none() {
            return None;
        }
        let Some(number) = number(found) else { return Some(format!("{at} is {}, no number", shown(found))) };
        if let Some(label) = &self.label {
            *sight = std::mem::replace(sight, Sight::ok("")).with(label, number, &self.unit);
        }
        let range = self.range.filter(|range| range.alerts(number))?;
        Some(format!("{at} is {number}, outside {range}"))
    }
}

/// 3 and 3.0 are the same number.
fn same(found: &Json, wanted: &Json) -> bool {
    found == wanted || found.is_number() && found.as_f64() == wanted.as_f64()
}

/// A number, also one written as text.
fn number(found: &Json) -> Option<f64> {
    let number = found.as_f64().or_else(|| found.as_str()?.trim().parse().ok());
    number.filter(|number| number.is_finite())
}

fn shown(found: &Json) -> String {
    text::one_line(&found.to_string(), 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"status": "degraded", "queue": {"length": 17, "text": "4.5"}, "parts": [{"up": true}]}"#;

    fn said(field: &str, body: &str) -> (Vec<String>, Sight) {
        #[derive(Deserialize)]
        struct Fields {
            json: Vec<Field>,
        }
        let fields: Fields = toml::from_str(&format!("json = [{field}]")).unwrap();
        let mut sight = Sight::ok("");
        (faults(&fields.json, body.as_bytes(), &mut sight), sight)
    }

    #[test]
    fn a_field_is_compared_with_what_it_should_be() {
        let faults = |field: &str| said(field, BODY).0;
        assert_eq!(faults(r#"{ at = "/status", is = "degraded" }"#), Vec::<String>::new());
        assert_eq!(
            faults(r#"{ at = "/status", is = "healthy" }"#),
            [r#"/status is "degraded", not "healthy""#]
        );
        assert_eq!(faults(r#"{ at = "/queue/length", is = 17.0 }"#), Vec::<String>::new());
        assert_eq!(faults(r#"{ at = "/parts/0/up", is = true }"#), Vec::<String>::new());
        assert_eq!(faults(r#"{ at = "/parts/1/up", is = true }"#), ["/parts/1/up is not there"]);
        assert_eq!(faults(r#"{ at = "/queue" }"#), Vec::<String>::new());
    }

    #[test]
    fn a_number_is_judged_by_a_range_and_reported_under_its_label() {
        let (faults, sight) =
            said(r#"{ at = "/queue/length", range = "~:10", label = "queue", unit = "{mail}" }"#, BODY);
        assert_eq!(faults, ["/queue/length is 17, outside ~:10"]);
        let queue = &sight.values[0];
        assert_eq!((queue.label.as_str(), queue.value, queue.unit.as_str()), ("queue", 17.0, "{mail}"));
        assert_eq!(said(r#"{ at = "/queue/text", range = "4:5" }"#, BODY).0, Vec::<String>::new());
        assert_eq!(
            said(r#"{ at = "/status", range = "4:5" }"#, BODY).0,
            [r#"/status is "degraded", no number"#]
        );
    }

    #[test]
    fn an_answer_that_is_no_json_is_said_once() {
        assert_eq!(said(r#"{ at = "/a" }, { at = "/b" }"#, "<html>502</html>").0, ["the body is no JSON"]);
    }
}
