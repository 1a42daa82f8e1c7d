//! Who may speak for which system.

use jiff::SignedDuration;
use mailbeat_shared::wire::signature::{Namespace, SigningKey};

use super::world::{Agent, World, at, contract, framed};
use crate::intake::{ApproveError, Context, QuarantineReason as Reason, Source, Verdict, approve, reprocess};
use crate::store::{AdmittedBy, EnrollmentMode, StoreError, SystemState};

#[test]
fn an_enrollment_is_followed_by_heartbeats_of_a_registered_system() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let (first, second) = (agent.enrollment(at(10)), agent.heartbeat(at(20)));
    let recorded = world.receive(&[&first.mail, &second.mail], at(30));
    assert!(recorded.iter().all(|mail| mail.verdict == Verdict::Accepted), "{recorded:?}");
    let system = world.system(&agent);
    assert_eq!((system.system_id, system.host.as_str()), (agent.system, "scada-01"));
    assert_eq!(system.life_at, Some(at(20)), "life is dated at its origin");
    assert_eq!(world.sequences(&agent), [1, 2]);
}

#[test]
fn any_genuine_report_enrolls_when_the_enrollment_is_lost_or_overtaken() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let (first, second) = (agent.enrollment(at(10)), agent.heartbeat(at(20)));
    assert_eq!(world.verdict(&second.mail, at(30)), Verdict::Accepted);
    assert_eq!(world.holes(&agent), [(1, 1)]);
    assert_eq!(world.verdict(&first.mail, at(40)), Verdict::Accepted);
    assert_eq!(world.holes(&agent), []);
}

#[test]
fn a_report_changed_on_the_way_is_quarantined_as_forged() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made = agent.heartbeat(at(10));
    let signature = agent.key.sign(Namespace::Report, &made.report.encode());
    let mut forged = made.report.clone();
    forged.sequence = 99;
    let mail = framed(&forged, &forged.encode(), &signature);
    assert_eq!(world.verdict(&mail, at(20)), Verdict::Quarantined(Reason::BadSignature));
    assert!(world.registered(&agent).is_none());
}

#[test]
fn a_key_without_the_contracts_secret_stays_out() {
    let (mut world, mut stranger) = (World::new(), Agent::new(1));
    stranger.contract = contract(|contract| {
        contract.enrollment_secret =
            Some(mailbeat_shared::wire::contract::EnrollmentSecret::from_random([1; 32]));
    })
    .contract;
    let made = stranger.heartbeat(at(10));
    assert_eq!(world.verdict(&made.mail, at(20)), Verdict::Quarantined(Reason::NotEnrolled));
}

#[test]
fn a_report_must_name_the_key_that_signed_it() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for named in [Agent::new(2).key.public().to_string(), "no key at all".to_owned()] {
        let mut report = agent.heartbeat(at(10)).report;
        report.identity.public_key = named;
        let verdict = world.verdict(&agent.sign(report).mail, at(20));
        assert_eq!(verdict, Verdict::Quarantined(Reason::Malformed));
    }
    assert!(world.registered(&agent).is_none());
}

#[test]
fn another_systems_key_cannot_speak_for_this_one() {
    let (mut world, mut agent, mut other) = (World::new(), Agent::new(1), Agent::new(2));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    world.verdict(&other.heartbeat(at(10)).mail, at(10));
    other.system = agent.system;
    let made = other.heartbeat(at(20));
    assert_eq!(world.verdict(&made.mail, at(20)), Verdict::Quarantined(Reason::WrongSystem));
    assert_eq!(world.sequences(&agent), [1]);
}

#[test]
fn with_approval_reports_wait_and_are_recorded_in_order_when_a_person_admits_the_key() {
    let mut world = World::with(EnrollmentMode::Approve, contract(|_| {}));
    let mut agent = Agent::new(1);
    let (first, second) = (agent.enrollment(at(10)), agent.heartbeat(at(20)));
    for mail in [&second.mail, &first.mail] {
        assert_eq!(world.verdict(mail, at(30)), Verdict::Quarantined(Reason::NotEnrolled));
    }
    let key = agent.key.public().bytes();
    let recorded = world.write(|tx, context| approve(tx, context, &key, false, at(40))).recorded;
    assert_eq!(recorded.len(), 2);
    assert!(recorded.iter().all(|mail| mail.verdict == Verdict::Accepted), "{recorded:?}");
    assert_eq!(world.holes(&agent), [], "the first was recorded first");
    assert_eq!(world.system(&agent).life_at, Some(at(20)));
    assert_eq!(world.read(|tx| tx.quarantine_waiting(0, 10)), []);
    assert!(world.read(|tx| tx.keys_of(1)).iter().any(|known| known.key == key));
}

#[test]
fn a_key_that_speaks_for_several_systems_is_not_admitted_before_a_person_chose() {
    let mut world = World::with(EnrollmentMode::Approve, contract(|_| {}));
    let (mut victim, mut agent) = (Agent::new(1), Agent::new(2));
    world.verdict(&victim.heartbeat(at(10)).mail, at(10));
    world.write(|tx, context| approve(tx, context, &victim.key.public().bytes(), false, at(20)));
    let mut thief = agent.clone();
    thief.system = victim.system;
    for made in [thief.heartbeat(at(30)), agent.heartbeat(at(31))] {
        assert_eq!(world.verdict(&made.mail, at(40)), Verdict::Quarantined(Reason::NotEnrolled));
    }
    let key = agent.key.public().bytes();
    let refused = world.write(|tx, context| Ok::<_, StoreError>(approve(tx, context, &key, false, at(50))));
    assert!(matches!(refused, Err(ApproveError::SeveralSystems(_))), "{refused:?}");
    let waiting = world.read(|tx| tx.waiting_of_signer(&key, 9));
    let foreign = waiting.iter().find(|row| row.claimed.system == Some(victim.system)).unwrap();
    world.write(|tx, _| tx.discard_quarantined(foreign.id, "not meant"));
    world.write(|tx, context| approve(tx, context, &key, false, at(60)));
    assert_eq!(world.system(&agent).system_id, agent.system);
    assert_eq!(world.sequences(&victim), [1]);
}

#[test]
fn a_quarantined_report_is_released_once_and_a_mail_imported_twice_is_a_duplicate() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made = agent.heartbeat(at(10));
    let source = Source::Mail { raw: &made.mail, received_at: at(20) };
    for expected in [Verdict::Accepted, Verdict::Duplicate] {
        let imported = world.write(|tx, context| reprocess(tx, context, source, at(30))).unwrap();
        assert_eq!(imported.verdict, expected);
    }
    let mut stranger = Agent::new(2);
    stranger.system = agent.system;
    let waiting = stranger.heartbeat(at(40));
    world.verdict(&waiting.mail, at(40));
    let id = world.read(|tx| tx.quarantine_waiting(0, 10))[0].id;
    let release = Source::Quarantine(id);
    let still = world.write(|tx, context| reprocess(tx, context, release, at(50))).unwrap();
    assert_eq!(still.verdict, Verdict::Quarantined(Reason::NotEnrolled));
    let system = world.system(&agent).id;
    let key = stranger.key.public().bytes();
    world.write(|tx, _| tx.admit_key(system, &key, AdmittedBy::Operator, at(55)));
    let released = world.write(|tx, context| reprocess(tx, context, release, at(60))).unwrap();
    assert_eq!(released.verdict, Verdict::Accepted);
    assert!(world.write(|tx, context| reprocess(tx, context, release, at(70))).is_none());
}

#[test]
fn a_decision_made_on_an_older_version_of_a_system_is_refused() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let seen = world.system(&agent);
    world.verdict(&agent.heartbeat(at(20)).mail, at(20));
    let stale = world.store.write(|tx| tx.set_system_state(&seen, SystemState::Paused, at(25)));
    assert!(matches!(stale, Err(StoreError::Changed(_))));
    let seen = world.system(&agent);
    world.write(|tx, _| tx.set_system_state(&seen, SystemState::Paused, at(25)));
    assert_eq!(world.system(&agent).state, SystemState::Paused);
}

#[test]
fn a_key_of_which_nothing_waits_or_whose_contract_is_unknown_cannot_be_approved() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let key = agent.key.public().bytes();
    let approved = |world: &mut World| {
        let context = Context {
            rules: &world.rules,
            keyring: &world.keyring,
            usual_round: SignedDuration::from_mins(5),
        };
        world.store.write(|tx| approve(tx, context, &key, false, at(40)))
    };
    assert!(matches!(approved(&mut world), Err(ApproveError::NothingWaits)));
    agent.contract.number = "OTHER-9".parse().unwrap();
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let unknown = approved(&mut world).unwrap_err().to_string();
    assert_eq!(unknown, "contract OTHER-9 is not known here; take it up first");
}

#[test]
fn a_released_report_that_the_database_refuses_stays_in_quarantine_with_that_reason() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.system_report(&[("/etc/a", "one\n")], true, at(10)).mail, at(10));
    let mut moved = agent.clone();
    moved.key = SigningKey::from_seed(&[50; 32], "new hardware");
    let waiting = moved.system_report(&[("/etc/a", "two\n")], false, at(20));
    world.verdict(&waiting.mail, at(20));
    world.write(|tx, _| tx.damage_snapshots());
    let (system, key) = (world.system(&agent).id, moved.key.public().bytes());
    world.write(|tx, _| tx.admit_key(system, &key, AdmittedBy::Operator, at(25)));
    let id = world.read(|tx| tx.quarantine_waiting(0, 10))[0].id;
    let again = world.write(|tx, context| reprocess(tx, context, Source::Quarantine(id), at(30))).unwrap();
    assert_eq!(again.verdict, Verdict::Quarantined(Reason::NotRecorded));
    let waiting = world.read(|tx| tx.quarantine_waiting(0, 10));
    assert_eq!((waiting.len(), waiting[0].reason), (1, Reason::NotRecorded));
}
