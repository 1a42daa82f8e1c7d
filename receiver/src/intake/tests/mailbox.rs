//! Cursors, bad rows in good batches, crashes between the steps, and being deaf.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::mail::{Frame, compose_plain};

use super::world::{Agent, HOUR, World, at, contract};
use crate::evaluate::liveness::Hearing;
use crate::filing::Target;
use crate::intake::judge;
use crate::intake::window::{Step, Window, plan};
use crate::intake::{IgnoreReason, Mail, Prepared, QuarantineReason as Reason, Verdict, begin_window};
use crate::store::{EnrollmentMode, Store, StoreError};

#[test]
fn a_row_the_database_refuses_does_not_stop_its_batch() {
    let (mut world, mut agent, mut other) = (World::new(), Agent::new(1), Agent::new(2));
    world.verdict(&agent.system_report(&[("/etc/a", "one\n")], true, at(10)).mail, at(10));
    world.write(|tx, _| tx.damage_snapshots());
    let bad = agent.system_report(&[("/etc/a", "two\n")], false, at(20));
    let (good, better) = (other.heartbeat(at(20)), agent.heartbeat(at(30)));
    let recorded = world.receive(&[&bad.mail, &good.mail, &better.mail], at(40));
    assert_eq!(recorded[0].verdict, Verdict::Quarantined(Reason::NotRecorded));
    assert!(recorded[0].detail.contains("compressed content"), "{}", recorded[0].detail);
    assert_eq!((recorded[1].verdict, recorded[2].verdict), (Verdict::Accepted, Verdict::Accepted));
    assert_eq!(world.sequences(&agent), [1, 3], "nothing of the bad one is left");
    let waiting = world.read(|tx| tx.quarantine_waiting(0, 9));
    assert_eq!((waiting.len(), waiting[0].claimed.sequence), (1, 2));
}

#[test]
fn of_a_long_batch_only_the_mail_that_fails_is_undone_and_every_other_is_recorded_once() {
    let (mut world, mut agent, mut other) = (World::new(), Agent::new(1), Agent::new(2));
    world.verdict(&agent.system_report(&[("/etc/a", "one\n")], true, at(10)).mail, at(10));
    world.write(|tx, _| tx.damage_snapshots());
    let bad = agent.system_report(&[("/etc/a", "two\n")], false, at(20)).mail;
    for (batch, place) in [0, 12, 30, 60].into_iter().enumerate() {
        let hour = 3_600 * (1 + batch as i64);
        let good: Vec<Vec<u8>> = (0..60).map(|second| other.heartbeat(at(hour + second)).mail).collect();
        let mut mails: Vec<&[u8]> = good.iter().map(Vec::as_slice).collect();
        mails.insert(place, &bad);
        let recorded = world.receive(&mails, at(hour + 60));
        let wanted =
            |n| if n == place { Verdict::Quarantined(Reason::NotRecorded) } else { Verdict::Accepted };
        for (n, mail) in recorded.iter().enumerate() {
            assert_eq!(mail.verdict, wanted(n), "{n} of the batch in which {place} fails");
        }
    }
    assert_eq!(world.sequences(&other), (1..=240).collect::<Vec<u64>>());
    assert_eq!(world.sequences(&agent), [1]);
}

#[test]
fn every_mail_gets_its_place_on_the_server_and_is_moved_under_its_own_numbering_only() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made = agent.heartbeat(at(10));
    let mut stranger = Agent::new(2);
    stranger.contract.number = "UNKNOWN-1".parse().unwrap();
    world.receive(&[&made.mail, b"not a report", &stranger.heartbeat(at(10)).mail], at(20));
    let folder = world.folder.id;
    let due = world.read(|tx| tx.due_filings(folder, 1, 10));
    let targets: Vec<Target> = due.iter().map(|filing| filing.target).collect();
    assert_eq!(targets, [Target::Processed, Target::Processed, Target::Quarantine]);
    assert_eq!(world.read(|tx| tx.due_filings(folder, 2, 10)), []);
    world.write(|tx, _| tx.filing_done(&[due[0].id], at(30)));
    assert_eq!(world.read(|tx| tx.due_filings(folder, 1, 10)).len(), 2);
    assert_eq!(world.read(|tx| tx.unfiled_below_cursor(folder, 1, &[1, 2, 3, 4])), [] as [u32; 0]);
}

#[test]
fn a_mail_below_the_cursor_that_nobody_noted_is_read_again() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.uid = 5; // as in a restored database whose cursor is further than its rows
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let folder = world.folder.id;
    assert_eq!(world.read(|tx| tx.unfiled_below_cursor(folder, 1, &[4, 5, 6, 7])), [4, 5]);
}

#[test]
fn bounces_vacation_notes_and_chatter_are_counted_and_never_kept() {
    let mut world = World::new();
    let frame = Frame {
        from: "somebody@acme.example",
        to: "reports@vendor.example",
        cc: &[],
        subject: "Out of office",
        message_id: "1@acme.example",
        date: at(0),
        text: "I am away.\n",
        html: None,
    };
    let automatic = compose_plain(&frame, &[]).unwrap();
    let verdicts: Vec<Verdict> = world
        .receive(&[&automatic, b"From: a@b\r\n\r\nhi"], at(10))
        .iter()
        .map(|mail| mail.verdict)
        .collect();
    let ignored = Verdict::Ignored;
    assert_eq!(verdicts, [ignored(IgnoreReason::AutoReply), ignored(IgnoreReason::Unrelated)]);
    assert_eq!(world.read(|tx| tx.quarantine_waiting(0, 9)), []);
    let counted = world.read(|tx| tx.counters(at(0)));
    assert!(counted.contains(&("auto_reply".to_owned(), 1)), "{counted:?}");
}

#[test]
fn a_mail_too_large_to_download_is_quarantined_by_its_place_and_once() {
    let mut world = World::new();
    let large =
        |uid| Mail { uid, internal_date: Some(at(5)), prepared: Prepared::too_large(limits::MAIL_BYTES + 1) };
    world.uid = 2;
    let recorded = world.record(vec![large(1), large(2), large(1)], at(10));
    assert!(recorded.iter().all(|mail| mail.verdict == Verdict::Quarantined(Reason::TooLarge)));
    let waiting = world.read(|tx| tx.quarantine_waiting(0, 9));
    assert_eq!(waiting.iter().map(|row| row.seen).collect::<Vec<_>>(), [2, 1]);
    let summary = world.read(|tx| tx.quarantine_summary());
    assert_eq!(summary, [("reports".to_owned(), "too_large".to_owned(), 2)]);
}

fn reopened(path: &Path, mode: EnrollmentMode) -> World {
    let sealed = contract(|contract| contract.revision = 1);
    let mut store = Store::open(path, at(0)).unwrap();
    let folder =
        store.write::<_, StoreError>(|tx| Ok(tx.put_mailbox("reports", &["INBOX"])?.remove(0))).unwrap();
    if folder.uidvalidity == 0 {
        return World::over(store, mode, &sealed);
    }
    World {
        store,
        rules: crate::evaluate::rules::Rules::built_in(),
        keyring: crate::keyring::Keyring::default(),
        uid: folder.last_uid,
        folder,
    }
}

#[test]
fn a_mail_that_ends_the_process_twice_is_quarantined_unparsed_and_the_line_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("receiver.db");
    let mut agent = Agent::new(1);
    let good = agent.heartbeat(at(10));
    let mut steps_seen = Vec::new();
    // UIDs 1..=3; reading 2 kills the process, as a stack overflow would.
    for start in 0..4 {
        let mut world = reopened(&path, EnrollmentMode::Auto);
        let folder = world.folder.id;
        let open = world.read(|tx| tx.open_windows(folder));
        let steps = plan(world.folder.last_uid, 3, 100, &open);
        steps_seen.push(steps.clone());
        for step in steps {
            let now = at(100 + start);
            let mail = |uid, prepared| Mail { uid, internal_date: Some(now), prepared };
            match step {
                Step::Fetch(window) => {
                    begin_window(&mut world.store, folder, &window, now).unwrap();
                    if (window.first..=window.last).contains(&2) {
                        break; // killed between R1 and R2
                    }
                    world.uid = window.last;
                    let prepared = crate::intake::prepare(&good.mail, crate::keyring::Keyring::NONE);
                    world.record(vec![mail(window.first, prepared)], now);
                }
                Step::Poison(uid) => {
                    world.uid = uid;
                    let recorded = world.record(vec![mail(uid, Prepared::poison())], now);
                    assert_eq!(recorded[0].verdict, Verdict::Quarantined(Reason::Poison));
                }
            }
        }
    }
    let fetch = |first, last, attempts| Step::Fetch(Window { first, last, attempts });
    assert_eq!(steps_seen[0], [fetch(1, 3, 1)]);
    assert_eq!(steps_seen[1], [fetch(1, 1, 2), fetch(2, 2, 2), fetch(3, 3, 2)]);
    assert_eq!(steps_seen[2], [Step::Poison(2), fetch(3, 3, 2)]);
    assert_eq!(steps_seen[3], []);
    let mut world = reopened(&path, EnrollmentMode::Auto);
    assert_eq!(world.sequences(&agent), [1]);
    assert_eq!(world.folder.last_uid, 3);
}

#[test]
fn a_broken_connection_takes_its_attempt_back() {
    let mut world = World::new();
    let folder = world.folder.id;
    let window = Window { first: 1, last: 9, attempts: 1 };
    world.write(|tx, _| tx.begin_window(folder, &window, at(1)));
    world.write(|tx, _| tx.abandon_window(folder, &window));
    assert_eq!(world.read(|tx| tx.open_windows(folder)), []);
}

#[test]
fn a_new_numbering_of_uids_starts_from_one_and_the_mails_are_duplicates() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made = agent.heartbeat(at(10));
    world.verdict(&made.mail, at(10));
    let folder = world.folder.id;
    world.write(|tx, _| tx.select_uidvalidity(folder, 2));
    assert_eq!(world.read(|tx| tx.folder(folder)).unwrap().last_uid, 0);
    assert_eq!(world.verdict(&made.mail, at(20)), Verdict::Duplicate);
    assert_eq!(
        world.read(|tx| tx.folder(folder)).unwrap().last_uid,
        0,
        "that batch was of the old numbering"
    );
}

fn hearing(world: &mut World) -> Option<Hearing> {
    world.read(|tx| tx.mailboxes())[0].hearing
}

#[test]
fn a_mailbox_is_heard_up_to_the_question_whose_answer_was_reached_in_every_folder() {
    let mut world = World::new();
    let folders = world.write(|tx, _| tx.put_mailbox("reports", &["INBOX", "Junk"]));
    let usual = SignedDuration::from_mins(5);
    let note = |world: &mut World, folder: usize, uidnext, asked_at: Timestamp| {
        let id = folders[folder].id;
        world.write(|tx, _| {
            tx.select_uidvalidity(id, 1)?;
            tx.note_uidnext(id, uidnext, asked_at)?;
            tx.conclude_drained(id, usual).map(drop)
        });
    };
    note(&mut world, 0, 1, at(10));
    assert_eq!(hearing(&mut world), None, "Junk was never read");
    note(&mut world, 1, 1, at(11));
    assert_eq!(hearing(&mut world).unwrap().drained_at, at(10));
    note(&mut world, 1, 1, at(20));
    note(&mut world, 0, 2, at(21));
    assert_eq!(hearing(&mut world).unwrap().drained_at, at(10), "one mail is still to be recorded");
    let mut agent = Agent::new(1);
    world.verdict(&agent.heartbeat(at(15)).mail, at(22));
    assert_eq!(hearing(&mut world).unwrap().drained_at, at(20));
}

#[test]
fn a_silent_system_gets_one_ticket_and_a_deaf_receiver_accuses_nobody() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(0)).mail, at(5));
    let mut heard_until = 0;
    let mut tick = |world: &mut World, drained: bool, hour: i64| {
        if drained {
            (heard_until..=hour * 60).step_by(10).for_each(|minute| world.hear(at(minute * 60)));
            heard_until = hour * 60;
        }
        judge::tick_due(&mut world.store, &world.rules, at(hour * HOUR), 100).unwrap();
        world.read(|tx| tx.tickets(true, i64::MAX, 9)).len()
    };
    assert_eq!(tick(&mut world, false, 5), 0, "nothing was heard since");
    assert_eq!(tick(&mut world, true, 6), 1);
    assert_eq!(tick(&mut world, true, 7), 1);
    world.verdict(&agent.heartbeat(at(8 * HOUR)).mail, at(8 * HOUR));
    assert_eq!(world.read(|tx| tx.tickets(true, i64::MAX, 9)), []);
}
