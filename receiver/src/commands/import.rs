//! `import`: mails from files, taken the same way as those of a mailbox. Nothing on disk is changed.
//!
//! When a mail came is believed as its file says it: whoever imports a file answers for it. What cannot be taken is counted, with
//! the reason, and ends nothing.

mod mbox;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::limits;

use super::{Desk, commit};
use crate::intake::{self, Context, Source};
use crate::keyring::Keyring;
use crate::render;

/// `import`.
pub(super) fn run(desk: &Desk, path: &Path) -> anyhow::Result<()> {
    let rules = desk.config.load_rules()?;
    let keyring = Keyring::load(&desk.config.encryption_keys())?;
    let context = Context { rules: &rules, keyring: &keyring, usual_round: SignedDuration::from_mins(1) };
    let mut store = desk.store()?;
    let Files { mails: files, others } = files(path)?;
    let mut became = Became::default();
    became.count("Skipped: not named *.eml", others);
    let mut unread = Vec::new();
    for file in &files {
        let (raw, written) = match read(file, desk.now) {
            Ok(read) => read,
            // The others are taken all the same.
            Err(why) => {
                unread.push(why);
                continue;
            }
        };
        for mail in mbox::mails(&raw) {
            if let Some(why) = too_large(mail.raw.len() as u64) {
                became.count(&why, 1);
                continue;
            }
            let received_at = mail.received_at.unwrap_or(written);
            let source = Source::Mail { raw: mail.raw, received_at };
            if let Some(recorded) = commit(&mut store, |tx| intake::reprocess(tx, context, source, desk.now))?
            {
                became.count(&recorded.verdict.to_string(), 1);
            }
        }
    }
    desk.show(&became.0, &became.text())?;
    match unread.len() {
        0 => Ok(()),
        many => {
            Err(unread.swap_remove(0).context(format!("{many} files were not read, as the first of them")))
        }
    }
}

/// What became of how many mails: their verdicts, and why others were skipped.
#[derive(Default)]
struct Became(BTreeMap<String, u64>);

impl Became {
    fn count(&mut self, what: &str, n: u64) {
        if n > 0 {
            *self.0.entry(what.to_owned()).or_default() += n;
        }
    }

    fn text(&self) -> String {
        let rows: Vec<Vec<String>> =
            self.0.iter().map(|(verdict, n)| vec![n.to_string(), verdict.clone()]).collect();
        render::table(&["mails", "verdict"], &rows)
    }
}

/// Why a mail of so many bytes is skipped, as none would be downloaded.
fn too_large(bytes: u64) -> Option<String> {
    let most = limits::MAIL_BYTES;
    (bytes > most).then(|| format!("Skipped: larger than {} MiB", most / (1024 * 1024)))
}

/// What there is to read.
struct Files {
    /// Oldest first.
    mails: Vec<PathBuf>,
    /// How many others lie beside them.
    others: u64,
}

/// The files to read: one, or those of a Maildir's `new` and `cur`, or the `.eml` files of a directory.
fn files(path: &Path) -> anyhow::Result<Files> {
    let unreadable = || format!("{} cannot be read", path.display());
    if !fs::metadata(path).with_context(unreadable)?.is_dir() {
        return Ok(Files { mails: vec![path.to_owned()], others: 0 });
    }
    let in_dir = |dir: PathBuf| -> anyhow::Result<Vec<PathBuf>> {
        if !dir.is_dir() {
            return Ok(vec![]);
        }
        Ok(fs::read_dir(&dir)?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect())
    };
    let (mut mails, mut others) = ([in_dir(path.join("cur"))?, in_dir(path.join("new"))?].concat(), 0);
    if mails.is_empty() {
        let is_eml = |file: &PathBuf| file.extension().is_some_and(|name| name.eq_ignore_ascii_case("eml"));
        let (eml, rest): (Vec<PathBuf>, Vec<PathBuf>) =
            in_dir(path.to_owned())?.into_iter().partition(is_eml);
        (mails, others) = (eml, rest.len() as u64);
    }
    if mails.is_empty() {
        bail!("{} holds no mails: neither a Maildir nor .eml files", path.display());
    }
    mails.sort_by_key(|file| fs::metadata(file).and_then(|meta| meta.modified()).ok());
    Ok(Files { mails, others })
}

/// The content, and when the file was written: where it says nothing of it, the best there is for when it was received.
fn read(file: &Path, now: Timestamp) -> anyhow::Result<(Vec<u8>, Timestamp)> {
    let unreadable = || format!("{} cannot be read", file.display());
    let meta = fs::metadata(file).with_context(unreadable)?;
    let written = meta.modified().ok().and_then(|at| Timestamp::try_from(at).ok()).unwrap_or(now);
    Ok((fs::read(file).with_context(unreadable)?, written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_counted_with_the_reason() {
        assert_eq!(too_large(limits::MAIL_BYTES), None);
        assert_eq!(too_large(limits::MAIL_BYTES + 1).unwrap(), "Skipped: larger than 25 MiB");
        let dir = tempfile::tempdir().unwrap();
        for name in ["1.eml", "2.EML", "notes.txt"] {
            fs::write(dir.path().join(name), "Subject: x\n\nx\n").unwrap();
        }
        let found = files(dir.path()).unwrap();
        assert_eq!((found.mails.len(), found.others), (2, 1));
        let mut became = Became::default();
        became.count("Accepted", 2);
        became.count("Skipped: not named *.eml", found.others);
        became.count("Skipped: nothing", 0);
        assert_eq!(became.text(), "mails  verdict\n    2  Accepted\n    1  Skipped: not named *.eml\n");
    }
}
