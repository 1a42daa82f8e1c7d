//! The relay's side of a contract: its login is made when the contract is issued, may be given, changed or ended when it is renewed, and
//! ends when it is revoked.

use anyhow::Context as _;
use mailbeat_shared::wire::contract::{Relay, SealedContract};
use mailbeat_shared::wire::id::ContractNumber;

use super::super::{Desk, random};
use crate::relay::logins::Logins;
use crate::relay::{self, Draw, RelaySettings};

/// Where the relay of packaging/mailserver has its logins.
const USERS: &str = "/etc/dovecot/mailbeat/smtp.users";

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
    /// The file cannot be edited, or the login is there already.
    pub(super) fn admit(self) -> anyhow::Result<String> {
        let Relay { username, host, .. } = &self.relay;
        match self.logins {
            Some(logins) => {
                logins.add(username, &self.line)?;
                Ok(format!("The relay {host} lets it in as {username}."))
            }
            None => {
                Ok(format!("To let it in as {username}, add this line to {USERS} on {host}:\n{}", self.line))
            }
        }
    }

    /// Lets it in with this password and no other; what the operator is to know or to do.
    ///
    /// # Errors
    /// The file cannot be edited.
    pub(super) fn replace(self) -> anyhow::Result<String> {
        let Relay { username, host, .. } = &self.relay;
        match self.logins {
            Some(logins) => {
                logins.set(username, &self.line)?;
                Ok(format!("The relay {host} lets it in as {username}, with the new password only."))
            }
            None => Ok(format!(
                "To let it in as {username} with the new password only, put this line into {USERS} on {host}, in place of one that begins with {username}:\n{}",
                self.line
            )),
        }
    }

    /// Ends the login the contract had, where that was another one; what the operator is to know or to do.
    ///
    /// # Errors
    /// The file cannot be edited.
    pub(super) fn end_other(&self, before: Option<&Relay>) -> anyhow::Result<Option<String>> {
        let is_other =
            |before: &&Relay| (&before.username, &before.host) != (&self.relay.username, &self.relay.host);
        before.filter(is_other).map(|before| end(before, self.logins.as_ref())).transpose()
    }
}

/// Ends a contract's login; what the operator is to know or to do. `None` where the contract has no login.
///
/// # Errors
/// The file cannot be edited.
pub(super) fn shut_out(settings: Option<&RelaySettings>, file: &str) -> anyhow::Result<Option<String>> {
    let sealed = SealedContract::open(file.as_bytes());
    let Some(relay) = sealed.ok().and_then(|sealed| sealed.contract.relay) else { return Ok(None) };
    let logins = settings.and_then(|settings| settings.logins.as_deref()).map(Logins::open).transpose()?;
    end(&relay, logins.as_ref()).map(Some)
}

fn end(Relay { username, host, .. }: &Relay, logins: Option<&Logins>) -> anyhow::Result<String> {
    let Some(logins) = logins else {
        return Ok(format!("To shut it out from the relay, on {host}: sed -i '/^{username}:/d' {USERS}"));
    };
    let said = if logins.remove(username)? { "lets it in no more" } else { "had no such login" };
    Ok(format!("The relay {host} {said} ({username})."))
}
