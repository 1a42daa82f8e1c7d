//! Which contract covers a system: how many it covers, its end, its renewal, and the move to the next one.

use jiff::Timestamp;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret};

use super::world::{Agent, HOUR, World, at, contract};
use crate::intake::{IgnoreReason, QuarantineReason as Reason, Verdict};
use crate::store::{ContractRefused, EnrollmentMode, SystemState};

#[test]
fn a_contract_covers_as_many_systems_as_it_says_and_a_retired_one_makes_room() {
    let mut world = World::with(EnrollmentMode::Auto, contract(|contract| contract.systems = 1));
    let (mut first, mut second) = (Agent::new(1), Agent::new(2));
    world.verdict(&first.heartbeat(at(10)).mail, at(10));
    let waiting = second.heartbeat(at(20));
    assert_eq!(world.verdict(&waiting.mail, at(20)), Verdict::Quarantined(Reason::NotEnrolled));
    let system = world.system(&first);
    world.write(|tx, _| tx.set_system_state(&system, SystemState::Retired, at(25)));
    assert_eq!(world.verdict(&second.heartbeat(at(30)).mail, at(30)), Verdict::Accepted);
    assert_eq!(world.sequences(&second), [1, 2], "the one that waited came in too");
}

#[test]
fn a_contract_taken_up_late_releases_what_waited_for_it() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let late = contract(|contract| contract.number = "ACME-2".parse().unwrap());
    agent.contract = late.contract.clone();
    let made = agent.heartbeat(at(10));
    assert_eq!(world.verdict(&made.mail, at(10)), Verdict::Quarantined(Reason::UnknownContract));
    world.write(|tx, _| tx.put_contract(&late, EnrollmentMode::Auto, at(15)).map(drop));
    assert_eq!(world.verdict(&agent.heartbeat(at(20)).mail, at(20)), Verdict::Accepted);
    assert_eq!(world.sequences(&agent), [1, 2]);
}

#[test]
fn after_the_contracts_end_mails_are_counted_and_nothing_is_stored() {
    let until = at(24 * HOUR);
    let ending = contract(|contract| {
        (contract.valid_until, contract.grace_days) = (Some(until), 1);
    });
    let (mut world, mut agent) = (World::with(EnrollmentMode::Auto, ending), Agent::new(1));
    for hour in [23, 47, 71] {
        let at = at(hour * HOUR);
        assert_eq!(world.verdict(&agent.heartbeat(at).mail, at), Verdict::Accepted, "hour {hour}");
    }
    let late = at(73 * HOUR);
    let ended = Verdict::Ignored(IgnoreReason::ContractEnded);
    assert_eq!(world.verdict(&agent.heartbeat(late).mail, late), ended);
    assert_eq!(world.sequences(&agent), [1, 2, 3]);
    assert!(world.read(|tx| tx.counters(at(0))).contains(&("contract_ended".to_owned(), 1)));
    let mut newcomer = Agent::new(2);
    assert_eq!(world.verdict(&newcomer.heartbeat(late).mail, late), ended, "nobody enrolls any more");
}

#[test]
fn a_renewal_raises_the_revision_and_keeps_the_secret_it_does_not_carry() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let renewed = contract(|contract| {
        (contract.revision, contract.enrollment_secret, contract.systems) = (2, None, 9);
    });
    world.write(|tx, _| tx.put_contract(&renewed, EnrollmentMode::Auto, at(5)).map(drop));
    assert_eq!(world.verdict(&agent.heartbeat(at(10)).mail, at(10)), Verdict::Accepted);
    assert_eq!(world.system(&agent).contract.systems, 9);
    let again = world.store.write(|tx| tx.put_contract(&contract(|_| {}), EnrollmentMode::Auto, at(6)));
    assert!(matches!(again, Err(ContractRefused::NotNewer { held: 2, offered: 1, .. })));
}

/// Which revisions are told of as ending within 60 days, until when, the hosts under each, and the newest that lasts longer.
fn endings(world: &mut World) -> Vec<(Timestamp, String, Option<u32>)> {
    let view = world.read(|tx| tx.own_view(at(60 * 24 * HOUR)));
    view.ending.into_iter().map(|is| (is.ends_at, is.hosts, is.renewed.map(|is| is.revision))).collect()
}

#[test]
fn what_ends_is_the_revision_in_force_on_each_host_whatever_the_vendor_has() {
    let days = |days: i64| Some(at(days * 24 * HOUR));
    let revision = |number: u32, until: Option<Timestamp>| {
        contract(|contract| {
            (contract.revision, contract.valid_until) = (number, until);
            contract.enrollment_secret = contract.enrollment_secret.take().filter(|_| number == 1);
        })
    };
    let mut world = World::with(EnrollmentMode::Auto, revision(1, days(40)));
    assert_eq!(endings(&mut world), [], "nobody reports under it");
    let (mut first, mut second) = (Agent::new(1), Agent::new(2));
    (first.host, second.host) = ("scada-01", "pump-01");
    world.verdict(&first.heartbeat(at(10)).mail, at(10));
    world.verdict(&second.heartbeat(at(10)).mail, at(10));
    let until = at(40 * 24 * HOUR);
    assert_eq!(endings(&mut world), [(until, "pump-01, scada-01".to_owned(), None)]);

    let renewed = revision(2, days(400));
    world.write(|tx, _| tx.put_contract(&renewed, EnrollmentMode::Auto, at(20)).map(drop));
    assert_eq!(endings(&mut world), [(until, "pump-01, scada-01".to_owned(), Some(2))]);
    first.contract.revision = 2;
    let (early, late) = (first.heartbeat(at(30)), first.heartbeat(at(40)));
    world.verdict(&late.mail, at(40));
    assert_eq!(endings(&mut world), [(until, "pump-01".to_owned(), Some(2))]);
    second.contract.revision = 2;
    world.verdict(&second.heartbeat(at(50)).mail, at(50));
    world.verdict(&early.mail, at(60));
    assert_eq!(endings(&mut world), [], "all have it");

    let shorter = revision(3, days(20));
    world.write(|tx, _| tx.put_contract(&shorter, EnrollmentMode::Auto, at(70)).map(drop));
    let until = at(20 * 24 * HOUR);
    let told = (until, "pump-01, scada-01".to_owned(), None);
    assert_eq!(endings(&mut world), [told], "an earlier end holds for those, too, who were told a later one");
    let for_ever = revision(4, None);
    world.write(|tx, _| tx.put_contract(&for_ever, EnrollmentMode::Auto, at(80)).map(drop));
    assert_eq!(endings(&mut world), [], "an end that was taken back is none: what the hosts have ends later");
}

#[test]
fn a_host_under_a_revision_whose_file_was_lost_is_told_of_with_the_one_before_it() {
    let days = |days: i64| Some(at(days * 24 * HOUR));
    let mut world = World::with(EnrollmentMode::Auto, contract(|contract| contract.valid_until = days(40)));
    let mut agent = Agent::new(1);
    agent.contract.revision = 2;
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    // Restored from a copy; of the renewals only the newest was kept.
    let third = contract(|contract| {
        (contract.revision, contract.valid_until, contract.enrollment_secret) = (3, days(400), None)
    });
    world.write(|tx, _| tx.put_contract(&third, EnrollmentMode::Auto, at(20)).map(drop));
    assert_eq!(endings(&mut world), [(at(40 * 24 * HOUR), "scada-01".to_owned(), Some(3))]);
}

#[test]
fn a_system_moves_to_its_customers_next_contract_by_proof_and_to_nobody_elses() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let foreign = contract(|contract| {
        (contract.number, contract.customer) = ("OTHER-1".parse().unwrap(), "Other".into());
    });
    let next = contract(|contract| contract.number = "ACME-2".parse().unwrap());
    for sealed in [&foreign, &next] {
        world.write(|tx, _| tx.put_contract(sealed, EnrollmentMode::Auto, at(15)).map(drop));
    }
    let mut strayed = agent.clone();
    strayed.contract = foreign.contract;
    let made = strayed.heartbeat(at(20));
    assert_eq!(world.verdict(&made.mail, at(20)), Verdict::Quarantined(Reason::WrongContract));
    agent.contract = next.contract;
    assert_eq!(world.verdict(&agent.heartbeat(at(30)).mail, at(30)), Verdict::Accepted);
    assert_eq!(world.system(&agent).contract.number.as_str(), "ACME-2");
}

#[test]
fn a_next_contract_takes_a_system_only_with_its_secret_by_itself_and_with_room() {
    let next = |change: fn(&mut Contract)| {
        contract(|contract| {
            contract.number = "ACME-2".parse().unwrap();
            change(contract);
        })
    };
    let moved = |mode, sealed, systems_before: u8| {
        let (mut world, mut agent) = (World::new(), Agent::new(1));
        world.verdict(&agent.heartbeat(at(10)).mail, at(10));
        world.write(|tx, _| tx.put_contract(&sealed, mode, at(15)).map(drop));
        let terms = next(|_| {}).contract;
        for seed in 0..systems_before {
            let mut before = Agent::new(100 + seed);
            before.contract = terms.clone();
            assert_eq!(world.verdict(&before.heartbeat(at(20)).mail, at(20)), Verdict::Accepted);
        }
        agent.contract = terms;
        world.verdict(&agent.heartbeat(at(30)).mail, at(30))
    };
    let stays = Verdict::Quarantined(Reason::WrongContract);
    assert_eq!(moved(EnrollmentMode::Auto, next(|_| {}), 2), Verdict::Accepted, "the third of three");
    assert_eq!(moved(EnrollmentMode::Auto, next(|_| {}), 3), stays, "it covers three");
    assert_eq!(moved(EnrollmentMode::Approve, next(|_| {}), 0), stays, "a person has to look");
    let of_another_secret =
        next(|contract| contract.enrollment_secret = Some(EnrollmentSecret::from_random([1; 32])));
    assert_eq!(moved(EnrollmentMode::Auto, of_another_secret, 0), stays);
}

#[test]
fn a_system_stays_under_its_contract_when_an_old_report_of_the_one_before_comes_late_or_again() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let (first, late) = (agent.heartbeat(at(10)), agent.heartbeat(at(20)));
    world.verdict(&first.mail, at(10));
    let next = contract(|contract| contract.number = "ACME-2".parse().unwrap());
    world.write(|tx, _| tx.put_contract(&next, EnrollmentMode::Auto, at(25)).map(drop));
    agent.contract = next.contract;
    world.verdict(&agent.heartbeat(at(30)).mail, at(30));
    for (made, expected) in [(&late, Verdict::Accepted), (&first, Verdict::Duplicate)] {
        assert_eq!(world.verdict(&made.mail, at(40)), expected);
        assert_eq!(world.system(&agent).contract.number.as_str(), "ACME-2", "{expected}");
    }
    assert_eq!(world.sequences(&agent), [1, 2, 3]);
}

#[test]
fn nobody_moves_to_a_contract_that_has_ended() {
    let ending = contract(|contract| {
        (contract.valid_until, contract.grace_days) = (Some(at(24 * HOUR)), 0);
    });
    let (mut world, mut agent) = (World::with(EnrollmentMode::Auto, ending), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let mut restored = agent.clone();
    let next = contract(|contract| contract.number = "ACME-2".parse().unwrap());
    world.write(|tx, _| tx.put_contract(&next, EnrollmentMode::Auto, at(15)).map(drop));
    agent.contract = next.contract;
    world.verdict(&agent.heartbeat(at(20)).mail, at(20));
    restored.salt = 1;
    let late = at(60 * HOUR);
    let ended = Verdict::Ignored(IgnoreReason::ContractEnded);
    assert_eq!(world.verdict(&restored.heartbeat(late).mail, late), ended);
    assert_eq!(world.system(&agent).contract.number.as_str(), "ACME-2");
}

#[test]
fn a_renewal_in_the_grace_days_gives_no_all_clear_for_a_host_that_is_silent() {
    let revision = |number: u32, days: i64| {
        contract(|contract| {
            (contract.revision, contract.valid_until) = (number, Some(at(days * 24 * HOUR)));
            contract.grace_days = 1;
            contract.enrollment_secret = contract.enrollment_secret.take().filter(|_| number == 1);
        })
    };
    let (mut world, mut agent) = (World::with(EnrollmentMode::Auto, revision(1, 1)), Agent::new(1));
    world.verdict(&agent.heartbeat(at(20 * HOUR)).mail, at(20 * HOUR));
    let look = |world: &mut World, hour: i64| {
        world.hear_until(hour * HOUR);
        world.tick(at(hour * HOUR));
        let open = world.read(|tx| tx.tickets(true, i64::MAX, 99));
        open.iter().map(|row| row.ticket.rule.to_string()).collect::<Vec<_>>()
    };
    let silent = ["heartbeat-missing"];
    assert_eq!(look(&mut world, 30), silent);
    let renew = |world: &mut World, number, days, hour: i64| {
        world.write(|tx, _| {
            tx.put_contract(&revision(number, days), EnrollmentMode::Auto, at(hour * HOUR)).map(drop)
        });
    };
    renew(&mut world, 2, 3, 31);
    assert_eq!(look(&mut world, 31), silent, "it was to be heard of all the time");
    assert_eq!(look(&mut world, 55), silent, "a system report is owed since the renewal only");
    // Three days and the grace day later the contract is over, and nothing is expected.
    assert_eq!(look(&mut world, 97), Vec::<String>::new());
    renew(&mut world, 3, 30, 98);
    assert_eq!(look(&mut world, 98), Vec::<String>::new(), "it gets its full time to show life");
    assert_eq!(look(&mut world, 102), silent);
}
