//! A Maildir as a mailbox: for trying things out, for machines whose mail server delivers into one, and for tests.
//!
//! Files have no UIDs, so each folder has a list of ours ([`uidlist`]). The list of the root is also the marker: where it
//! is missing the Maildir counts as not mounted, because an empty mount point would look like a mailbox without mail.

mod files;
mod uidlist;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::durable;
use mailbeat_shared::steps::{Steps, name};
use mailbeat_shared::wire::limits;

use super::{
    Envelope, ErrorKind, FetchReport, Fetched, Filing, FolderView, Inlet, MailboxError, MaildirSettings,
    WINDOW, Window,
};
use crate::filing::Target;
use files::{arrived, base, files, find};
use uidlist::UidList;

/// The file that makes a directory a Maildir of ours, and holds the UIDs of its INBOX.
pub const MARKER: &str = uidlist::NAME;

/// Makes a Maildir ours: `new`, `cur`, `tmp` and the marker, where they are missing. Changes nothing when done before.
///
/// # Errors
/// What the file system said.
pub fn init(path: &Path, now: Timestamp) -> io::Result<()> {
    make_folder(path)?;
    if !path.join(MARKER).try_exists()? {
        UidList::create(path, now)?;
    }
    Ok(())
}

fn make_folder(dir: &Path) -> io::Result<()> {
    for part in ["tmp", "new", "cur"] {
        fs::create_dir_all(dir.join(part))?;
    }
    durable::sync_dir(dir)
}

/// An open Maildir.
#[derive(Debug)]
pub struct Maildir {
    settings: MaildirSettings,
    observe: bool,
    configured: Vec<String>,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    folder: String,
    dir: PathBuf,
    uidvalidity: u32,
    at: Timestamp,
    mails: BTreeMap<u32, PathBuf>,
}

impl Maildir {
    pub(super) fn open(settings: &MaildirSettings, observe: bool) -> Result<Self, MailboxError> {
        settings.check()?;
        let mut maildir = Self { settings: settings.clone(), observe, configured: Vec::new(), opened: None };
        maildir.is_ours()?;
        maildir.look_for_folders();
        Ok(maildir)
    }

    pub(super) fn look_for_folders(&mut self) -> bool {
        let is_there = |folder: &&String| self.dir(folder).join("cur").is_dir();
        let there: Vec<String> = self.settings.folders.iter().filter(is_there).cloned().collect();
        let more = there.len() > self.configured.len();
        self.configured = there;
        more
    }

    /// Refuses an unmounted file system, at every step: a mount can vanish.
    fn is_ours(&self) -> Result<(), MailboxError> {
        let marker = self.settings.path.join(MARKER);
        match marker.try_exists() {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(MailboxError::new(ErrorKind::Unreachable, format!("{} is missing", marker.display())))
            }
            Err(error) => Err(failed(&marker, &error)),
        }
    }

    /// Maildir++: folders are directories with dots in their names, beside `new` and `cur` of the INBOX.
    fn dir(&self, folder: &str) -> PathBuf {
        if folder.eq_ignore_ascii_case("INBOX") {
            return self.settings.path.clone();
        }
        self.settings.path.join(format!(".{}", folder.replace('/', ".")))
    }

    pub(super) fn folders(&self) -> &[String] {
        &self.configured
    }

    pub(super) fn poll_interval(&self) -> Duration {
        Duration::from_secs(self.settings.poll_interval_s)
    }

    pub(super) fn open_folder(&mut self, folder: &str, now: Timestamp) -> Result<FolderView, MailboxError> {
        self.opened = None;
        self.is_ours()?;
        let dir = self.dir(folder);
        if !dir.join("cur").is_dir() {
            let text = format!("there is no folder {}", dir.display());
            return Err(MailboxError::new(ErrorKind::FolderMissing, text));
        }
        let io = |error| failed(&dir, &error);
        let files = files(&dir).map_err(io)?;
        let mut list = match UidList::load(&dir).map_err(io)? {
            Some(list) => list,
            None if self.observe => UidList::unsaved(now),
            None => UidList::create(&dir, now).map_err(io)?,
        };
        list.number(&dir, files.keys().map(String::as_str), !self.observe).map_err(io)?;
        let mails = files.into_iter().filter_map(|(name, path)| Some((list.uid(&name)?, path))).collect();
        let (uidvalidity, uidnext) = (list.validity(), list.next());
        self.opened = Some(Opened { folder: folder.to_owned(), dir, uidvalidity, at: now, mails });
        Ok(FolderView { uidvalidity, uidnext, asked_at: now })
    }

    pub(super) fn lowest(&self) -> Result<Option<u32>, MailboxError> {
        Ok(self.opened()?.mails.keys().next().copied())
    }

    pub(super) fn list(&mut self, from: u32, to: u32) -> Result<Window, MailboxError> {
        let opened = self.opened()?;
        if from > to {
            return Ok(Window { mails: Vec::new(), to });
        }
        let envelope = |(&uid, path): (&u32, &PathBuf)| {
            // A file that vanished or was renamed since the look at the directory is found or missed by the fetch.
            let file = fs::metadata(path).ok();
            let size = file.as_ref().map_or(0, std::fs::Metadata::len);
            let internal_date = file.as_ref().and_then(arrived).unwrap_or(opened.at);
            Envelope { uid, size, internal_date, done: false }
        };
        let mails: Vec<Envelope> =
            opened.mails.range(from..=to).take(WINDOW as usize).map(envelope).collect();
        let last = mails.last().filter(|_| mails.len() == WINDOW as usize);
        Ok(Window { to: last.map_or(to, |mail| mail.uid), mails })
    }

    pub(super) async fn fetch(
        &mut self,
        mails: &[Envelope],
        into: &Inlet,
    ) -> Result<FetchReport, MailboxError> {
        self.is_ours()?;
        let opened = self.opened()?;
        let mut report = FetchReport::default();
        for mail in mails {
            let path = opened.mails.get(&mail.uid);
            let Some(path) = path.and_then(|path| find(&opened.dir, path)) else {
                report.vanished.push(mail.uid);
                continue;
            };
            let io = |error| failed(&path, &error);
            let file = fs::metadata(&path).map_err(io)?;
            let (size, internal_date) = (file.len(), arrived(&file).unwrap_or(mail.internal_date));
            let raw = if size <= limits::MAIL_BYTES { Some(fs::read(&path).map_err(io)?) } else { None };
            let fetched =
                Fetched { uid: mail.uid, internal_date, size, raw, withheld: None, in_flight: None };
            if !into.send(fetched).await {
                return Err(MailboxError::new(ErrorKind::Refused, "nobody reads the mails any more"));
            }
            report.delivered += 1;
        }
        Ok(report)
    }

    pub(super) fn file(
        &mut self,
        folder: &str,
        uidvalidity: u32,
        uids: &[u32],
        target: Target,
    ) -> Result<Filing, MailboxError> {
        self.may_change()?;
        if self.opened.as_ref().is_none_or(|opened| opened.folder != folder) {
            self.open_folder(folder, Timestamp::UNIX_EPOCH)?;
        }
        self.is_ours()?;
        let to = self.dir(self.settings.target(target));
        make_folder(&to).map_err(|error| failed(&to, &error))?;
        let opened = self.opened()?;
        if opened.uidvalidity != uidvalidity {
            return Ok(Filing::OtherFolder);
        }
        let leaving = uids.iter().filter_map(|uid| find(&opened.dir, opened.mails.get(uid)?));
        let leaving: Vec<PathBuf> = leaving.collect();
        // Before they leave: after a crash in between they get new numbers and are read again, and filed then.
        let names = leaving.iter().filter_map(|path| path.file_name()?.to_str()).map(base);
        let io = |error| failed(&opened.dir, &error);
        if let Some(mut list) = UidList::load(&opened.dir).map_err(io)? {
            list.retire(&opened.dir, &names.collect::<Vec<&str>>()).map_err(io)?;
        }
        for path in leaving {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Read (S), so that a person's mail program does not show thousands of new mails.
            let moved = to.join("cur").join(format!("{}:2,S", base(name)));
            match fs::rename(&path, &moved) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path, &error)),
                _ => {}
            }
        }
        durable::sync_dir(&to.join("cur")).map_err(|error| failed(&to, &error))?;
        Ok(Filing::Moved)
    }

    pub(super) fn purge(&mut self, target: Target, before: Timestamp) -> Result<u64, MailboxError> {
        self.may_change()?;
        self.is_ours()?;
        let dir = self.dir(self.settings.target(target));
        if !dir.join("cur").is_dir() {
            return Ok(0);
        }
        let mut purged = 0;
        for path in files(&dir).map_err(|error| failed(&dir, &error))?.into_values() {
            if fs::metadata(&path).ok().as_ref().and_then(arrived).is_some_and(|at| at < before) {
                fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
                purged += 1;
            }
        }
        Ok(purged)
    }

    fn opened(&self) -> Result<&Opened, MailboxError> {
        let nothing =
            || MailboxError::new(ErrorKind::Refused, format!("{}: no folder is open", self.settings.name));
        self.opened.as_ref().ok_or_else(nothing)
    }

    fn may_change(&self) -> Result<(), MailboxError> {
        if self.observe {
            return Err(MailboxError::new(ErrorKind::Refused, "observing: nothing is moved or removed"));
        }
        Ok(())
    }
}

/// See [`super::Mailbox::probe`].
pub(super) fn probe(settings: &MaildirSettings, steps: &mut Steps, now: Timestamp) {
    let checked = settings.check().map_err(MailboxError::from);
    if steps.judge(name::SETTINGS, checked, |()| "complete").is_err() {
        return steps.skip_rest(&[name::MAILDIR]);
    }
    let path = settings.path.display().to_string();
    let Ok(mut maildir) = steps.judge(name::MAILDIR, Maildir::open(settings, true), |_| path) else { return };
    for folder in &settings.folders {
        let view = maildir.open_folder(folder, now);
        let _noted = steps.judge(name::folder(folder), view, FolderView::seen);
    }
}

fn failed(path: &Path, error: &io::Error) -> MailboxError {
    MailboxError::new(ErrorKind::Unreachable, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
