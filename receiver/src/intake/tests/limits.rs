//! What is too much: floods, large mails, a full quarantine, a full disk.

use jiff::SignedDuration;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::signature::SigningKey;

use super::world::{Agent, HOUR, World, at, contract};
use crate::intake::{Context, QuarantineReason as Reason, Source, Verdict, prepare, record_batch, reprocess};
use crate::keyring::Keyring;
use crate::store::{AdmittedBy, EnrollmentMode, Kept, StoreError};

#[test]
fn a_flood_is_set_aside_and_the_next_hour_is_another() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    assert_eq!(accepted(&mut world, &mut agent, 122), 120);
    assert_eq!(world.verdict(&agent.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR)), Verdict::Accepted);
}

#[test]
fn where_shorter_intervals_were_agreed_on_twice_as_many_as_they_make_may_come() {
    let often = contract(|contract| {
        (contract.heartbeat_interval_s.min, contract.system_interval_s.min) = (1, 1);
    });
    let (mut world, mut agent) = (World::with(EnrollmentMode::Auto, often), Agent::new(1));
    (agent.interval, agent.system_interval) = (30, 3600);
    assert_eq!(accepted(&mut world, &mut agent, 245), 242);
}

#[test]
fn what_a_mail_server_held_back_for_half_a_day_is_taken_at_once() {
    let often = contract(|contract| contract.heartbeat_interval_s.min = 1);
    let (mut world, mut agent) = (World::with(EnrollmentMode::Auto, often), Agent::new(1));
    agent.interval = 300;
    let mails: Vec<_> = (0..12 * 12).map(|n| agent.heartbeat(at(n * 300))).collect();
    let raws: Vec<&[u8]> = mails.iter().map(|made| made.mail.as_slice()).collect();
    let recorded = world.receive(&raws, at(12 * HOUR));
    assert!(recorded.iter().all(|mail| mail.verdict == Verdict::Accepted), "{recorded:?}");
}

/// How many of so many heartbeats within minutes are accepted, and that the rest is set aside as too many.
fn accepted(world: &mut World, agent: &mut Agent, sent: i64) -> usize {
    let mails: Vec<_> = (0..sent).map(|n| agent.heartbeat(at(n))).collect();
    let raws: Vec<&[u8]> = mails.iter().map(|made| made.mail.as_slice()).collect();
    let recorded = world.receive(&raws, at(300));
    let accepted = recorded.iter().take_while(|mail| mail.verdict == Verdict::Accepted).count();
    assert!(
        recorded[accepted..].iter().all(|mail| mail.verdict == Verdict::Quarantined(Reason::TooMany)),
        "{recorded:?}"
    );
    accepted
}

#[test]
fn a_mail_that_cannot_be_read_is_kept_up_to_a_mebibyte_and_beyond_that_only_noted() {
    let mut world = World::new();
    let broken = |bytes: usize| {
        let mut mail = b"Mailbeat-Kind: heartbeat\r\n\r\n".to_vec();
        mail.resize(bytes, b'x');
        mail
    };
    for bytes in [5_000, 1024 * 1024, 1024 * 1024 + 1] {
        let verdict = world.verdict(&broken(bytes), at(10));
        assert_eq!(verdict, Verdict::Quarantined(Reason::PartMissing), "{bytes} bytes");
    }
    let waiting = world.read(|tx| tx.quarantine_waiting(0, 9));
    let kept: Vec<bool> = waiting.iter().map(|row| row.kept != Kept::Nothing).collect();
    assert_eq!(kept, [true, true, false]);
}

#[test]
fn a_mail_of_the_largest_size_is_read_and_one_byte_more_is_not() {
    let largest = usize::try_from(limits::MAIL_BYTES).unwrap();
    let mut world = World::new();
    let mut mail = b"Mailbeat-Kind: heartbeat\r\n\r\n".to_vec();
    mail.resize(largest, b'x');
    assert_eq!(world.verdict(&mail, at(10)), Verdict::Quarantined(Reason::PartMissing));
    mail.push(b'x');
    assert_eq!(world.verdict(&mail, at(10)), Verdict::Quarantined(Reason::TooLarge));
}

#[test]
fn what_makes_room_in_a_full_quarantine_is_counted_and_nothing_else_is() {
    let mut world = World::new();
    let stranger = |seed| {
        let mut agent = Agent::new(seed);
        agent.contract.number = "UNKNOWN-1".parse().unwrap();
        agent.heartbeat(at(10)).mail
    };
    world.verdict(&stranger(2), at(20));
    let one = ("unknown_contract".to_owned(), 1);
    assert_eq!(world.read(|tx| tx.counters(at(0))), [one]);
    world.write(|tx, _| tx.fill_the_quarantine());
    world.verdict(&stranger(3), at(30));
    let counted = [("made_room".to_owned(), 1), ("unknown_contract".to_owned(), 2)];
    assert_eq!(world.read(|tx| tx.counters(at(0))), counted);
}

#[test]
fn a_full_disk_takes_the_whole_batch_or_nothing_of_it() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    world.write(|tx, _| tx.fill_the_disk());
    let made: Vec<_> = (1..100).map(|n| agent.heartbeat(at(n * HOUR))).collect();
    let mails = made.iter().map(|made| world.mail(&made.mail, at(100 * HOUR))).collect();
    let batch = world.batch(mails);
    let context =
        Context { rules: &world.rules, keyring: &world.keyring, usual_round: SignedDuration::from_mins(5) };
    let full = record_batch(&mut world.store, context, &batch, at(100 * HOUR));
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    let folder = world.folder.id;
    assert_eq!(world.sequences(&agent), [1]);
    assert_eq!(world.read(|tx| tx.folder(folder)).unwrap().last_uid, 1, "they stay to be read");
    assert_eq!(world.read(|tx| tx.quarantine_waiting(0, 9)), []);
    world.write(|tx, _| tx.clear_the_disk());
    let context =
        Context { rules: &world.rules, keyring: &world.keyring, usual_round: SignedDuration::from_mins(5) };
    let recorded = record_batch(&mut world.store, context, &batch, at(101 * HOUR)).unwrap();
    assert!(recorded.iter().all(|mail| mail.verdict == Verdict::Accepted));
}

#[test]
fn a_full_disk_leaves_what_is_released_from_quarantine_there() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let mut moved = agent.clone();
    moved.key = SigningKey::from_seed(&[50; 32], "new hardware");
    let text: String = (0..20_000_u64).map(|n| format!("{}\n", n * n * 7919 % 1_000_003)).collect();
    world.verdict(&moved.system_report(&[("/etc/a", &text)], true, at(20)).mail, at(20));
    let (system, key) = (world.system(&agent).id, moved.key.public().bytes());
    world.write(|tx, _| tx.admit_key(system, &key, AdmittedBy::Operator, at(25)));
    let waiting = world.read(|tx| tx.quarantine_waiting(0, 9));
    let released = |world: &mut World| {
        let context = Context {
            rules: &world.rules,
            keyring: &world.keyring,
            usual_round: SignedDuration::from_mins(5),
        };
        world.store.write(|tx| reprocess(tx, context, Source::Quarantine(waiting[0].id), at(30)))
    };
    world.write(|tx, _| tx.fill_the_disk());
    let full = released(&mut world);
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    assert_eq!(world.read(|tx| tx.quarantine_waiting(0, 9)), waiting);
    world.write(|tx, _| tx.clear_the_disk());
    assert_eq!(released(&mut world).unwrap().unwrap().verdict, Verdict::Accepted);
}

#[test]
fn a_mail_that_waits_to_be_recorded_weighs_what_it_holds() {
    let mut agent = Agent::new(1);
    let (few, many) =
        (agent.heartbeat(at(10)), agent.system_report(&[("/etc/a", &"line\n".repeat(50_000))], true, at(20)));
    let weight = |mail: &[u8]| prepare(mail, Keyring::NONE).weight();
    let bytes = |made: &super::world::Made| made.report.encode().len();
    for made in [&few, &many] {
        let (light, heavy) = (2 * bytes(made), 3 * bytes(made));
        assert!((light..heavy).contains(&weight(&made.mail)), "{} of {light}..{heavy}", weight(&made.mail));
    }
    assert_eq!(weight(b"From: a@b\r\n\r\nhi"), 0);
}

#[test]
fn what_was_too_much_is_taken_when_it_is_released_and_what_is_imported_is_never_too_much() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    assert_eq!(accepted(&mut world, &mut agent, 122), 120);
    let waiting = world.read(|tx| tx.quarantine_waiting(0, 9));
    let made = agent.heartbeat(at(250));
    let imported = Source::Mail { raw: &made.mail, received_at: at(300) };
    for source in [Source::Quarantine(waiting[0].id), Source::Quarantine(waiting[1].id), imported] {
        let taken = world.write(|tx, context| reprocess(tx, context, source, at(400))).unwrap();
        assert_eq!(taken.verdict, Verdict::Accepted, "{source:?}");
    }
    assert_eq!(world.sequences(&agent).len(), 123);
}
