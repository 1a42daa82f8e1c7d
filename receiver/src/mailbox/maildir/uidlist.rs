//! Numbers for the files of a Maildir folder, kept in a file beside them.
//!
//! First line `mailbeat-uidlist 1 UIDVALIDITY UIDNEXT`, then a line `UID NAME` for each mail, appended and synced before
//! the number is used, and `0 NAME` once it left: a mail that comes again under its old name (delivered twice, or moved
//! back by hand) gets a new number, as IMAP would give it. A line that a crash cut off was never used and is cut off for
//! good. When most lines are of no use any more the file is written anew; UIDNEXT in its first line then keeps numbers
//! from being used twice.

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
/// Lines of no use, beyond which the file is written anew.
const USELESS: usize = 10_000;

/// The numbers of one folder.
#[derive(Debug)]
pub(super) struct UidList {
    validity: u32,
    next: u32,
    uids: HashMap<String, u32>,
    /// Lines of the file after the first.
    lines: usize,
}

impl UidList {
    /// An empty list that is not written: for somebody who only looks.
    pub(super) fn unsaved(now: Timestamp) -> Self {
        // Seconds since 1970: a folder that is made anew gets a higher UIDVALIDITY, as RFC 9051 section 2.3.1.1 has it.
        let validity = u32::try_from(now.as_second()).unwrap_or(1).max(1);
        Self { validity, next: 1, uids: HashMap::new(), lines: 0 }
    }

    /// A new list.
    pub(super) fn create(dir: &Path, now: Timestamp) -> io::Result<Self> {
        let mut list = Self::unsaved(now);
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
        let mut list = Self { validity, next, uids: HashMap::new(), lines: 0 };
        for line in lines {
            let (uid, name) = line.split_once(' ').ok_or_else(|| broken(line))?;
            let uid: u32 = uid.parse().map_err(|_| broken(line))?;
            list.lines += 1;
            if uid == 0 {
                list.uids.remove(name);
                continue;
            }
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

    /// Gives numbers to the names that have none, in the order of the names (which begin with the time of delivery), takes them
    /// from those that are gone, and makes both durable if `save`.
    pub(super) fn number<'a>(
        &mut self,
        dir: &Path,
        present: impl Iterator<Item = &'a str>,
        save: bool,
    ) -> io::Result<()> {
        let present: HashSet<&str> = present.collect();
        let gone = self.uids.keys().filter(|name| !present.contains(name.as_str()));
        let mut lines: Vec<String> = gone.map(|name| format!("0 {name}\n")).collect();
        self.uids.retain(|name, _| present.contains(name.as_str()));
        let mut fresh: Vec<&str> =
            present.iter().copied().filter(|name| !self.uids.contains_key(*name)).collect();
        fresh.sort_unstable();
        for name in fresh {
            let uid = self.next;
            self.next = uid.checked_add(1).ok_or_else(|| io::Error::other("all UIDs are used up"))?;
            lines.push(format!("{uid} {name}\n"));
            self.uids.insert(name.to_owned(), uid);
        }
        let useless = (self.lines + lines.len()).saturating_sub(self.uids.len());
        match save {
            true if useless > USELESS && useless > self.uids.len() => self.write_anew(dir),
            true => self.append(dir, &lines),
            false => Ok(()),
        }
    }

    /// Takes the numbers from these names, durably: they are about to leave the folder.
    pub(super) fn retire(&mut self, dir: &Path, names: &[&str]) -> io::Result<()> {
        let known = names.iter().filter(|name| self.uids.remove(**name).is_some());
        let lines: Vec<String> = known.map(|name| format!("0 {name}\n")).collect();
        self.append(dir, &lines)
    }

    fn append(&mut self, dir: &Path, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut file = File::options().append(true).open(dir.join(NAME))?;
        file.write_all(lines.concat().as_bytes())?;
        self.lines += lines.len();
        file.sync_data()
    }

    fn write_anew(&mut self, dir: &Path) -> io::Result<()> {
        let mut text = format!("{TITLE} {} {}\n", self.validity, self.next);
        let mut lines: Vec<(u32, &str)> = self.uids.iter().map(|(name, uid)| (*uid, name.as_str())).collect();
        lines.sort_unstable();
        for (uid, name) in lines {
            let _written_to_a_string = writeln!(text, "{uid} {name}");
        }
        self.lines = self.uids.len();
        durable::replace(&dir.join(NAME), text.as_bytes(), Access::Private)
    }
}
