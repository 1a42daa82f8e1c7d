//! The relay's side of a contract: its login is made when the contract is issued, and ends when it is revoked.

use anyhow::Context as _;
use mailbeat_shared::wire::contract::{Relay, SealedContract};
use mailbeat_shared::wire::id::ContractNumber;

use super::super::{Desk, random};
use crate::relay::logins::Logins;
use crate::relay::{self, Draw, RelaySettings};

/// A login that was made and is not let in yet.
pub(super) struct NewLogin {
    /// What the contract says of it.
    pub(super) relay: Relay,
    line: String,
    /// Where the relay's file is at hand.
    logins: Option<Logins>,
}

/// A login for this contract.
///
/// # Errors
/// There is no relay, or its file of logins cannot be edited.
pub(super) fn draw(desk: &Desk, number: &ContractNumber) -> anyhow::Result<NewLogin> {
    let settings = desk.config.relay.as_ref();
    let settings = settings.context(
        "there is no [relay] table in receiver.toml; packaging/mailserver/README.md says how to make a relay",
    )?;
    let drawn = Draw { password: random()?, salt: random()? };
    let relay = settings.account(number, drawn);
    let line = relay::line(&relay, drawn).map_err(anyhow::Error::msg)?;
    Ok(NewLogin { relay, line, logins: settings.logins.as_deref().map(Logins::open).transpose()? })
}

impl NewLogin {
    /// Lets it in; what the operator is to know or to do, sentences.
    ///
    /// # Errors
    /// The file cannot be edited.
    pub(super) fn admit(self) -> anyhow::Result<String> {
        let Relay { username, host, .. } = &self.relay;
        match self.logins {
            Some(logins) => {
                logins.add(username, &self.line)?;
                Ok(format!("The relay {host} lets it in as {username}."))
            }
            None => Ok(format!(
                "To let it in as {username}, add this line to /etc/dovecot/mailbeat/smtp.users on {host}:\n{}",
                self.line
            )),
        }
    }
}

/// Ends a contract's login; what the operator is to know or to do. `None` where the contract has no login.
///
/// # Errors
/// The file cannot be edited.
pub(super) fn shut_out(settings: Option<&RelaySettings>, file: &str) -> anyhow::Result<Option<String>> {
    let sealed = SealedContract::open(file.as_bytes());
    let Some(Relay { username, host, .. }) = sealed.ok().and_then(|sealed| sealed.contract.relay) else {
        return Ok(None);
    };
    let Some(logins) = settings.and_then(|settings| settings.logins.as_deref()) else {
        return Ok(Some(format!(
            "To shut it out from the relay, on {host}: sed -i '/^{username}:/d' /etc/dovecot/mailbeat/smtp.users"
        )));
    };
    let was_there = Logins::open(logins)?.remove(&username)?;
    let said = if was_there { "lets it in no more" } else { "had no such login" };
    Ok(Some(format!("The relay {host} {said} ({username}).")))
}
