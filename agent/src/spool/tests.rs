//! The queue made of directories, whole and half-written.

use super::*;
use crate::testing::parcel;

fn home() -> (tempfile::TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::new(dir.path());
    home.prepare().unwrap();
    (dir, home)
}

fn ending(fate: Fate) -> Ending {
    Ending { fate, at: Timestamp::UNIX_EPOCH, route: None, reply: String::new(), instead: None, attempts: 1 }
}

#[test]
fn a_queued_report_is_read_back_byte_for_byte_and_ends_in_the_trail_with_its_mail() {
    let (_dir, home) = home();
    let put = put(&home, &parcel(7, Kind::System)).unwrap();
    let listed = queued(&home).unwrap();
    assert_eq!(listed[0].meta, put.meta);
    let opened = listed[0].open().unwrap();
    assert_eq!((opened.report, opened.html), (parcel(7, Kind::System).report, Some("<p>7</p>".into())));

    decide(&listed[0], &ending(Fate::Accepted), Some(b"mail")).unwrap();
    retire(&home, &listed[0]).unwrap();
    assert!(queued(&home).unwrap().is_empty());
    let trailed = entries(&home.trail()).unwrap();
    assert_eq!(trailed[0].ending(), Some(ending(Fate::Accepted)));
    assert_eq!(fs::read(trailed[0].dir.join(MAIL)).unwrap(), b"mail");
    assert_eq!(newest(&home).unwrap().unwrap().sequence, 7);
}

#[test]
fn what_was_half_written_is_swept_and_was_never_in_the_queue() {
    let (_dir, home) = home();
    let draft = home.tmp().join(name(8));
    fs::create_dir(&draft).unwrap();
    fs::write(draft.join(REPORT), b"{").unwrap();
    sweep(&home).unwrap();
    assert!(!draft.exists() && queued(&home).unwrap().is_empty() && newest(&home).unwrap().is_none());
    put(&home, &parcel(8, Kind::Heartbeat)).unwrap();
}

#[test]
fn what_cannot_be_queued_leaves_nothing_behind() {
    let (_dir, home) = home();
    put(&home, &parcel(8, Kind::System)).unwrap();
    assert!(put(&home, &parcel(8, Kind::System)).is_err(), "the place is taken");
    assert_eq!(fs::read_dir(home.tmp()).unwrap().count(), 0);
}

#[test]
fn a_damaged_entry_is_listed_as_damaged_and_hides_no_other() {
    let (_dir, home) = home();
    put(&home, &parcel(1, Kind::Heartbeat)).unwrap();
    put(&home, &parcel(2, Kind::Heartbeat)).unwrap();
    fs::write(home.queue().join(name(1)).join(META), b"").unwrap();
    fs::create_dir(home.queue().join("lost+found")).unwrap();
    let listed = queued(&home).unwrap();
    assert_eq!(listed.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1, 2]);
    assert!(listed[0].open().is_err() && listed[1].open().is_ok());
}

#[test]
fn the_mail_handed_over_is_there_whole_or_not_at_all_when_power_fails() {
    let (_dir, home) = home();
    let entry = put(&home, &parcel(1, Kind::Heartbeat)).unwrap();
    decide(&entry, &ending(Fate::Accepted), Some(b"as it was handed over first")).unwrap();
    // A second name keeps hold of the file: it would change under it if it were written in place.
    let held = home.dir().join("held");
    fs::hard_link(entry.dir.join(MAIL), &held).unwrap();
    decide(&entry, &ending(Fate::Accepted), Some(b"again")).unwrap();
    assert_eq!(fs::read(held).unwrap(), b"as it was handed over first");
    assert_eq!(fs::read(entry.dir.join(MAIL)).unwrap(), b"again");
}
