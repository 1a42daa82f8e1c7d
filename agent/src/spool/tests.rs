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
fn what_the_disk_does_not_give_now_is_told_apart_from_what_is_damaged_and_is_read_again() {
    let (_dir, home) = home();
    let dir = put(&home, &parcel(1, Kind::System)).unwrap().dir;
    let held = home.dir().join("held");
    for name in [META, REPORT, SIGNATURE, TEXT, HTML] {
        let file = dir.join(name);
        fs::rename(&file, &held).unwrap();
        // A directory is no file to anybody, root too.
        fs::create_dir(&file).unwrap();
        let entry = queued(&home).unwrap().remove(0);
        let unread = entry.open().unwrap_err();
        assert!(matches!(&unread, OpenError::Unread { path, .. } if *path == file), "{name}: {unread}");
        assert!(unread.to_string().contains(&file.display().to_string()), "{unread}");
        fs::remove_dir(&file).unwrap();
        if name != HTML {
            let gone = entry.open().unwrap_err();
            assert!(matches!(gone, OpenError::Damaged { .. }), "{name}: {gone}");
        }
        fs::rename(&held, &file).unwrap();
        assert_eq!(entry.open().unwrap().meta, parcel(1, Kind::System).meta, "{name}");
    }
    fs::write(dir.join(TEXT), b"\xff").unwrap();
    let damaged = queued(&home).unwrap()[0].open().unwrap_err();
    assert_eq!(damaged.to_string(), "mail.txt is no UTF-8 text");
}

/// #7 in queue and trail, each with this end, as a backup leaves it that was put back file by file. The trail's has its mail.
fn in_both_places(home: &Home, waiting: Option<Fate>, trailed: Option<Fate>) -> Entry {
    let entry = put(home, &parcel(7, Kind::System)).unwrap();
    if let Some(fate) = trailed {
        decide(&entry, &ending(fate), None).unwrap();
    }
    fs::write(entry.dir.join(MAIL), b"as it was handed over").unwrap();
    retire(home, &entry).unwrap();
    let entry = put(home, &parcel(7, Kind::System)).unwrap();
    if let Some(fate) = waiting {
        decide(&entry, &ending(fate), None).unwrap();
    }
    entry
}

#[test]
fn of_a_number_in_queue_and_trail_one_copy_stays_and_a_servers_word_outweighs_every_other_end() {
    use Fate::{Accepted, Lost, Superseded};
    for (waiting, trailed, stays, whose) in [
        (Some(Accepted), Some(Accepted), Accepted, "trail"),
        (Some(Lost), Some(Accepted), Accepted, "trail"),
        (Some(Lost), Some(Superseded), Superseded, "trail"),
        (None, Some(Accepted), Accepted, "trail"),
        (Some(Accepted), Some(Lost), Accepted, "queue"),
        (Some(Lost), None, Lost, "queue"),
    ] {
        let (_dir, home) = home();
        let entry = in_both_places(&home, waiting, trailed);
        assert_eq!(twin(&home, &entry).unwrap().ending(), trailed.map(ending));
        retire(&home, &entry).unwrap();
        let case = format!("{waiting:?} in the queue, {trailed:?} in the trail");
        assert!(queued(&home).unwrap().is_empty(), "{case}");
        let kept = entries(&home.trail()).unwrap();
        assert_eq!((kept.len(), kept[0].ending()), (1, Some(ending(stays))), "{case}");
        assert_eq!(kept[0].dir.join(MAIL).exists(), whose == "trail", "{case}");
        assert_eq!(fs::read_dir(home.tmp()).unwrap().count(), 0, "{case}");
    }
}

#[test]
fn a_damaged_copy_in_the_trail_gives_way_to_a_whole_one() {
    let (_dir, home) = home();
    let entry = in_both_places(&home, Some(Fate::Accepted), Some(Fate::Accepted));
    fs::remove_file(home.trail().join(name(7)).join(REPORT)).unwrap();
    retire(&home, &entry).unwrap();
    assert!(entries(&home.trail()).unwrap()[0].open().is_ok());
}

#[test]
fn two_different_reports_of_one_number_are_both_kept() {
    let (_dir, home) = home();
    let former = in_both_places(&home, None, Some(Fate::Accepted));
    fs::remove_dir_all(&former.dir).unwrap();
    let mut other = parcel(7, Kind::System);
    other.meta.id = ReportId::new(other.meta.created_at, &[2; 10]);
    let entry = put(&home, &other).unwrap();
    assert_eq!(twin(&home, &entry), None);
    decide(&entry, &ending(Fate::Lost), None).unwrap();
    retire(&home, &entry).unwrap();
    assert_eq!(entries(&home.trail()).unwrap()[0].meta, Some(other.meta));
    let aside = fs::read(home.trail().join("0000000007.1").join(META)).unwrap();
    assert_eq!(serde_json::from_slice::<Meta>(&aside).unwrap(), parcel(7, Kind::System).meta);
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
