//! How full the account is, where the server tells (RFC 9208, and RFC 2087 before it).

use async_imap::imap_proto::Response;

use super::super::MailboxError;
use super::ImapMailbox;
use crate::evaluate::fill::{Fill, Resource};

impl ImapMailbox {
    /// GETQUOTAROOT (RFC 9208 section 4.1.2) of the folder reports come into; of several limits on one resource the one that is
    /// fuller. Nothing where the server does not tell.
    pub(in super::super) async fn fills(&mut self) -> Result<Vec<Fill>, MailboxError> {
        if !self.abilities.quota {
            return Ok(vec![]);
        }
        let mut fills: Vec<Fill> = vec![];
        let note = |response: &Response<'_>| {
            let Response::Quota(quota) = response else { return };
            for told in &quota.resources {
                // imap-proto keeps the type of this name to itself.
                let resource = match format!("{:?}", told.name).as_str() {
                    "Storage" => Resource::Storage,
                    "Message" => Resource::Messages,
                    _ => continue,
                };
                let fill = Fill { resource, used: told.usage, limit: told.limit };
                match fills.iter_mut().find(|known| known.resource == resource) {
                    // No limit of these is one.
                    _ if fill.limit == 0 => {}
                    None => fills.push(fill),
                    Some(known) if fill.share() > known.share() => *known = fill,
                    Some(_) => {}
                }
            }
        };
        self.session.ask("GETQUOTAROOT \"INBOX\"", note).await?;
        Ok(fills)
    }
}
