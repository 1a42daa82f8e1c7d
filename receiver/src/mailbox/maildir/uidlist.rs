//! Numbers for the files of a Maildir folder, kept in a file beside them.
//!
//! First line `mailbeat-uidlist 1 UIDVALIDITY UIDNEXT`, then a line `UID NAME` for each mail, appended and synced before
//! the number is used. A line that a crash cut off was never used and is cut off for good. When most of the names are
//! gone the file is written anew; UIDNEXT in its first line then keeps numbers from being used twice.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use mailbeat_shared::durable::{self, Access};

/// The file's name.
pub(super) const NAME: &str = "mailbeat-uidlist";
const TITLE: &str = "mailbeat-uidlist 1";
/// Names of mails that are gone, beyond which the file is written anew.
const GONE: usize = 10_000;

/// The numbers of one folder.
#[derive(Debug)]
pub(super) struct UidList {
    validity: u32,
    next: u32,
    uids: HashMap<String, u32>,
}

impl UidList {
    /// An empty list that is not written: for somebody who only looks.
    pub(super) fn unsaved(now: Timestamp) -> Self {
        // Seconds since 1970: a folder that is made anew gets a higher UIDVALIDITY, as RFC 9051 section 2.3.1.1 has it.
        Self { validity: u32::try_from(now.as_second()).unwrap_or(1).max(1), next: 1, uids: HashMap::new() }
    }

    /// A new list.
    pub(super) fn create(dir: &Path, now: Timestamp) -> io::Result<Self> {
        let list = Self::unsaved(now);
        list.write_anew(dir)?;
        Ok(list)
    }

    /// The list of a folder, if it has one.
    pub(super) fn load(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            File::options().write(true).open(&path)?.set_len(whole as u64)?;
        }
        let broken = |line: &str| {
            let what = format!(
                "{NAME} has a line that is not ours: {line:?}; remove the file to number all mails anew"
            );
            io::Error::new(io::ErrorKind::InvalidData, what)
        };
        let mut lines = text[..whole].lines();
        let head = lines.next().unwrap_or_default();
        let numbers = head.strip_prefix(TITLE).and_then(|rest| rest.trim().split_once(' '));
        let numbers = numbers.and_then(|(validity, next)| Some((validity.parse().ok()?, next.parse().ok()?)));
        let (validity, next) = numbers.ok_or_else(|| broken(head))?;
        let mut list = Self { validity, next, uids: HashMap::new() };
        for line in lines {
            let (uid, name) = line.split_once(' ').ok_or_else(|| broken(line))?;
            let uid: u32 = uid.parse().map_err(|_| broken(line))?;
            list.next = list.next.max(uid.saturating_add(1));
            list.uids.insert(name.to_owned(), uid);
        }
        Ok(Some(list))
    }

    pub(super) fn validity(&self) -> u32 {
        self.validity
    }

    pub(super) fn next(&self) -> u32 {
        self.next
    }

    pub(super) fn uid(&self, name: &str) -> Option<u32> {
        self.uids.get(name).copied()
    }

    /// Gives numbers to the names that have none, in the order of the names (which begin with the time of delivery), and
    /// makes them durable if `save`.
    pub(super) fn number<'a>(
        &mut self,
        dir: &Path,
        present: impl Iterator<Item = &'a str>,
        save: bool,
    ) -> io::Result<()> {
        let present: HashSet<&str> = present.collect();
        let mut fresh: Vec<&str> =
            present.iter().copied().filter(|name| !self.uids.contains_key(*name)).collect();
        fresh.sort_unstable();
        let mut lines = String::new();
        for name in fresh {
            let uid = self.next;
            self.next = uid.checked_add(1).ok_or_else(|| io::Error::other("all UIDs are used up"))?;
            let _written_to_a_string = writeln!(lines, "{uid} {name}");
            self.uids.insert(name.to_owned(), uid);
        }
        let gone = self.uids.len() - present.len();
        if save && gone > GONE && gone > present.len() {
            self.uids.retain(|name, _| present.contains(name.as_str()));
            return self.write_anew(dir);
        }
        if save && !lines.is_empty() {
            let mut file = File::options().append(true).open(dir.join(NAME))?;
            file.write_all(lines.as_bytes())?;
            file.sync_data()?;
        }
        Ok(())
    }

    fn write_anew(&self, dir: &Path) -> io::Result<()> {
        let mut text = format!("{TITLE} {} {}\n", self.validity, self.next);
        let mut lines: Vec<(u32, &str)> = self.uids.iter().map(|(name, uid)| (*uid, name.as_str())).collect();
        lines.sort_unstable();
        for (uid, name) in lines {
            let _written_to_a_string = writeln!(text, "{uid} {name}");
        }
        durable::replace(&dir.join(NAME), text.as_bytes(), Access::Private)
    }
}
