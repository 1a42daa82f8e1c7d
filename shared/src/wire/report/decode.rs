//! From verified bytes to a report.
//!
//! serde's `flatten` and tagged enums first build a tree of everything and read the report out of that, which costs as much as
//! checking the signature. Here the fields are read as they stand, and the content of the report's kind after them. What is
//! accepted is the same: serde's own derive is the oracle of the tests below.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;

use super::{AgentInfo, Body, Identity, Kind, Promise, Report, VERSION};
use crate::wire::id::{ContractNumber, Digest, Incarnation, ReportId, SystemId};
use crate::wire::{admit, limits};

/// Why verified bytes are no report this program can take.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Made by a newer program.
    #[error(
        "wire version {0} is newer than {VERSION}, the newest this program reads; upgrade and release it again"
    )]
    NewerVersion(u32),
    /// Not the JSON it should be.
    #[error("not a report: {0}")]
    Malformed(String),
    /// Over a limit.
    #[error("{what} is over its limit of {limit}")]
    OverLimit {
        /// What.
        what: &'static str,
        /// The limit, in the unit the name implies (bytes or items).
        limit: usize,
    },
}

impl Report {
    /// Reads bytes whose signature was verified. Unsafe characters in text are stripped here, limits are checked here.
    ///
    /// # Errors
    /// [`DecodeError`]: the mail is quarantined with it as the reason.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > limits::REPORT_BYTES {
            return Err(DecodeError::OverLimit { what: "report.json", limit: limits::REPORT_BYTES });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error))?;
        let mut report = match read(text) {
            // A newer report may look different in everything but its version.
            Err(error) => return Err(newer(text).unwrap_or_else(|| malformed(&error))),
            Ok(report) if report.mailbeat > VERSION => {
                return Err(DecodeError::NewerVersion(report.mailbeat));
            }
            Ok(report) => report,
        };
        admit::report(&mut report)?;
        Ok(report)
    }
}

fn malformed(error: &dyn std::error::Error) -> DecodeError {
    DecodeError::Malformed(crate::text::one_line(&error.to_string(), 300))
}

/// Whether it was made by a newer program.
fn newer(text: &str) -> Option<DecodeError> {
    #[derive(Deserialize)]
    struct Version {
        mailbeat: u32,
    }
    let version: Version = serde_json::from_str(text).ok()?;
    (version.mailbeat > VERSION).then_some(DecodeError::NewerVersion(version.mailbeat))
}

/// The fields of [`Report`] side by side; the contents of all kinds are left as text, and only that of its own kind is read.
#[derive(Deserialize)]
struct Flat<'a> {
    mailbeat: u32,
    id: ReportId,
    system: SystemId,
    contract: ContractNumber,
    #[serde(default = "crate::wire::contract::first_revision")]
    contract_revision: u32,
    sequence: u64,
    incarnation: Incarnation,
    identity: Identity,
    previous: Option<Digest>,
    #[serde(default)]
    superseded: Vec<(u64, u64)>,
    #[serde(default)]
    lost: Vec<(u64, u64)>,
    created_at: Timestamp,
    uptime_s: u64,
    boot_id: String,
    agent: AgentInfo,
    promise: Promise,
    kind: Kind,
    #[serde(borrow)]
    heartbeat: Option<&'a RawValue>,
    system_report: Option<&'a RawValue>,
    enrollment: Option<&'a RawValue>,
    notice: Option<&'a RawValue>,
    test: Option<&'a RawValue>,
}

fn read(text: &str) -> serde_json::Result<Report> {
    // serde would take an array for the fields in their order, too.
    if !text.trim_start().starts_with('{') {
        return Err(serde_json::Error::custom("it does not begin with {"));
    }
    let flat: Flat<'_> = serde_json::from_str(text)?;
    let body = match flat.kind {
        Kind::Heartbeat => Body::Heartbeat { heartbeat: content("heartbeat", flat.heartbeat)? },
        Kind::System => Body::System { system_report: content("system_report", flat.system_report)? },
        Kind::Enrollment => Body::Enrollment { enrollment: content("enrollment", flat.enrollment)? },
        Kind::Notice => Body::Notice { notice: content("notice", flat.notice)? },
        Kind::Test => Body::Test { test: content("test", flat.test)? },
    };
    Ok(Report {
        mailbeat: flat.mailbeat,
        id: flat.id,
        system: flat.system,
        contract: flat.contract,
        contract_revision: flat.contract_revision,
        sequence: flat.sequence,
        incarnation: flat.incarnation,
        identity: flat.identity,
        previous: flat.previous,
        superseded: flat.superseded,
        lost: flat.lost,
        created_at: flat.created_at,
        uptime_s: flat.uptime_s,
        boot_id: flat.boot_id,
        agent: flat.agent,
        promise: flat.promise,
        body,
    })
}

fn content<'a, T: Deserialize<'a>>(name: &'static str, text: Option<&'a RawValue>) -> serde_json::Result<T> {
    let text = text.ok_or_else(|| serde_json::Error::missing_field(name))?;
    serde_json::from_str(text.get())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const KINDS: [&str; 5] = ["heartbeat", "system", "enrollment", "notice", "test"];

    /// A report that has the content of every kind, of which only its own counts.
    fn report(kind: &str) -> Value {
        json!({
            "mailbeat": 1, "id": "01a21d34-d20b-7b11-80ee-520ea3e6f672",
            "system": "a01ecafd-4a01-471f-ab8e-40f5cca87490", "contract": "ACME-2026-001", "sequence": 12,
            "incarnation": "5c4267ce760e107a",
            "identity": { "public_key": "ssh-ed25519 AAAA", "proof": Digest::of(b"proof"), "succession": ["x"] },
            "previous": Digest::of(b"previous"), "superseded": [[3, 4]], "lost": [],
            "created_at": "2026-11-27T13:32:10.635502Z", "uptime_s": 3_550_470, "boot_id": "boot",
            "agent": { "version": "0.1.0", "host": "scada", "locale": "en", "config_digest": Digest::of(b"toml") },
            "promise": { "heartbeat_interval_s": 3_600, "system_interval_s": 86_400 },
            "kind": kind,
            "heartbeat": {
                "spool": { "queued": 2, "oldest": null, "route": "smtp" },
                "maintenance": { "until": "2026-11-28T00:00:00Z", "reason": "new \u{fc}ber\ndisk" },
                "observations": [
                    { "name": "a", "value": 0.369_968_916_073_398_16, "unit": "1", "attributes": { "k": "v" } },
                    { "name": "b", "value": 2, "unit": "By" },
                ],
                "checks": [{ "name": "c", "state": "ok", "since": "2026-11-27T00:00:00Z" }],
            },
            "system_report": { "baseline": null, "files": [], "changes": [], "inventory": { "os": "x" } },
            "enrollment": { "activated_by": "root", "consented": ["metrics"], "revision": 1 },
            "notice": { "event": "shutdown", "until": null },
            "test": {},
        })
    }

    /// Both ways of reading the same text: serde's derive over the type itself, and ours.
    fn both(value: &Value) -> (Option<Report>, Option<Report>) {
        let text = serde_json::to_string_pretty(value).unwrap();
        (serde_json::from_str(&text).ok(), read(&text).ok())
    }

    /// Every place in a value, as a JSON pointer.
    fn places(value: &Value, at: &str, into: &mut Vec<String>) {
        let mut go = |key: &str, value: &Value| {
            let at = format!("{at}/{key}");
            places(value, &at, into);
            into.push(at);
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| go(key, value)),
            Value::Array(items) => items.iter().enumerate().for_each(|(n, value)| go(&n.to_string(), value)),
            _ => {}
        }
    }

    #[test]
    fn every_kind_is_read_with_its_own_content_alone() {
        for kind in KINDS {
            let (derived, ours) = both(&report(kind));
            assert_eq!(ours.as_ref().map(|report| report.kind().as_str()), Some(kind));
            assert_eq!(ours, derived);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn whatever_is_changed_or_missing_is_taken_or_refused_as_by_serdes_own_derive(
            kind in 0..KINDS.len(), place in any::<prop::sample::Index>(), change in 0..8_usize,
        ) {
            let mut value = report(KINDS[kind]);
            let mut all = vec![];
            places(&value, "", &mut all);
            let (parent, key) = place.get(&all).rsplit_once('/').unwrap();
            let others = [json!(null), json!("x"), json!(-1), json!(1.5), json!([]), json!({}), json!(true)];
            match (others.get(change), value.pointer_mut(parent)) {
                (Some(other), Some(parent)) if parent.is_object() => parent[key] = other.clone(),
                (Some(other), Some(parent)) => parent[key.parse::<usize>().unwrap()] = other.clone(),
                (None, Some(Value::Object(parent))) => drop(parent.remove(key)),
                _ => {}
            }
            let (derived, ours) = both(&value);
            prop_assert_eq!(ours, derived);
        }
    }

    #[test]
    fn a_newer_report_is_refused_by_its_version_whatever_else_is_in_it() {
        for text in [r#"{"mailbeat": 2}"#, r#"{"mailbeat": 2, "id": [], "kind": "song"}"#] {
            assert!(matches!(Report::decode(text.as_bytes()), Err(DecodeError::NewerVersion(2))));
        }
        let mut whole = report("heartbeat");
        whole["mailbeat"] = json!(7);
        let whole = whole.to_string();
        assert!(matches!(Report::decode(whole.as_bytes()), Err(DecodeError::NewerVersion(7))));
        for text in ["", "[1]", "{}", "\u{feff}{}", r#"{"mailbeat": "2"}"#] {
            assert!(matches!(Report::decode(text.as_bytes()), Err(DecodeError::Malformed(_))), "{text}");
        }
        assert!(matches!(Report::decode(b"{\xff}"), Err(DecodeError::Malformed(_))));
    }
}
