//! Test reports are answered: to whom, how often, and when not.

use mailbeat_shared::wire::confirmation::ConfirmationCode;
use mailbeat_shared::wire::contract::EnrollmentSecret;
use mailbeat_shared::wire::report::{Body, TestMessage};

use super::world::{Agent, HOUR, World, at, contract};
use crate::intake::Verdict;
use crate::intake::confirm::A_DAY;
use crate::notify::Matter;
use crate::store::{Ended, EnrollmentMode, Mailing, Store, as_before_mailings};

const DAY: i64 = 24 * HOUR;

fn test() -> Body {
    Body::Test { test: TestMessage { requested_by: "anna".into(), route: Some("office".into()) } }
}

/// The customer, with these people.
fn with_contacts(emails: &[&str]) -> World {
    let mut world = World::new();
    let customer = world.read(|tx| tx.customers())[0].id;
    for email in emails {
        world.write(|tx, _| tx.add_contact(Some(customer), "Anna", email));
    }
    world
}

fn due(world: &mut World, now: i64) -> Vec<Mailing> {
    world.read(|tx| tx.due_mailings(at(now), 100))
}

#[test]
fn a_test_report_is_answered_once_to_each_of_the_customers_contacts_and_to_nobody_else() {
    let (mut world, mut agent) = (with_contacts(&["anna@acme.example", "ben@acme.example"]), Agent::new(1));
    let mail = agent.make(test(), at(HOUR)).mail;
    assert_eq!(world.verdict(&mail, at(HOUR + 5)), Verdict::Accepted);
    assert_eq!(world.verdict(&mail, at(HOUR + 9)), Verdict::Duplicate);
    let answers = due(&mut world, HOUR + 10);
    let to: Vec<&str> = answers.iter().map(|answer| answer.email.as_str()).collect();
    assert_eq!(to, ["anna@acme.example", "ben@acme.example"]);
    let Matter::TestReport(facts) = &answers[0].matter else { panic!("{:?}", answers[0]) };
    assert_eq!((facts.requested_by.as_str(), facts.route.as_deref()), ("anna", Some("office")));
    assert_eq!(
        (facts.mailbox.as_str(), facts.received_at, facts.skew_us),
        ("reports, INBOX", at(HOUR + 5), 0)
    );
    let contract = answers[0].contract;
    let secret = world.read(|tx| tx.enrollment_secret(contract)).unwrap();
    let expected = ConfirmationCode::new(&EnrollmentSecret::from_random([9; 32]), facts.report, "accepted");
    assert_eq!(
        ConfirmationCode::new(&secret, facts.report, &facts.verdict),
        expected,
        "the agent makes the same code"
    );
}

#[test]
fn without_a_contact_of_the_customer_nobody_is_answered_and_no_other_report_is() {
    let (mut world, mut agent) = (with_contacts(&[]), Agent::new(1));
    world.verdict(&agent.make(test(), at(HOUR)).mail, at(HOUR));
    assert_eq!(due(&mut world, 2 * HOUR), [], "the vendor's own people asked for nothing");
    let (mut world, mut agent) = (with_contacts(&["anna@acme.example"]), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    assert_eq!(due(&mut world, 2 * HOUR), []);
}

#[test]
fn five_a_day_are_answered_and_tomorrow_again() {
    let (mut world, mut agent) = (with_contacts(&["anna@acme.example"]), Agent::new(1));
    for hour in 1..=8 {
        world.verdict(&agent.make(test(), at(hour * HOUR)).mail, at(hour * HOUR));
    }
    assert_eq!(due(&mut world, 9 * HOUR).len(), A_DAY as usize);
    let mut other = Agent::new(2);
    world.verdict(&other.make(test(), at(9 * HOUR)).mail, at(9 * HOUR));
    assert_eq!(due(&mut world, 9 * HOUR).len(), A_DAY as usize + 1, "another system has its own five");
    world.verdict(&agent.make(test(), at(DAY + 2 * HOUR)).mail, at(DAY + 2 * HOUR));
    assert_eq!(due(&mut world, DAY + 3 * HOUR).len(), A_DAY as usize + 2);
}

#[test]
fn what_is_read_a_day_late_is_recorded_and_not_answered() {
    let (mut world, mut agent) = (with_contacts(&["anna@acme.example"]), Agent::new(1));
    let mail = world.mail(&agent.make(test(), at(HOUR)).mail, at(HOUR));
    let recorded = world.record(vec![mail], at(HOUR + DAY));
    assert_eq!(recorded[0].verdict, Verdict::Accepted);
    assert_eq!(due(&mut world, HOUR + DAY), []);
}

#[test]
fn an_attempt_that_a_crash_cut_off_is_due_at_once_and_what_was_sent_never_again() {
    let (mut world, mut agent) = (with_contacts(&["anna@acme.example"]), Agent::new(1));
    world.verdict(&agent.make(test(), at(HOUR)).mail, at(HOUR));
    let id = due(&mut world, HOUR)[0].id;
    world.write(|tx, _| tx.count_mailing(id, "anna@acme.example", at(HOUR), at(HOUR + 60)));
    assert_eq!(due(&mut world, HOUR + 30), [], "it is being sent");
    world.write(|tx, _| tx.resume_mailings(at(HOUR + 30)));
    assert_eq!(due(&mut world, HOUR + 30)[0].attempts, 1);
    world.write(|tx, _| tx.defer_mailing(id, at(HOUR + 90), "451 later"));
    world.write(|tx, _| tx.resume_mailings(at(HOUR + 31)));
    assert_eq!(due(&mut world, HOUR + 31), [], "the server asked for time");
    world.write(|tx, _| tx.end_mailing(id, Ended::Sent, "250 ok", at(HOUR + 90)));
    world.write(|tx, _| tx.resume_mailings(at(2 * HOUR)));
    assert_eq!(due(&mut world, 2 * HOUR), []);
}

#[test]
fn what_was_to_be_answered_before_an_upgrade_is_answered_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("receiver.db");
    let sealed = contract(|_| {});
    let store = || Store::open(&path, at(0)).unwrap();
    let (mut world, mut agent) = (World::over(store(), EnrollmentMode::Auto, &sealed), Agent::new(1));
    let customer = world.read(|tx| tx.customers())[0].id;
    world.write(|tx, _| tx.add_contact(Some(customer), "Anna", "anna@acme.example"));
    world.verdict(&agent.make(test(), at(HOUR)).mail, at(HOUR));
    let waiting = due(&mut world, HOUR);
    drop(world);
    as_before_mailings(&path);
    let after = store().read(|tx| tx.due_mailings(at(HOUR), 100)).unwrap();
    assert_eq!((after.len(), after), (1, waiting));
}

#[test]
fn a_contact_who_was_answered_can_be_removed_and_is_answered_no_more() {
    let (mut world, mut agent) = (with_contacts(&["anna@acme.example", "ben@acme.example"]), Agent::new(1));
    world.verdict(&agent.make(test(), at(HOUR)).mail, at(HOUR));
    let customer = world.read(|tx| tx.customers())[0].id;
    let anna = world.read(|tx| tx.contacts(Some(customer)))[0].id;
    assert!(world.write(|tx, _| tx.remove_contact(anna, at(HOUR))));
    let answers = due(&mut world, HOUR);
    let to: Vec<&str> = answers.iter().map(|answer| answer.email.as_str()).collect();
    assert_eq!(to, ["ben@acme.example"]);
}
