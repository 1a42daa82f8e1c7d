//! Stories over Maildirs in temporary directories.

use std::fs::{self, File};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::transport::maildir::deliver;

use super::super::{ErrorKind, Filing, MailboxSettings, MaildirSettings, channel};
use super::{MARKER, init};
use crate::filing::Target;
use crate::mailbox::{Fetched, FolderView, Mailbox, MailboxError};

const AT: &str = "2026-03-01T12:00:00Z";

fn now() -> Timestamp {
    AT.parse().expect("a time")
}

async fn open(path: &Path) -> Result<Mailbox, MailboxError> {
    Mailbox::connect(&MailboxSettings::Maildir(MaildirSettings::new("m", path, 1)), false).await
}

async fn read(mailbox: &mut Mailbox, folder: &str) -> Result<(FolderView, Vec<Fetched>), MailboxError> {
    let view = mailbox.open(folder, now()).await?;
    let (inlet, mut outlet) = channel(u32::MAX >> 4);
    let mails = mailbox.list(1, view.uidnext).await?.mails;
    mailbox.fetch(&mails, &inlet).await?;
    drop(inlet);
    let mut fetched = Vec::new();
    while let Some(mail) = outlet.next().await {
        fetched.push(mail);
    }
    Ok((view, fetched))
}

fn texts(mails: &[Fetched]) -> Vec<(u32, String)> {
    let text = |mail: &Fetched| String::from_utf8(mail.raw.clone().unwrap_or_default()).expect("text");
    mails.iter().map(|mail| (mail.uid, text(mail))).collect()
}

#[tokio::test]
async fn mails_keep_their_numbers_when_others_come_and_somebody_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let first = deliver(dir.path(), b"one", "b").unwrap();
    let before = read(&mut open(dir.path()).await.unwrap(), "INBOX").await.unwrap().0;
    fs::rename(&first, dir.path().join("cur/b:2,S")).unwrap();
    deliver(dir.path(), b"two", "a").unwrap();
    let (after, mails) = read(&mut open(dir.path()).await.unwrap(), "INBOX").await.unwrap();
    assert_eq!(texts(&mails), [(1, "one".into()), (2, "two".into())]);
    assert_eq!((before.uidnext, after.uidnext, before.uidvalidity), (2, 3, after.uidvalidity));
}

#[tokio::test]
async fn a_mail_is_as_old_as_its_file() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let file = deliver(dir.path(), b"one", "a").unwrap();
    let arrived = now() - SignedDuration::from_hours(5);
    File::options().write(true).open(file).unwrap().set_modified(arrived.into()).unwrap();
    let (_, mails) = read(&mut open(dir.path()).await.unwrap(), "INBOX").await.unwrap();
    assert_eq!((mails[0].internal_date, mails[0].size), (arrived, 3));
}

#[tokio::test]
async fn a_mail_that_somebody_reads_between_the_look_and_the_listing_is_as_old_as_its_file() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let arrived = now() - SignedDuration::from_hours(5);
    let [moved, gone] = ["a", "b"].map(|name| {
        let file = deliver(dir.path(), b"one", name).unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(arrived.into()).unwrap();
        file
    });
    let mut mailbox = open(dir.path()).await.unwrap();
    mailbox.open("INBOX", now()).await.unwrap();
    fs::rename(&moved, dir.path().join("cur/a:2,S")).unwrap();
    fs::remove_file(gone).unwrap();
    let mails = mailbox.list(1, 2).await.unwrap().mails;
    assert_eq!(mails.iter().map(|mail| mail.internal_date).collect::<Vec<_>>(), [now(), now()]);
    let (inlet, mut outlet) = channel(10_000);
    assert_eq!(mailbox.fetch(&mails, &inlet).await.unwrap().vanished, [2]);
    assert_eq!(outlet.next().await.unwrap().internal_date, arrived);
}

#[tokio::test]
async fn an_unmounted_maildir_is_not_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let mut mailbox = open(dir.path()).await.unwrap();
    read(&mut mailbox, "INBOX").await.unwrap();
    fs::remove_file(dir.path().join(MARKER)).unwrap();
    assert_eq!(mailbox.open("INBOX", now()).await.unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(mailbox.fetch(&[], &channel(1).0).await.unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(open(dir.path()).await.unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(open(&dir.path().join("nowhere")).await.unwrap_err().kind, ErrorKind::Unreachable);
}

#[tokio::test]
async fn filed_mails_lie_read_in_a_folder_and_the_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    for name in ["a", "b", "c"] {
        deliver(dir.path(), name.as_bytes(), name).unwrap();
    }
    let mut mailbox = open(dir.path()).await.unwrap();
    let (view, _) = read(&mut mailbox, "INBOX").await.unwrap();
    let filed = mailbox.file("INBOX", view.uidvalidity + 1, &[1], Target::Processed).await.unwrap();
    assert_eq!(filed, Filing::OtherFolder);
    for _twice in 0..2 {
        let filed = mailbox.file("INBOX", view.uidvalidity, &[1, 3], Target::Processed).await.unwrap();
        assert_eq!(filed, Filing::Moved);
    }
    assert_eq!(texts(&read(&mut mailbox, "INBOX").await.unwrap().1), [(2, "b".into())]);
    assert!(dir.path().join(".Mailbeat.Processed/cur/a:2,S").is_file());
    assert!(dir.path().join(".Mailbeat.Processed/cur/c:2,S").is_file());
}

#[tokio::test]
async fn a_junk_folder_has_numbers_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    deliver(dir.path(), b"good", "a").unwrap();
    deliver(&dir.path().join(".Junk"), b"junk", "a").unwrap();
    let mut mailbox = open(dir.path()).await.unwrap();
    assert_eq!(mailbox.folders(), ["INBOX", "Junk"]);
    assert_eq!(texts(&read(&mut mailbox, "Junk").await.unwrap().1), [(1, "junk".into())]);
    assert_eq!(texts(&read(&mut mailbox, "INBOX").await.unwrap().1), [(1, "good".into())]);
    assert_eq!(mailbox.open("Other", now()).await.unwrap_err().kind, ErrorKind::FolderMissing);
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_is_forgotten_and_its_number_given_again() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    deliver(dir.path(), b"one", "a").unwrap();
    read(&mut open(dir.path()).await.unwrap(), "INBOX").await.unwrap();
    let list = dir.path().join(MARKER);
    let whole = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{whole}2 the-name-of-a-ma")).unwrap();
    deliver(dir.path(), b"two", "b").unwrap();
    let (_, mails) = read(&mut open(dir.path()).await.unwrap(), "INBOX").await.unwrap();
    assert_eq!(texts(&mails), [(1, "one".into()), (2, "two".into())]);
    assert_eq!(fs::read_to_string(&list).unwrap(), format!("{whole}2 b\n"));
}

#[tokio::test]
async fn numbers_are_never_used_twice_also_after_the_list_was_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let list = dir.path().join(MARKER);
    let gone: String = (1..=10_001).map(|uid| format!("{uid} gone-{uid}\n")).collect();
    let head = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{head}{gone}")).unwrap();
    deliver(dir.path(), b"x", "x").unwrap();
    let (_, mails) = read(&mut open(dir.path()).await.unwrap(), "INBOX").await.unwrap();
    assert_eq!(texts(&mails), [(10_002, "x".into())]);
    assert_eq!(
        fs::read_to_string(&list).unwrap().lines().count(),
        2,
        "the names of mails that are gone are gone"
    );
    deliver(dir.path(), b"y", "y").unwrap();
    let (view, mails) = read(&mut open(dir.path()).await.unwrap(), "INBOX").await.unwrap();
    assert_eq!((mails[1].uid, view.uidnext), (10_003, 10_004));
}

#[tokio::test]
async fn an_observer_reads_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    deliver(dir.path(), b"one", "a").unwrap();
    let before = fs::read(dir.path().join(MARKER)).unwrap();
    let settings = MailboxSettings::Maildir(MaildirSettings::new("m", dir.path(), 1));
    let mut mailbox = Mailbox::connect(&settings, true).await.unwrap();
    let (view, mails) = read(&mut mailbox, "INBOX").await.unwrap();
    assert_eq!(texts(&mails), [(1, "one".into())]);
    assert!(mailbox.file("INBOX", view.uidvalidity, &[1], Target::Processed).await.is_err());
    assert_eq!(fs::read(dir.path().join(MARKER)).unwrap(), before);
}

#[tokio::test]
async fn a_mail_that_vanishes_or_is_renamed_between_listing_and_fetching_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let gone = deliver(dir.path(), b"gone", "a").unwrap();
    let read = deliver(dir.path(), b"read", "b").unwrap();
    let mut mailbox = open(dir.path()).await.unwrap();
    mailbox.open("INBOX", now()).await.unwrap();
    let mails = mailbox.list(1, 10).await.unwrap().mails;
    fs::remove_file(gone).unwrap();
    fs::rename(read, dir.path().join("cur/b:2,RS")).unwrap();
    let (inlet, mut outlet) = channel(10_000);
    let report = mailbox.fetch(&mails, &inlet).await.unwrap();
    assert_eq!((report.delivered, report.vanished), (1, vec![1]));
    assert_eq!(outlet.next().await.unwrap().raw.as_deref(), Some(&b"read"[..]));
}

#[tokio::test]
async fn a_large_folder_is_listed_by_windows() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    for number in 0..1_100 {
        fs::write(dir.path().join(format!("new/{number:04}")), "x").unwrap();
    }
    let mut mailbox = open(dir.path()).await.unwrap();
    mailbox.open("INBOX", now()).await.unwrap();
    let first = mailbox.list(1, 1_100).await.unwrap();
    assert_eq!((first.mails.len(), first.to), (1_000, 1_000));
    let second = mailbox.list(first.to + 1, 1_100).await.unwrap();
    assert_eq!((second.mails.len(), second.to), (100, 1_100));
}

#[tokio::test]
async fn old_mails_leave_our_own_folders() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let processed = dir.path().join(".Mailbeat.Processed");
    for (name, age) in [("a", 40), ("b", 1)] {
        let file = deliver(&processed, b"x", name).unwrap();
        let arrived = now() - SignedDuration::from_hours(24 * age);
        File::options().write(true).open(file).unwrap().set_modified(arrived.into()).unwrap();
    }
    let mut mailbox = open(dir.path()).await.unwrap();
    let before = now() - SignedDuration::from_hours(24 * 30);
    assert_eq!(mailbox.purge(Target::Processed, before).await.unwrap(), 1);
    assert_eq!(mailbox.purge(Target::Quarantine, before).await.unwrap(), 0);
    assert!(processed.join("new/b").is_file());
}

#[tokio::test]
async fn a_mail_that_comes_again_under_its_old_name_gets_a_new_number() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now()).unwrap();
    let mut mailbox = open(dir.path()).await.unwrap();
    let again = || deliver(dir.path(), b"one", "a").unwrap();
    again();
    let (view, mails) = read(&mut mailbox, "INBOX").await.unwrap();
    assert_eq!(texts(&mails), [(1, "one".into())]);

    // Filed, and delivered once more before anybody looked: by an agent that was killed before it could write down that it had.
    let filed = mailbox.file("INBOX", view.uidvalidity, &[1], Target::Processed).await.unwrap();
    assert_eq!(filed, Filing::Moved);
    let file = again();
    assert_eq!(texts(&read(&mut mailbox, "INBOX").await.unwrap().1), [(2, "one".into())]);

    // Gone without us, and back.
    fs::remove_file(file).unwrap();
    assert_eq!(texts(&read(&mut mailbox, "INBOX").await.unwrap().1), []);
    again();
    assert_eq!(texts(&read(&mut mailbox, "INBOX").await.unwrap().1), [(3, "one".into())]);
}
