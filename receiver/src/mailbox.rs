//! Where report mails are read: an IMAP account or a Maildir, behind one interface.
//!
//! A mailbox hands over bytes and what the server says of them (UID, size, date of arrival); it judges nothing about a
//! mail. It trusts the server to keep UIDs, and checks everything else: limits before memory is given, a tagged OK
//! before anything counts as complete. After an error of kind [`ErrorKind::ends_session`] it is of no more use: connect
//! again after [`backoff()`].

mod advice;
mod backoff;
mod channel;
mod error;
mod imap;
mod maildir;
#[cfg(test)]
pub(crate) mod played;
mod settings;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::steps::Steps;

pub(crate) use advice::PHRASES;
pub use backoff::{backoff, failures_after};
pub use channel::{Fetched, Inlet, Outlet, Room, channel};
pub use error::{ErrorKind, MailboxError};
pub use maildir::{MARKER, init as init_maildir};
pub use settings::{ImapAuth, ImapSettings, ImapTls, MailboxSettings, MaildirSettings, SettingsError};

use crate::evaluate::fill::Fill;
use crate::filing::Target;
use imap::ImapMailbox;
use maildir::Maildir;

/// Most mails, roughly, in one [`Window`].
pub const WINDOW: u32 = 1_000;

/// What a folder says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderView {
    /// Changes when UIDs start again (RFC 9051 section 2.3.1.1).
    pub uidvalidity: u32,
    /// Every mail there was when it was asked has a lower UID.
    pub uidnext: u32,
    /// The moment before it was asked: nothing below `uidnext` arrived later, nothing earlier is above.
    pub asked_at: Timestamp,
}

/// What is known of a mail before it is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its number in its folder.
    pub uid: u32,
    /// RFC822.SIZE, in bytes.
    pub size: u64,
    /// When the mail server took it in (INTERNALDATE), to the second.
    pub internal_date: Timestamp,
    /// It carries our keyword `$MailbeatDone`: it was dealt with, and the server could not move it.
    pub done: bool,
}

/// A stretch of UIDs and what lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The mails, by UID.
    pub mails: Vec<Envelope>,
    /// The stretch ends with this UID; the next one begins behind it.
    pub to: u32,
}

/// What came of a fetch that the server finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchReport {
    /// Mails handed over.
    pub delivered: usize,
    /// Mails somebody else removed before we could fetch them.
    pub vanished: Vec<u32>,
}

/// How mails left the folder they were read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filing {
    /// They lie in the target folder, or were gone already.
    Moved,
    /// They still lie where they were, with the keyword `$MailbeatDone` if the server takes it: it can or may not move them.
    Marked,
    /// The folder is another one now (new UIDVALIDITY): nothing was touched, these UIDs mean other mails.
    OtherFolder,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Something arrived, or may have.
    Mail,
    /// The caller's own reason.
    Caller,
    /// The time is over.
    Time,
}

/// An open mailbox.
#[derive(Debug)]
pub enum Mailbox {
    /// An IMAP account.
    Imap(Box<ImapMailbox>),
    /// A Maildir.
    Maildir(Box<Maildir>),
}

impl Mailbox {
    /// Connects and logs in, or opens the Maildir. `observe` promises to change nothing: folders are opened read-only,
    /// none is created, and [`Mailbox::file`] and [`Mailbox::purge`] are refused.
    ///
    /// # Errors
    /// [`MailboxError`] with what happened and what to do.
    pub async fn connect(settings: &MailboxSettings, observe: bool) -> Result<Self, MailboxError> {
        let mut steps = Steps::unread();
        match settings {
            MailboxSettings::Imap(imap) => {
                Ok(Self::Imap(Box::new(ImapMailbox::connect(imap, observe, &mut steps).await?)))
            }
            MailboxSettings::Maildir(maildir) => {
                Ok(Self::Maildir(Box::new(Maildir::open(maildir, observe)?)))
            }
        }
    }

    /// Walks the way to the mailbox and looks into each folder, for a person to see; changes nothing.
    pub async fn probe(settings: &MailboxSettings, steps: &mut Steps, now: Timestamp) {
        match settings {
            MailboxSettings::Imap(imap) => imap::probe(imap, steps, now).await,
            MailboxSettings::Maildir(maildir) => maildir::probe(maildir, steps, now),
        }
    }

    /// The folders to read, those that are there, by their configured names. A configured folder that is missing is a
    /// warning in the log; INBOX cannot be missing.
    #[must_use]
    pub fn folders(&self) -> &[String] {
        match self {
            Self::Imap(imap) => imap.folders(),
            Self::Maildir(maildir) => maildir.folders(),
        }
    }

    /// Looks for the configured folders that were missing so far; true where [`Mailbox::folders`] has more of them now.
    ///
    /// # Errors
    /// [`MailboxError`].
    pub async fn look_for_folders(&mut self) -> Result<bool, MailboxError> {
        match self {
            Self::Imap(imap) => imap.look_for_folders().await,
            Self::Maildir(maildir) => Ok(maildir.look_for_folders()),
        }
    }

    /// Opens a folder; [`Mailbox::list`] and [`Mailbox::fetch`] then read it. `now` is read before the call.
    ///
    /// # Errors
    /// [`ErrorKind::FolderMissing`], or another [`MailboxError`].
    pub async fn open(&mut self, folder: &str, now: Timestamp) -> Result<FolderView, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.open(folder, now).await,
            Self::Maildir(mailbox) => mailbox.open_folder(folder, now),
        }
    }

    /// The lowest UID in the open folder; none where it is empty.
    ///
    /// # Errors
    /// [`MailboxError`].
    pub async fn lowest(&mut self) -> Result<Option<u32>, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.lowest().await,
            Self::Maildir(mailbox) => mailbox.lowest(),
        }
    }

    /// What lies in the open folder from this UID on, up to `to` or as far as one [`Window`] goes: a stretch of
    /// [`WINDOW`] UIDs, or all of them where the folder holds no more mails than that.
    ///
    /// # Errors
    /// [`MailboxError`].
    pub async fn list(&mut self, from: u32, to: u32) -> Result<Window, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.list(from, to).await,
            Self::Maildir(mailbox) => mailbox.list(from, to),
        }
    }

    /// Hands mails of the open folder to `into`, as they come, and waits while it is full. One over the limit of
    /// [`mailbeat_shared::wire::limits::MAIL_BYTES`] is handed over without its bytes and never asked for.
    ///
    /// # Errors
    /// [`MailboxError`]; what was handed over before stays handed over.
    pub async fn fetch(&mut self, mails: &[Envelope], into: &Inlet) -> Result<FetchReport, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.fetch(mails, into).await,
            Self::Maildir(mailbox) => mailbox.fetch(mails, into).await,
        }
    }

    /// Moves mails out of `folder`, if it is still the one with this UIDVALIDITY. May be repeated. The open folder is
    /// `folder` afterwards.
    ///
    /// # Errors
    /// [`MailboxError`]; some mails may have been moved.
    pub async fn file(
        &mut self,
        folder: &str,
        uidvalidity: u32,
        uids: &[u32],
        target: Target,
    ) -> Result<Filing, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.file(folder, uidvalidity, uids, target).await,
            Self::Maildir(mailbox) => mailbox.file(folder, uidvalidity, uids, target),
        }
    }

    /// Removes what arrived before `before` from one of our own folders, for good; gives how many. No folder is open
    /// afterwards.
    ///
    /// # Errors
    /// [`MailboxError`]; some mails may have been removed.
    pub async fn purge(&mut self, target: Target, before: Timestamp) -> Result<u64, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.purge(target, before).await,
            Self::Maildir(mailbox) => mailbox.purge(target, before),
        }
    }

    /// How full the mailbox is, by each limit its server tells of; nothing where it tells of none, or of a Maildir.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] where the server does not say after all, or another [`MailboxError`].
    pub async fn fills(&mut self) -> Result<Vec<Fill>, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.fills().await,
            Self::Maildir(_) => Ok(vec![]),
        }
    }

    /// Waits until something arrives in `folder`, `wake` completes, or `at_most` is over. Where the server cannot tell
    /// (no IDLE, or a Maildir), it wakes after the poll interval as if something had arrived.
    ///
    /// # Errors
    /// [`MailboxError`], when the server ends the session meanwhile.
    pub async fn wait(
        &mut self,
        folder: &str,
        at_most: Duration,
        wake: impl Future<Output = ()>,
    ) -> Result<Woken, MailboxError> {
        match self {
            Self::Imap(mailbox) => mailbox.wait(folder, at_most, wake).await,
            Self::Maildir(mailbox) => Ok(pause(mailbox.poll_interval(), at_most, wake).await),
        }
    }

    /// Says goodbye; the next error no longer matters.
    pub async fn close(self) {
        if let Self::Imap(mailbox) = self {
            mailbox.close().await;
        }
    }
}

/// Waiting without anybody to tell of new mail.
async fn pause(poll: Duration, at_most: Duration, wake: impl Future<Output = ()>) -> Woken {
    tokio::select! {
        () = wake => Woken::Caller,
        () = tokio::time::sleep(poll.min(at_most)) => if poll <= at_most { Woken::Mail } else { Woken::Time },
    }
}
