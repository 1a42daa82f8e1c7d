//! From the samples of a scrape to one number: which are meant, taken together how, since when, against what. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use globset::{Glob, GlobMatcher};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::text::Sample;
use crate::collect::whole;

/// Most series one metric may select, and most whose last value is remembered, also of those that are gone.
const SERIES: usize = 1_000;

/// One number to measure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    /// Its name among the check's values.
    pub(super) label: String,
    /// The metric's name.
    name: String,
    /// Only series whose labels match these globs; a glob that begins with `!` must not match.
    #[serde(default, rename = "where")]
    filter: BTreeMap<String, Matcher>,
    /// How several series become one number.
    #[serde(default)]
    take: Take,
    /// What of a series counts.
    #[serde(default)]
    by: By,
    /// Compare with this one.
    against: Option<Other>,
    /// How to compare.
    #[serde(default)]
    compare: Compare,
    /// The value where the exporter shows no such series; without it that is unknown.
    absent: Option<f64>,
    /// The value's unit; a bare number by default.
    #[serde(default = "bare")]
    pub(super) unit: String,
}

fn bare() -> String {
    "1".into()
}

/// The other side of a comparison; taken and counted like the first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    name: String,
    #[serde(default, rename = "where")]
    filter: BTreeMap<String, Matcher>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Take {
    #[default]
    Sum,
    Max,
    Min,
    Mean,
    Count,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum By {
    /// What it shows now.
    #[default]
    Value,
    /// How much it grew since the last look.
    Increase,
    /// The same a second.
    Rate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Compare {
    /// The first less the other.
    #[default]
    Difference,
    /// That as a share of the larger one: 0 when they are equal, 1 when the other stands still, -1 when the first does.
    Ratio,
}

/// A glob on a label's value, or the exclusion of one.
#[derive(Clone, Debug)]
struct Matcher {
    glob: GlobMatcher,
    excludes: bool,
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (glob, excludes) = text.strip_prefix('!').map_or((text.as_str(), false), |glob| (glob, true));
        let glob = Glob::new(glob).map_err(serde::de::Error::custom)?.compile_matcher();
        Ok(Self { glob, excludes })
    }
}

/// What is remembered from look to look: the counters, by metric and series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    at: Timestamp,
    counters: BTreeMap<String, BTreeMap<String, Seen>>,
}

/// What a counter showed last, and when, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen(f64, i64);

impl Memory {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { at: now, counters: BTreeMap::new() }
    }
}

/// What makes these metrics senseless together.
pub(super) fn faults(metrics: &[Metric]) -> Option<String> {
    let mut labels = BTreeSet::from(["time"]);
    metrics.iter().find_map(|metric| {
        let label = &metric.label;
        if !labels.insert(label) {
            return Some(format!("the label {label:?} is used twice (`time` is the scrape's own)"));
        }
        let alone = metric.against.is_none() && metric.compare != Compare::Difference;
        alone.then(|| format!("{label}: `compare` needs something `against` it"))
    })
}

/// A number for people: no more digits than tell something.
pub(super) fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Metric {
    /// Whether it counts what happened since the look before, so that it adds up until a heartbeat tells the sum.
    pub(super) fn counts(&self) -> bool {
        self.by == By::Increase && self.against.is_none()
    }

    /// The number; `None` where it needs a look before this one.
    ///
    /// # Errors
    /// A sentence: there is no such series, or it is no number.
    pub(super) fn measure(
        &self,
        samples: &[Sample<'_>],
        before: Option<&Memory>,
        after: &mut Memory,
    ) -> Result<Option<f64>, String> {
        let first = self.side(&self.label, &self.name, &self.filter, samples, before, after)?;
        let Some(other) = &self.against else { return Ok(first) };
        let key = format!("{} against", self.label);
        let second = self.side(&key, &other.name, &other.filter, samples, before, after)?;
        let (Some(first), Some(second)) = (first, second) else { return Ok(None) };
        let larger = first.abs().max(second.abs());
        Ok(Some(match self.compare {
            Compare::Difference => first - second,
            Compare::Ratio if larger == 0.0 => 0.0,
            Compare::Ratio => (first - second) / larger,
        }))
    }

    fn side(
        &self,
        key: &str,
        name: &str,
        filter: &BTreeMap<String, Matcher>,
        samples: &[Sample<'_>],
        before: Option<&Memory>,
        after: &mut Memory,
    ) -> Result<Option<f64>, String> {
        let named = samples.iter().filter(|sample| sample.name == name && admits(filter, sample));
        // A summary without observations shows NaN: no number, no series.
        let series: BTreeMap<String, f64> =
            named.filter(|sample| !sample.value.is_nan()).map(|sample| (id(sample), sample.value)).collect();
        if series.len() > SERIES {
            return Err(format!(
                "{name} has {} series, more than {SERIES}; narrow it with `where`",
                series.len()
            ));
        }
        let last = before.and_then(|before| Some((before, before.counters.get(key)?)));
        let is_missing = series.is_empty() && self.absent.is_none();
        // Where nothing was ever seen, what comes later has not begun at zero.
        if self.by != By::Value && (last.is_some() || !is_missing) {
            let seen = remembered(last.map(|(_, seen)| seen), &series, after.at);
            after.counters.insert(key.to_owned(), seen);
        }
        if is_missing {
            return Err(format!("the exporter shows no number as {name} with these labels"));
        }
        let counted: Vec<f64> = match last {
            _ if self.by == By::Value => series.into_values().collect(),
            Some((before, last)) if before.at < after.at => self.growth(before.at, last, &series, after.at),
            _ => return Ok(None),
        };
        let number =
            if counted.is_empty() { self.absent.unwrap_or_default() } else { self.together(&counted) };
        if number.is_finite() { Ok(Some(number)) } else { Err(format!("{name} is {number}")) }
    }

    /// How much each series grew since it was seen last, at the latest look or before. One that shows less than then began again at
    /// zero, and so did one that was never seen.
    fn growth(
        &self,
        latest: Timestamp,
        last: &BTreeMap<String, Seen>,
        series: &BTreeMap<String, f64>,
        now: Timestamp,
    ) -> Vec<f64> {
        let grown = |(id, value): (&String, &f64)| {
            let Seen(was, when) = last.get(id).copied().unwrap_or(Seen(0.0, latest.as_millisecond()));
            let grown = if was <= *value { value - was } else { *value };
            // Seen at a time that is yet to come: the clock was set back, and at what rate it grew nobody knows.
            let passed = now.as_millisecond().checked_sub(when).filter(|passed| *passed > 0)?;
            Some(if self.by == By::Rate {
                grown / Duration::from_millis(passed.unsigned_abs()).as_secs_f64()
            } else {
                grown
            })
        };
        series.iter().filter_map(grown).collect()
    }

    fn together(&self, counted: &[f64]) -> f64 {
        let sum = || counted.iter().sum::<f64>();
        let count = whole(counted.len() as u64);
        match self.take {
            Take::Sum => sum(),
            Take::Max => counted.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Take::Min => counted.iter().copied().fold(f64::INFINITY, f64::min),
            Take::Mean => sum() / count,
            Take::Count => count,
        }
    }
}

/// What every series showed last: those that are shown now, and of those that are not the latest as far as there is room.
fn remembered(
    last: Option<&BTreeMap<String, Seen>>,
    series: &BTreeMap<String, f64>,
    now: Timestamp,
) -> BTreeMap<String, Seen> {
    let mut gone: Vec<(&String, &Seen)> =
        last.into_iter().flatten().filter(|(id, _)| !series.contains_key(*id)).collect();
    gone.sort_by_key(|(_, Seen(_, when))| std::cmp::Reverse(*when));
    gone.truncate(SERIES - series.len());
    let shown = series.iter().map(|(id, value)| (id.clone(), Seen(*value, now.as_millisecond())));
    shown.chain(gone.into_iter().map(|(id, seen)| (id.clone(), *seen))).collect()
}

/// A label that is not there is an empty one.
fn admits(filter: &BTreeMap<String, Matcher>, sample: &Sample<'_>) -> bool {
    filter.iter().all(|(label, matcher)| {
        let has = sample.labels.iter().find(|(name, _)| name == label);
        matcher.glob.is_match(has.map_or("", |(_, value)| value)) != matcher.excludes
    })
}

/// Names a series: its labels in order.
fn id(sample: &Sample<'_>) -> String {
    let labels: BTreeMap<&str, &str> = sample.labels.iter().map(|(name, value)| (*name, &**value)).collect();
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests;
