//! Whether terms make sense: the first thing that is wrong, in words for the operator.

use jiff::Timestamp;
use mailbeat_shared::text;
use mailbeat_shared::transport::tls::CertificatePin;
use mailbeat_shared::wire::contract::{Contract, Interval, Relay};
use mailbeat_shared::wire::mail::bare_address;

use super::{IssueError, LONGEST_INTERVAL_S, LONGEST_MAINTENANCE_H, NAME_BYTES};

/// Most days heartbeats go on after the end.
const MOST_GRACE_DAYS: u32 = 365;
/// Most systems under one contract.
const MOST_SYSTEMS: u32 = 100_000;

pub(super) fn terms(contract: &Contract, now: Timestamp) -> Result<(), IssueError> {
    name("customer", &contract.customer)?;
    name("vendor", &contract.vendor)?;
    if let Some(until) = contract.valid_until {
        if until <= contract.valid_from {
            return Err(IssueError::EndBeforeStart { from: contract.valid_from, until });
        }
        if until <= now {
            return Err(IssueError::EndsInThePast { until });
        }
    }
    if contract.report_addresses.is_empty() {
        return Err(IssueError::NoAddress);
    }
    let is_bare = |address: &String| bare_address(address).as_ref() == Some(address);
    if let Some(wrong) = contract.report_addresses.iter().find(|address| !is_bare(address)) {
        return Err(IssueError::Address(text::one_line(wrong, 100)));
    }
    interval("heartbeat", contract.heartbeat_interval_s)?;
    interval("system report", contract.system_interval_s)?;
    range("the number of systems", contract.systems, 1, MOST_SYSTEMS)?;
    range("the grace period in days", contract.grace_days, 0, MOST_GRACE_DAYS)?;
    range("the longest maintenance in hours", contract.maintenance_max_h, 0, LONGEST_MAINTENANCE_H)?;
    contract.relay.as_ref().map_or(Ok(()), relay).map_err(IssueError::Relay)
}

/// The name also stands in the comment at the head of the file: a line break in it would be a term of its own.
fn name(whose: &'static str, name: &str) -> Result<(), IssueError> {
    let fits = !name.trim().is_empty() && text::one_line(name, NAME_BYTES) == name;
    if fits { Ok(()) } else { Err(IssueError::Name { whose, name: text::one_line(name, 80) }) }
}

fn interval(which: &'static str, interval: Interval) -> Result<(), IssueError> {
    let Interval { default, min, max } = interval;
    let fits = 1 <= min && min <= default && default <= max && max <= LONGEST_INTERVAL_S;
    if fits { Ok(()) } else { Err(IssueError::Interval { which, default, min, max }) }
}

fn range(what: &'static str, value: u32, least: u32, most: u32) -> Result<(), IssueError> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(IssueError::Range { what, value, least, most }) }
}

/// What is wrong with a relay's settings, if anything.
///
/// # Errors
/// A sentence without its subject, the relay.
pub fn relay(relay: &Relay) -> Result<(), &'static str> {
    let wrong = |what| Err(what);
    let is_host = !relay.host.is_empty() && relay.host.chars().all(|c| c.is_ascii_graphic());
    if !is_host {
        return wrong("host is not a host name");
    }
    if relay.port == 0 {
        return wrong("port is 0");
    }
    if bare_address(&relay.username).as_ref() != Some(&relay.username) {
        return wrong("username is not a mail address; it is the sender too");
    }
    if relay.password.is_empty() {
        return wrong("password is empty");
    }
    match relay.tls_pin.as_ref().map(|pin| pin.parse::<CertificatePin>()) {
        Some(Err(_)) => wrong("tls_pin is not sha256: and 64 hexadecimal digits"),
        _ => Ok(()),
    }
}
