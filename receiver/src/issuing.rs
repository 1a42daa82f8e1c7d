//! Issuing contracts: from what an operator asked for to terms that are complete and make sense.
//!
//! Pure: time and randomness are arguments. What the operator left out comes from the vendor's own [`Terms`]. Refuses with the
//! first thing that is wrong, in words for the person at the keyboard; nothing is issued then. [`load_or_create`] keeps the
//! key that seals the result.

mod check;
mod number;
mod renew;
mod vendor_key;

use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval, Relay};
use mailbeat_shared::wire::id::ContractNumber;
use mailbeat_shared::wire::sealed::EncryptionKey;
use mailbeat_shared::wire::signature::PublicKey;
use serde::Deserialize;

pub use check::relay as check_relay;
pub use number::{next_number, prefix};
pub use renew::{Login, Renewal, renew};
pub use vendor_key::{VendorKeyError, load, load_or_create, vendor_pub};

/// Longest name of a customer or vendor, in bytes.
const NAME_BYTES: usize = 200;
/// Longest time between two reports, in seconds: 31 days.
const LONGEST_INTERVAL_S: u32 = 31 * 86_400;
/// Longest announced maintenance, in hours.
const LONGEST_MAINTENANCE_H: u32 = 72;

/// The vendor's usual terms: the `contracts` table of the receiver's configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The vendor's name.
    pub vendor: String,
    /// Where reports go.
    #[serde(default)]
    pub report_addresses: Vec<String>,
    /// Days after the end in which heartbeats go on.
    #[serde(default = "Terms::default_grace_days")]
    pub grace_days: u32,
    /// Most systems under one contract.
    #[serde(default = "Terms::default_systems")]
    pub systems: u32,
    /// Longest announced maintenance, in hours.
    #[serde(default = "Terms::default_maintenance_max_h")]
    pub maintenance_max_h: u32,
    /// The language customers' mails are in, where their administrators set none.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// Seconds from one heartbeat to the next.
    #[serde(default = "Terms::default_heartbeat_interval_s")]
    pub heartbeat_interval_s: Interval,
    /// Seconds from one system report to the next.
    #[serde(default = "Terms::default_system_interval_s")]
    pub system_interval_s: Interval,
}

impl Terms {
    /// The usual terms of a vendor that set nothing but name and address.
    #[must_use]
    pub fn new(vendor: impl Into<String>, report_address: impl Into<String>) -> Self {
        Self {
            vendor: vendor.into(),
            report_addresses: vec![report_address.into()],
            grace_days: Self::default_grace_days(),
            systems: Self::default_systems(),
            maintenance_max_h: Self::default_maintenance_max_h(),
            locale: None,
            heartbeat_interval_s: Self::default_heartbeat_interval_s(),
            system_interval_s: Self::default_system_interval_s(),
        }
    }

    fn default_grace_days() -> u32 {
        14
    }

    fn default_systems() -> u32 {
        10
    }

    fn default_maintenance_max_h() -> u32 {
        LONGEST_MAINTENANCE_H
    }

    fn default_heartbeat_interval_s() -> Interval {
        Interval { default: 3_600, min: 300, max: 86_400 }
    }

    fn default_system_interval_s() -> Interval {
        Interval { default: 86_400, min: 3_600, max: 7 * 86_400 }
    }
}

/// What an operator asks for; `None` takes the vendor's usual terms.
#[derive(Clone, Debug, Default)]
pub struct IssueRequest {
    /// The number, or the next free one of this customer and year.
    pub number: Option<ContractNumber>,
    /// The customer's name.
    pub customer: String,
    /// Nothing is sent before; now, if not set.
    pub valid_from: Option<Timestamp>,
    /// The end; runs until revoked, if not set.
    pub valid_until: Option<Timestamp>,
    /// Days after the end in which heartbeats go on.
    pub grace_days: Option<u32>,
    /// Most systems.
    pub systems: Option<u32>,
    /// Whom reports can be encrypted for.
    pub encryption_key: Option<EncryptionKey>,
    /// Where reports go; the vendor's usual addresses if empty.
    pub report_addresses: Vec<String>,
    /// Longest announced maintenance, in hours.
    pub maintenance_max_h: Option<u32>,
    /// Seconds from one heartbeat to the next.
    pub heartbeat_interval_s: Option<Interval>,
    /// Seconds from one system report to the next.
    pub system_interval_s: Option<Interval>,
    /// The language of the customer's mails, where its administrator sets none.
    pub locale: Option<Locale>,
    /// The vendor's relay and the account made for this contract.
    pub relay: Option<Relay>,
}

/// What is wrong with the terms asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A name that cannot stand on a contract.
    #[error(
        "the {whose}'s name is {name:?}; it must be one line of 1 to {NAME_BYTES} bytes without control characters"
    )]
    Name {
        /// `customer` or `vendor`.
        whose: &'static str,
        /// The name, made safe to show.
        name: String,
    },
    /// The number is another contract's.
    #[error(
        "contract {0} was already issued; leave the number out for the next free one, or use `contracts renew`"
    )]
    Taken(ContractNumber),
    /// Agents pinned the key it was sealed with, and would refuse another.
    #[error(
        "contract {0} was sealed with another vendor key, and its agents believe no other; put that vendor.key back into the state directory"
    )]
    OtherKey(ContractNumber),
    /// It would end before it starts.
    #[error("the contract would end {until:.0}, before it starts {from:.0}")]
    EndBeforeStart {
        /// The start.
        from: Timestamp,
        /// The end.
        until: Timestamp,
    },
    /// It would have ended already.
    #[error("the contract would have ended already, {until:.0}; `--valid-until` sets another end")]
    EndsInThePast {
        /// The end.
        until: Timestamp,
    },
    /// Nobody would get the reports.
    #[error("there is no report address; set `report_addresses` in the table [contracts] of receiver.toml")]
    NoAddress,
    /// A report address is none.
    #[error("{0:?} is not a report address; it must be a bare mail address such as reports@vendor.example")]
    Address(String),
    /// An interval nobody can keep.
    #[error(
        "the {which} interval of {default} s between {min} and {max} s does not fit: 1 <= shortest <= default <= longest <= {LONGEST_INTERVAL_S} (31 days)"
    )]
    Interval {
        /// `heartbeat` or `system report`.
        which: &'static str,
        /// Where the customer sets nothing, in seconds.
        default: u32,
        /// The shortest, in seconds.
        min: u32,
        /// The longest, in seconds.
        max: u32,
    },
    /// A number out of its range.
    #[error("{what} is {value}; it must be {least} to {most}")]
    Range {
        /// Which.
        what: &'static str,
        /// The number.
        value: u32,
        /// The least allowed.
        least: u32,
        /// The most allowed.
        most: u32,
    },
    /// Relay settings that cannot work.
    #[error("the relay's {0}")]
    Relay(&'static str),
}

/// The contract for a request, ready to be sealed with the vendor's key. `taken` holds the numbers of all contracts issued so
/// far, or at least those of this customer and year; `secret` is made of fresh random bytes.
///
/// # Errors
/// [`IssueError`], the first thing that is wrong.
pub fn issue(
    request: IssueRequest,
    terms: &Terms,
    taken: &[ContractNumber],
    vendor_key: &PublicKey,
    secret: EnrollmentSecret,
    now: Timestamp,
) -> Result<Contract, IssueError> {
    let report_addresses = match request.report_addresses.is_empty() {
        true => terms.report_addresses.clone(),
        false => request.report_addresses,
    };
    let contract = Contract {
        number: request.number.unwrap_or_else(|| next_number(&request.customer, now, taken)),
        revision: 1,
        customer: request.customer,
        vendor: terms.vendor.clone(),
        vendor_key: vendor_key.clone(),
        vendor_succession: vec![],
        issued_at: now,
        valid_from: request.valid_from.unwrap_or(now),
        valid_until: request.valid_until,
        grace_days: request.grace_days.unwrap_or(terms.grace_days),
        report_addresses,
        systems: request.systems.unwrap_or(terms.systems),
        maintenance_max_h: request.maintenance_max_h.unwrap_or(terms.maintenance_max_h),
        heartbeat_interval_s: request.heartbeat_interval_s.unwrap_or(terms.heartbeat_interval_s),
        system_interval_s: request.system_interval_s.unwrap_or(terms.system_interval_s),
        locale: request.locale.or(terms.locale),
        encryption_key: request.encryption_key,
        enrollment_secret: Some(secret),
        relay: request.relay,
    };
    if taken.contains(&contract.number) {
        return Err(IssueError::Taken(contract.number));
    }
    check::terms(&contract, now)?;
    Ok(contract)
}
