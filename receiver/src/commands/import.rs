//! `import`: mails from files, taken the same way as those of a mailbox. Nothing on disk is changed.

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
    let mut verdicts: BTreeMap<String, u64> = BTreeMap::new();
    for file in files(path)? {
        let (raw, received_at) = read(&file, desk.now)?;
        for mail in mails(&raw) {
            let source = Source::Mail { raw: mail, received_at };
            if let Some(recorded) = commit(&mut store, |tx| intake::reprocess(tx, context, source, desk.now))?
            {
                *verdicts.entry(recorded.verdict.to_string()).or_default() += 1;
            }
        }
    }
    let rows: Vec<Vec<String>> =
        verdicts.iter().map(|(verdict, n)| vec![n.to_string(), verdict.clone()]).collect();
    desk.show(&verdicts, &render::table(&["mails", "verdict"], &rows))
}

/// The files to read: one, or those of a Maildir's `new` and `cur`, or the `.eml` files of a directory; oldest first.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("{} cannot be read", path.display());
    if !fs::metadata(path).with_context(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
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
    let mut files = [in_dir(path.join("cur"))?, in_dir(path.join("new"))?].concat();
    if files.is_empty() {
        files = in_dir(path.to_owned())?;
        files.retain(|file| file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml")));
    }
    if files.is_empty() {
        bail!("{} holds no mails: neither a Maildir nor .eml files", path.display());
    }
    files.sort_by_key(|file| fs::metadata(file).and_then(|meta| meta.modified()).ok());
    Ok(files)
}

/// The content, and when the file was written: the best there is for when it was received.
fn read(file: &Path, now: Timestamp) -> anyhow::Result<(Vec<u8>, Timestamp)> {
    let unreadable = || format!("{} cannot be read", file.display());
    let meta = fs::metadata(file).with_context(unreadable)?;
    let written = meta.modified().ok().and_then(|at| Timestamp::try_from(at).ok()).unwrap_or(now);
    Ok((fs::read(file).with_context(unreadable)?, written))
}

/// The mails of an mbox (RFC 4155), or the one mail of any other file.
fn mails(raw: &[u8]) -> Vec<&[u8]> {
    if !is_separator(raw) {
        return vec![raw];
    }
    let after_blank = raw.windows(2).enumerate().filter(|(_, pair)| *pair == b"\n\n").map(|(at, _)| at + 2);
    let mut starts: Vec<usize> = after_blank.filter(|at| is_separator(&raw[*at..])).collect();
    starts.insert(0, 0);
    starts.push(raw.len());
    let without_first_line =
        |mail: &[u8]| mail.iter().position(|byte| *byte == b'\n').map_or(mail.len(), |at| at + 1);
    starts
        .windows(2)
        .map(|pair| &raw[pair[0]..pair[1]])
        .map(|mail| &mail[without_first_line(mail)..])
        .filter(|mail| mail.len() as u64 <= limits::MAIL_BYTES)
        .collect()
}

/// A line `From ADDRESS DATE`, where the date ends in a year; not a sentence that begins with "From".
fn is_separator(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    line.starts_with(b"From ") && line.len() > 20 && line[line.len() - 4..].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mbox_holds_several_mails_and_an_eml_one() {
        let mbox = b"From a@b Sun Nov 22 08:00:00 2026\nSubject: 1\n\nFrom here on text\n\nFrom c@d Sun Nov 22 09:00:00 2026\nSubject: 2\n\nx\n";
        let found: Vec<String> =
            mails(mbox).into_iter().map(|mail| String::from_utf8_lossy(mail).into_owned()).collect();
        assert_eq!(found, ["Subject: 1\n\nFrom here on text\n\n", "Subject: 2\n\nx\n"]);
        assert_eq!(mails(b"Subject: 3\n\nx\n").len(), 1);
    }
}
