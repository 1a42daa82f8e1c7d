//! Ranges of the monitoring-plugins API: `10` (0 to 10), `10:` (10 and more), `~:10` (10 and less), `10:20`, `@10:20` (outside of it).
//!
//! Source: the Monitoring Plugins development guidelines, "Threshold and ranges". A value in the range raises no alert; with `@` it is
//! the other way round. Bounds belong to the range.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// Where a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside_alerts: bool,
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no range; ranges are written 10 (0 to 10), 10: (10 or more), ~:10 (10 or less), 10:20, or @10:20 (not from 10 to 20)"
)]
pub struct RangeError(String);

impl Range {
    /// Whether the value raises an alert. What is no number does.
    #[must_use]
    pub fn alerts(&self, value: f64) -> bool {
        let inside = self.start <= value && value <= self.end;
        inside == self.inside_alerts
    }

    /// Where a value should be, for people: `0 to 80`, `10 or more`, `not 10 to 20`.
    #[must_use]
    pub fn words(&self) -> String {
        let not = if self.inside_alerts { "not " } else { "" };
        match (self.start, self.end) {
            (f64::NEG_INFINITY, f64::INFINITY) => format!("{not}anything"),
            (f64::NEG_INFINITY, end) => format!("{not}{end} or less"),
            (start, f64::INFINITY) => format!("{not}{start} or more"),
            (start, end) if start == end => format!("{not}{start}"),
            (start, end) => format!("{not}{start} to {end}"),
        }
    }
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let refused = || RangeError(text.to_owned());
        let number =
            |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(refused);
        let (inside_alerts, bounds) =
            text.trim().strip_prefix('@').map_or((false, text.trim()), |rest| (true, rest));
        let (start, end) = match bounds.split_once(':') {
            None => (0.0, number(bounds)?),
            Some((start, end)) => (
                match start {
                    "~" => f64::NEG_INFINITY,
                    "" => 0.0,
                    start => number(start)?,
                },
                if end.is_empty() { f64::INFINITY } else { number(end)? },
            ),
        };
        if start <= end { Ok(Self { start, end, inside_alerts }) } else { Err(refused()) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside_alerts {
            f.write_str("@")?;
        }
        match (self.start, self.end) {
            (0.0, end) if end.is_finite() => write!(f, "{end}"),
            (f64::NEG_INFINITY, f64::INFINITY) => f.write_str("~:"),
            (f64::NEG_INFINITY, end) => write!(f, "~:{end}"),
            (start, f64::INFINITY) => write!(f, "{start}:"),
            (start, end) => write!(f, "{start}:{end}"),
        }
    }
}

impl<'de> Deserialize<'de> for Range {
    /// A text, or a bare number as in `warning = 10`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        let wrong = |_| serde::de::Error::custom("a range is a number or a text, as in 10 or \"10:20\"");
        let text = match Written::deserialize(deserializer).map_err(wrong)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_alert_as_the_guidelines_say() {
        let alerts = |range: &str, value: f64| range.parse::<Range>().unwrap().alerts(value);
        // The examples of the guidelines: the range, what alerts, what does not.
        let examples: [(&str, &[f64], &[f64]); 6] = [
            ("10", &[-0.1, 10.1], &[0.0, 10.0]),
            ("10:", &[9.9, -1.0], &[10.0, 1e9]),
            ("~:10", &[10.1], &[-1e9, 10.0]),
            ("10:20", &[9.9, 20.1], &[10.0, 20.0]),
            ("@10:20", &[10.0, 15.0, 20.0], &[9.9, 20.1]),
            (":10", &[-0.1, 10.1], &[0.0, 10.0]),
        ];
        for (range, alerting, fine) in examples {
            assert!(alerting.iter().all(|value| alerts(range, *value)), "{range} must alert");
            assert!(!fine.iter().any(|value| alerts(range, *value)), "{range} must not alert");
        }
        assert!(alerts("10", f64::NAN), "what is no number is no good news");
    }

    #[test]
    fn what_is_no_range_is_refused_and_ranges_read_as_they_were_written() {
        for wrong in ["", "x", "20:10", "10:20:30", "@", "nan", "inf", "10-20"] {
            let refused = wrong.parse::<Range>().unwrap_err().to_string();
            assert!(refused.contains("no range"), "{refused}");
        }
        for text in ["10", "10:", "~:10", "10:20", "@10:20", "@~:0", "-5:5", "0.5"] {
            assert_eq!(text.parse::<Range>().unwrap().to_string(), text);
        }
        let words = ["10", "10:", "~:10", "0", "@10:20", "@~:0", "~:"]
            .map(|text| text.parse::<Range>().unwrap().words());
        assert_eq!(
            words,
            ["0 to 10", "10 or more", "10 or less", "0", "not 10 to 20", "not 0 or less", "anything"]
        );
    }
}
