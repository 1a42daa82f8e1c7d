//! Mails out of the way once they are dealt with, and out of our own folders when they are old.

use async_imap::imap_proto::Response;
use jiff::Timestamp;

use super::super::{ErrorKind, Filing, MailboxError};
use super::fetch::{envelope, uid_sets};
use super::folders::{self, Place, quoted};
use super::{DONE, ImapMailbox};
use crate::filing::Target;

/// Mails looked at in one step of a purge.
const PURGE_STEP: u32 = 500;
/// Mails removed in one go at most; nothing is read meanwhile. The rest goes an hour later.
const PURGE_MOST: u64 = 10_000;

impl ImapMailbox {
    /// See [`super::super::Mailbox::file`]. UIDs name mails only together with the UIDVALIDITY, so that is asked for
    /// first; what is gone already is no error to the server (RFC 9051 section 6.4.9).
    pub(in super::super) async fn file(
        &mut self,
        folder: &str,
        uidvalidity: u32,
        uids: &[u32],
        target: Target,
    ) -> Result<Filing, MailboxError> {
        self.may_change()?;
        if self.reselect(folder).await?.uidvalidity != uidvalidity {
            return Ok(Filing::OtherFolder);
        }
        let mut filing = Filing::Moved;
        for set in uid_sets(uids) {
            if self.file_set(&set, target).await? == Filing::Marked {
                filing = Filing::Marked;
            }
        }
        Ok(filing)
    }

    /// MOVE (RFC 6851); else COPY, `\Deleted` and EXPUNGE of just these (RFC 4315); else our keyword.
    async fn file_set(&mut self, set: &str, target: Target) -> Result<Filing, MailboxError> {
        if let Some(place) = self.targets.get(&target).cloned() {
            if self.abilities.r#move
                && self.agreed(&format!("UID MOVE {set} {}", quoted(&place)), &place).await?
            {
                return Ok(Filing::Moved);
            }
            // Without UIDPLUS an EXPUNGE would also remove what other people marked.
            if self.abilities.uidplus
                && self.agreed(&format!("UID COPY {set} {}", quoted(&place)), &place).await?
                && self.agreed(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"), &place).await?
                && self.agreed(&format!("UID EXPUNGE {set}"), &place).await?
            {
                return Ok(Filing::Moved);
            }
        }
        let marked = self.session.ask(&format!("UID STORE {set} +FLAGS.SILENT ({DONE})"), |_| {}).await;
        self.unless_refused("marking", marked)?;
        Ok(Filing::Marked)
    }

    /// A refusal of what only tidies up costs nothing but a warning, once a session.
    fn unless_refused(
        &mut self,
        what: &'static str,
        done: Result<(), MailboxError>,
    ) -> Result<bool, MailboxError> {
        match done {
            Ok(()) => Ok(true),
            Err(error) if error.kind.ends_session() => Err(error),
            Err(error) => {
                if self.refused.insert(what) {
                    tracing::warn!(mailbox = self.settings.name, %error, what, "the server refuses this; reading goes on");
                }
                Ok(false)
            }
        }
    }

    /// Whether the server did it. A target that was removed meanwhile is made again, and mails that somebody else removed
    /// meanwhile (EXPUNGEISSUED, RFC 5530) are told of by NOOP and no longer meant the next time.
    async fn agreed(&mut self, command: &str, target: &Place) -> Result<bool, MailboxError> {
        for attempt in 0..5 {
            match self.session.ask(command, |_| {}).await {
                Ok(()) => return Ok(true),
                Err(error) if error.kind != ErrorKind::Refused => return Err(error),
                Err(error) if attempt < 4 && error.text.contains("[EXPUNGEISSUED]") => {
                    tracing::warn!(
                        mailbox = self.settings.name,
                        "mails vanished before they could be filed; does another program or receiver read this folder?"
                    );
                    self.session.run("NOOP", |_| {}).await?;
                }
                Err(error) if attempt == 0 && error.text.contains("[TRYCREATE]") => {
                    let made = self.session.ask(&format!("CREATE {}", quoted(target)), |_| {}).await;
                    self.unless_refused("making a folder", made)?;
                }
                Err(error) => return self.unless_refused("filing", Err(error)),
            }
        }
        Ok(false)
    }

    /// See [`super::super::Mailbox::purge`]. Goes from the oldest on and stops where nothing is old any more.
    pub(in super::super) async fn purge(
        &mut self,
        target: Target,
        before: Timestamp,
    ) -> Result<u64, MailboxError> {
        self.may_change()?;
        let Some(place) = self.targets.get(&target).cloned() else { return Ok(0) };
        if !folders::exists(&mut self.session, &place).await? {
            return Ok(0);
        }
        self.select(&place, before).await?;
        let mut purged = 0;
        while self.session.mails() > 0 && purged < PURGE_MOST {
            let mut old = Vec::new();
            let note = |response: &Response<'_>| {
                if let Response::Fetch(_, attributes) = response
                    && let Some(mail) = envelope(attributes, before)
                    && mail.internal_date < before
                    && old.len() < PURGE_STEP as usize
                {
                    old.push(mail.uid);
                }
            };
            let last = self.session.mails().min(PURGE_STEP);
            self.session.run(&format!("FETCH 1:{last} (UID RFC822.SIZE INTERNALDATE)"), note).await?;
            if old.is_empty() {
                break;
            }
            if !self.remove(&old).await? {
                break;
            }
            purged += old.len() as u64;
        }
        Ok(purged)
    }

    /// Removes mails of the selected folder for good; false where the server refuses. The folder is ours alone: a plain EXPUNGE removes
    /// what we marked.
    async fn remove(&mut self, uids: &[u32]) -> Result<bool, MailboxError> {
        let marks =
            uid_sets(uids).into_iter().map(|set| format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"));
        for command in marks.chain(["EXPUNGE".to_owned()]) {
            let done = self.session.ask(&command, |_| {}).await;
            if !self.unless_refused("removing old mails", done)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn may_change(&self) -> Result<(), MailboxError> {
        if self.observe {
            return Err(MailboxError::new(ErrorKind::Refused, "observing: nothing is moved or removed"));
        }
        Ok(())
    }
}
