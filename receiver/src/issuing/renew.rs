//! Renewing a contract: the next revision, with everything as it was that nobody wants otherwise. Pure.
//!
//! A renewal holds no enrollment secret: agents keep the first file's, so that a renewal may be mailed. One with a login on the relay
//! holds its password all the same.

use jiff::Timestamp;
use mailbeat_shared::wire::contract::{Contract, Relay};
use mailbeat_shared::wire::sealed::EncryptionKey;
use mailbeat_shared::wire::signature::PublicKey;

use super::{IssueError, check};

/// What becomes of a contract's login on the vendor's relay.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Login {
    /// It stays, or there is none.
    #[default]
    AsItWas,
    /// This one, in place of what there was.
    New(Relay),
    /// There is none any more.
    Ended,
}

/// What is to be otherwise in the next revision.
#[derive(Clone, Debug, Default)]
pub struct Renewal {
    /// The end; as it was, if not set.
    pub valid_until: Option<Timestamp>,
    /// The login on the relay.
    pub login: Login,
    /// Whom reports can be encrypted for from now on; as it was, if not set.
    pub encryption_key: Option<EncryptionKey>,
}

/// The next revision of a contract, ready to be sealed with the vendor's key.
///
/// # Errors
/// [`IssueError`], the first thing that is wrong.
pub fn renew(
    held: &Contract,
    renewal: Renewal,
    vendor_key: &PublicKey,
    now: Timestamp,
) -> Result<Contract, IssueError> {
    if &held.vendor_key != vendor_key {
        return Err(IssueError::OtherKey(held.number.clone()));
    }
    let relay = match renewal.login {
        Login::AsItWas => held.relay.clone(),
        Login::New(relay) => Some(relay),
        Login::Ended => None,
    };
    let contract = Contract {
        revision: held.revision.saturating_add(1),
        issued_at: now,
        valid_until: renewal.valid_until.or(held.valid_until),
        encryption_key: renewal.encryption_key.or_else(|| held.encryption_key.clone()),
        enrollment_secret: None,
        relay,
        ..held.clone()
    };
    check::terms(&contract, now)?;
    Ok(contract)
}
