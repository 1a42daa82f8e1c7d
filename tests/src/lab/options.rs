//! What a test may want of its lab.

use super::{Fsync, Lab, Storage};

/// What the servers do with mail for a mailbox that is over its quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overquota {
    /// Nothing: only IMAP tells of it.
    Accepted,
    /// Postfix asks Dovecot first and refuses the recipient: 552 5.2.2.
    Refused,
    /// Postfix accepts, Dovecot refuses, and the sender gets a bounce.
    Bounced,
    /// Postfix accepts, Dovecot takes nothing for now, and the mail waits in Postfix's queue.
    Waits,
}

/// What a lab should be like; see [`Lab::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    pub(super) storage: Storage,
    pub(super) fsync: Fsync,
    pub(super) junk: bool,
    pub(super) imap_capability: String,
    pub(super) users: Vec<String>,
    pub(super) oauth: Option<u32>,
    pub(super) quotas: Vec<(String, u64)>,
    pub(super) overquota: Overquota,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            storage: Storage::Maildir,
            fsync: Fsync::Never,
            junk: true,
            imap_capability: String::new(),
            users: Vec::new(),
            oauth: None,
            quotas: Vec::new(),
            overquota: Overquota::Accepted,
        }
    }
}

impl Builder {
    /// How Dovecot stores mail; Maildir unless said.
    #[must_use]
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// When Dovecot syncs; never unless said, because no test cuts the power.
    #[must_use]
    pub fn fsync(mut self, fsync: Fsync) -> Self {
        self.fsync = fsync;
        self
    }

    /// Mailboxes have no Junk folder.
    #[must_use]
    pub fn without_junk(mut self) -> Self {
        self.junk = false;
        self
    }

    /// Dovecot offers exactly these capabilities (RFC 9051 section 6.1.1), for example `IMAP4rev1 UIDPLUS`.
    #[must_use]
    pub fn imap_capability(mut self, capability: &str) -> Self {
        capability.clone_into(&mut self.imap_capability);
        self
    }

    /// More users than [`Lab::USERS`].
    #[must_use]
    pub fn users(mut self, names: &[&str]) -> Self {
        self.users.extend(names.iter().map(|&name| name.to_owned()));
        self
    }

    /// With an OAuth server whose access tokens last so many seconds, and mail servers that take them.
    #[must_use]
    pub fn oauth(mut self, seconds: u32) -> Self {
        self.oauth = Some(seconds);
        self
    }

    /// The IMAP server tells how full mailboxes are, and this user's takes so many bytes. Deliveries are not held up by it
    /// unless [`Builder::overquota`] says so.
    #[must_use]
    pub fn quota(mut self, name: &str, bytes: u64) -> Self {
        self.quotas.push((name.to_owned(), bytes));
        self
    }

    /// What becomes of mail for a mailbox that is over its quota.
    #[must_use]
    pub fn overquota(mut self, overquota: Overquota) -> Self {
        self.overquota = overquota;
        self
    }

    /// Starts both servers and waits until they answer.
    ///
    /// # Errors
    /// A program is missing, we are not root, or a server does not start: with its own words.
    pub fn start(&self) -> anyhow::Result<Lab> {
        let mut attempts = 0;
        loop {
            match Lab::start_with(self) {
                // Somebody outside the labs may take a port between our looking and the server's binding.
                Err(error) if attempts < 3 && format!("{error:#}").contains("in use") => attempts += 1,
                result => return result,
            }
        }
    }
}
