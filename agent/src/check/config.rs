//! One `[[check]]` table: what every check has, and the keys of its kind.
//!
//! Unknown keys are refused with the nearest known one, whether they are every check's or the kind's own. The kind's keys are kept as
//! they were written, and a probe is built from them whenever one is needed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use mailbeat_shared::text;
use mailbeat_shared::wire::check::SeverityHint;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::kind::Kind;
use super::probe::Probe;
use super::range::Range;
use crate::config::secrets;

/// Longest name of a check, in bytes.
const NAME_BYTES: usize = 100;

/// A check as configured.
#[derive(Clone, PartialEq)]
pub struct CheckConfig {
    /// Its name: what people, rules and tickets know it by.
    pub name: String,
    /// How it looks; `None` only where it is switched off and does not say.
    pub kind: Option<&'static Kind>,
    /// Whether it runs.
    pub enabled: bool,
    /// From the beginning of one run to the next.
    pub interval: Duration,
    /// How long a run may take.
    pub timeout: Duration,
    /// How urgent it is.
    pub severity: Option<SeverityHint>,
    /// Outside of these ranges the verdict is at least Warning.
    pub warning: Ranges,
    /// Outside of these ranges the verdict is Critical.
    pub critical: Ranges,
    /// The included file it stands in; `None`: `agent.toml` itself.
    pub file: Option<PathBuf>,
    /// The keys of its kind.
    keys: toml::Table,
    /// As written, secrets hidden.
    pub(crate) shown: toml::Table,
}

/// The ranges that values may be in.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ranges {
    /// Anywhere.
    #[default]
    None,
    /// The check's first value in this one.
    First(Range),
    /// Each value of this label in its own.
    Labelled(BTreeMap<String, Range>),
}

/// What every check has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default = "five_minutes")]
    interval_s: u32,
    #[serde(default = "half_a_minute")]
    timeout_s: u32,
    severity: Option<SeverityHint>,
    #[serde(default)]
    warning: Ranges,
    #[serde(default)]
    critical: Ranges,
}

/// The keys of [`Common`]; the rest is the kind's.
const COMMON: [&str; 8] =
    ["name", "type", "enabled", "interval_s", "timeout_s", "severity", "warning", "critical"];

fn yes() -> bool {
    true
}

fn five_minutes() -> u32 {
    300
}

fn half_a_minute() -> u32 {
    30
}

impl CheckConfig {
    /// A probe of it; `None` where it is switched off.
    #[must_use]
    pub fn probe(&self) -> Option<Box<dyn Probe>> {
        // It was built once when the file was read, so it can be built.
        self.kind.filter(|_| self.enabled)?.probe(self.keys.clone()).ok()
    }

    /// What will not work or does not mean anything, one sentence each.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let Some(probe) = self.probe() else { return vec![] };
        let mut doubts: Vec<String> = probe.doubt().into_iter().collect();
        let judges = self.warning != Ranges::None || self.critical != Ranges::None;
        if !judges && self.kind_name() == "log" {
            doubts.push("it only counts: with `warning = 0` any line that matches is a warning".into());
        }
        if self.timeout > self.interval {
            doubts.push("`timeout_s` is longer than `interval_s`".into());
        }
        let from = self.file.as_ref().map_or_else(String::new, |file| format!(" (from {})", file.display()));
        doubts.into_iter().map(|doubt| format!("check {}{from}: {doubt}", self.name)).collect()
    }

    /// The files with secrets that its keys name, whether it is switched on or not.
    pub(crate) fn secret_files(&self) -> Vec<PathBuf> {
        secrets::files(&self.keys)
    }

    /// The word for its kind.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        self.kind.map_or("off", |kind| kind.name)
    }

    /// Reads the table.
    fn read(table: toml::Table) -> Result<Self, String> {
        let (common, keys): (toml::Table, toml::Table) =
            table.into_iter().partition(|(key, _)| COMMON.contains(&key.as_str()));
        // What every check has is no secret, not even a range for a value that is called a token.
        let shown: toml::Table = common.clone().into_iter().chain(secrets::hidden(keys.clone())).collect();
        let common: Common = parse(common)?;
        let name = &common.name;
        let named = |what: String| format!("check {name}: {what}");
        if name.trim().is_empty() || name.len() > NAME_BYTES || text::one_line(name, NAME_BYTES) != *name {
            return Err(format!("a check's `name` is 1 to {NAME_BYTES} bytes on one line; {name:?} is not"));
        }
        for (key, value) in [("interval_s", common.interval_s), ("timeout_s", common.timeout_s)] {
            if value == 0 {
                return Err(named(format!("`{key}` must be at least 1")));
            }
        }
        let kind = match &common.kind {
            None if !common.enabled => None,
            None => return Err(named(format!("it needs `type`: one of {}", Kind::names()))),
            Some(word) => Some(
                Kind::named(word)
                    .ok_or_else(|| named(format!("type {word:?} is not known; one of {}", Kind::names())))?,
            ),
        };
        if let Some(kind) = kind {
            kind.probe(keys.clone()).map(drop).map_err(|refused| with_common_keys(&refused))?;
            common.warning.fit(kind).and_then(|()| common.critical.fit(kind)).map_err(named)?;
        }
        Ok(Self {
            kind,
            enabled: common.enabled,
            interval: Duration::from_secs(common.interval_s.into()),
            timeout: Duration::from_secs(common.timeout_s.into()),
            severity: common.severity,
            warning: common.warning,
            critical: common.critical,
            file: None,
            keys,
            shown,
            name: common.name,
        })
    }
}

/// Which of its values a range is for is known before it ever runs, where the kind says what it measures.
impl Ranges {
    fn fit(&self, kind: &Kind) -> Result<(), String> {
        let Self::Labelled(ranges) = self else { return Ok(()) };
        let stray = ranges.keys().find(|label| !kind.values.contains(&label.as_str()));
        match stray.filter(|_| !kind.values.is_empty()) {
            Some(label) => Err(format!(
                "type {:?} gives no value `{label}`; it gives {}",
                kind.name,
                kind.values.join(", ")
            )),
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for CheckConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(toml::Table::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Ranges {
    /// A range, or a table from a value's label to its range.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |error: toml::de::Error| D::Error::custom(error.message());
        match toml::Value::deserialize(deserializer)? {
            table @ toml::Value::Table(_) => table.try_into().map(Self::Labelled).map_err(wrong),
            range => range.try_into().map(Self::First).map_err(wrong),
        }
    }
}

fn parse<T: DeserializeOwned>(table: toml::Table) -> Result<T, String> {
    toml::Value::Table(table).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

/// A key the kind does not know may be meant as one of every check's.
fn with_common_keys(refused: &str) -> String {
    if !refused.starts_with("unknown field ") {
        return refused.to_owned();
    }
    let common: Vec<String> = COMMON.iter().map(|key| format!("`{key}`")).collect();
    format!("{refused}, {}", common.join(", "))
}

impl std::fmt::Debug for CheckConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckConfig")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests;
