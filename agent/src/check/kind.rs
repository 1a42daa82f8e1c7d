//! The kinds of checks: the one list that configuration, reference and data sheet go by. A new kind is a line here and a file.

use serde::de::DeserializeOwned;

use super::certificate::Certificate;
use super::file::{self, File};
use super::http::Http;
use super::log::{self, Log};
use super::mail_queue::MailQueue;
use super::plugin::Plugin;
use super::port::Port;
use super::probe::Probe;
use super::process::{self, Process};
use super::prometheus::Prometheus;
use super::service::{self, Service};
use super::tcp::Tcp;
use super::time::Time;

/// A kind of check, as `type` names it.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The word in `type`.
    pub name: &'static str,
    /// The labels of its values, the one that a bare range means first. Empty: whatever it looks at names them.
    pub values: &'static [&'static str],
    build: fn(toml::Table) -> Result<Box<dyn Probe>, String>,
}

/// All of them.
pub const KINDS: &[Kind] = &[
    kind::<Plugin>("plugin", &[]),
    kind::<Log>("log", log::VALUES),
    kind::<File>("file", file::VALUES),
    kind::<Service>("service", service::VALUES),
    kind::<Process>("process", process::VALUES),
    kind::<Http>("http", &[]),
    kind::<Tcp>("tcp", &["time", "days_left"]),
    kind::<Certificate>("certificate", &["days_left", "certificates"]),
    kind::<Prometheus>("prometheus", &[]),
    kind::<Port>("port", &[]),
    kind::<Time>("time", &["offset"]),
    kind::<MailQueue>("mail_queue", &["messages", "deferred", "oldest"]),
];

/// A kind whose probes are read from the keys of their `[[check]]` table, unknown keys refused; what serde cannot tell is told with
/// `#[serde(try_from = ...)]`.
const fn kind<P: Probe + DeserializeOwned + 'static>(
    name: &'static str,
    values: &'static [&'static str],
) -> Kind {
    Kind { name, values, build: build::<P> }
}

fn build<P: Probe + DeserializeOwned + 'static>(keys: toml::Table) -> Result<Box<dyn Probe>, String> {
    match toml::Value::Table(keys).try_into::<P>() {
        Ok(probe) => Ok(Box::new(probe)),
        Err(error) => Err(error.message().to_owned()),
    }
}

impl Kind {
    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// All names, for people.
    #[must_use]
    pub fn names() -> String {
        KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
    }

    /// A probe of this kind from its own keys.
    ///
    /// # Errors
    /// What is wrong with a key, in serde's words, so that the nearest known key can be named.
    pub fn probe(&self, keys: toml::Table) -> Result<Box<dyn Probe>, String> {
        (self.build)(keys)
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_word_and_refuses_a_key_that_no_kind_has() {
        for (n, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[n + 1..].iter().all(|other| other.name != kind.name), "{kind:?} stands twice");
            let keys = toml::Table::from_iter([("no_such_key".to_owned(), toml::Value::Boolean(true))]);
            let Err(refused) = kind.probe(keys) else { panic!("{kind:?} takes any key") };
            assert!(
                refused.starts_with("unknown field `no_such_key`, "),
                "{kind:?} must refuse unknown keys: {refused}"
            );
        }
    }

    #[test]
    fn every_kind_and_every_value_of_it_is_in_the_reference() {
        let reference = include_str!("../../../docs/configuration.md");
        for kind in KINDS {
            assert!(reference.contains(&format!("type = \"{}\"", kind.name)), "{kind:?}");
            for value in kind.values {
                assert!(reference.contains(&format!("`{value}`")), "{kind:?} gives {value}");
            }
        }
    }
}
