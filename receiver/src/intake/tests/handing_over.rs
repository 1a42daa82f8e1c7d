//! A renewed contract is mailed to the customer before the end of the one in force: to whom, and when it stays unsent after all.

use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};
use mailbeat_shared::wire::contract::{Relay, SealedContract};

use super::world::{Agent, HOUR, World, at, contract};
use crate::evaluate::own::Known;
use crate::intake::judge;
use crate::notify::Matter;
use crate::render::words;
use crate::run::mailing::{Ready, conclude, consider};
use crate::store::{EnrollmentMode, Mailing};
use crate::ticket::What;

const DAY: i64 = 24 * HOUR;

fn revision(number: u32, until: Option<Timestamp>, relay: Option<Relay>) -> SealedContract {
    contract(|contract| {
        (contract.revision, contract.valid_until, contract.relay) = (number, until, relay);
        contract.enrollment_secret = contract.enrollment_secret.take().filter(|_| number == 1);
    })
}

/// A customer with these people and one host, whose contract ends in twenty days.
fn ending(emails: &[&str]) -> (World, Agent) {
    let mut world = World::with(EnrollmentMode::Auto, revision(1, Some(at(20 * DAY)), None));
    let customer = world.read(|tx| tx.customers())[0].id;
    for email in emails {
        world.write(|tx, _| tx.add_contact(Some(customer), "Anna", email));
    }
    let mut agent = Agent::new(1);
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    (world, agent)
}

fn renew(world: &mut World, sealed: &SealedContract) {
    world.write(|tx, _| tx.put_contract(sealed, EnrollmentMode::Auto, at(2 * HOUR)).map(drop));
}

/// The receiver looks at itself; what is to be mailed then.
fn due(world: &mut World, now: i64) -> Vec<Mailing> {
    world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), at(now)));
    world.read(|tx| tx.due_mailings(at(now), 100))
}

/// What the receiver remarked on the ticket about the contract's end; it is said in German too.
fn comments(world: &mut World) -> Vec<String> {
    let number = world.read(|tx| tx.unclosed_tickets(None))[0].number;
    let events = world.read(|tx| tx.ticket_events(number));
    let comments = events.into_iter().filter(|(_, event)| matches!(event.what, What::Commented));
    let comments: Vec<String> = comments.map(|(_, event)| event.reason).collect();
    assert!(comments.iter().all(|said| words::of(Locale::De).said(said) != *said), "{comments:?}");
    comments
}

fn look(world: &mut World, mailing: &Mailing) -> Result<Ready, &'static str> {
    world.write(|tx, _| consider(tx, mailing, false, at(3 * HOUR)))
}

#[test]
fn the_customers_contacts_are_mailed_the_renewed_file_once_and_nobody_else() {
    let (mut world, _) = ending(&["anna@acme.example", "ben@acme.example"]);
    assert_eq!(due(&mut world, 2 * HOUR), [], "it is not renewed");
    let renewed = revision(2, Some(at(400 * DAY)), None);
    renew(&mut world, &renewed);
    let mailings = due(&mut world, 3 * HOUR);
    let to: Vec<&str> = mailings.iter().map(|mailing| mailing.email.as_str()).collect();
    assert_eq!(to, ["anna@acme.example", "ben@acme.example"]);
    assert_eq!(due(&mut world, 3 * HOUR + 1), mailings, "each has their mail already");
    let Matter::Renewal(facts) = &mailings[0].matter else { panic!("{:?}", mailings[0]) };
    assert_eq!((facts.revision, facts.days, facts.ends_at, facts.systems), (2, 30, at(20 * DAY), 1));
    let Ok(Ready::Renewal(_, sealed)) = look(&mut world, &mailings[0]) else { panic!("not ready") };
    assert_eq!(sealed.file, renewed.file);

    let unknown = Failure::new(FailureKind::Permanent, "550 5.1.1 unknown user").of_recipient();
    let outcomes = [Outcome::Sent { reply: "250 ok".into() }, Outcome::Refused(unknown)];
    for (mailing, outcome) in mailings.iter().zip(outcomes) {
        world.write(|tx, _| conclude(tx, mailing, &outcome, at(3 * HOUR)));
    }
    assert_eq!(
        comments(&mut world),
        [
            "ACME-1.2.contract was mailed to anna@acme.example",
            "ACME-1.2.contract cannot be mailed to ben@acme.example: permanent failure: 550 5.1.1 unknown user"
        ]
    );
    assert_eq!(due(&mut world, 12 * DAY), []);
    assert_eq!(due(&mut world, 13 * DAY).len(), 2, "a week before the end both are mailed again");
}

#[test]
fn hosts_of_two_revisions_that_end_together_are_in_one_mail() {
    let (mut world, mut first) = ending(&["anna@acme.example"]);
    let mut second = Agent::new(2);
    (first.host, second.host) = ("scada-01", "pump-01");
    // An earlier end holds for those, too, who were told a later one.
    renew(&mut world, &revision(2, Some(at(10 * DAY)), None));
    second.contract.revision = 2;
    for agent in [&mut first, &mut second] {
        world.verdict(&agent.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR));
    }
    renew(&mut world, &revision(3, None, None));
    let mailings = due(&mut world, 3 * HOUR);
    let [Mailing { matter: Matter::Renewal(facts), .. }] = &mailings[..] else { panic!("{mailings:?}") };
    assert_eq!((facts.ends_at, facts.systems, facts.hosts.as_str()), (at(10 * DAY), 2, "pump-01, scada-01"));
}

#[test]
fn a_renewal_that_is_settled_or_holds_a_password_stays_unsent_and_says_why() {
    let relay = Relay {
        host: "relay.vendor.example".into(),
        port: 465,
        tls: "implicit".into(),
        username: "acme-1@relay.vendor.example".into(),
        password: "Kein-Wort-davon".into(),
        tls_pin: None,
    };
    let renewed = revision(2, Some(at(400 * DAY)), None);
    for (what, why) in [
        ("relay", "it holds the password of a login on the relay"),
        ("renewed", "it is renewed again"),
        ("taken up", "every host has it"),
        ("revoked", "the contract is revoked"),
        ("observed", "only observing"),
    ] {
        let (mut world, mut agent) = ending(&["anna@acme.example"]);
        let first = if what == "relay" { revision(2, None, Some(relay.clone())) } else { renewed.clone() };
        renew(&mut world, &first);
        let mailing = due(&mut world, 3 * HOUR).remove(0);
        match what {
            "renewed" => renew(&mut world, &revision(3, None, None)),
            "taken up" => {
                agent.contract.revision = 2;
                world.verdict(&agent.heartbeat(at(3 * HOUR)).mail, at(3 * HOUR));
            }
            "revoked" => {
                assert!(world.write(|tx, _| tx.revoke_contract(&renewed.contract.number, at(3 * HOUR))));
            }
            _ => {}
        }
        let said = world.write(|tx, _| consider(tx, &mailing, what == "observed", at(3 * HOUR)));
        assert_eq!(said.err(), Some(why), "{what}");
        let (remarks, expected) = (comments(&mut world), usize::from(what == "relay"));
        let holds = remarks.len() == expected && remarks.iter().all(|text| text.contains(why));
        assert!(holds, "{what}: {remarks:?}");
        assert!(!due(&mut world, 4 * HOUR).contains(&mailing), "{what}: it is over");
    }
}

#[test]
fn without_a_contact_of_the_customer_nobody_is_mailed() {
    let (mut world, _) = ending(&[]);
    renew(&mut world, &revision(2, None, None));
    assert_eq!(due(&mut world, 3 * HOUR), [], "the vendor's own people have the ticket");
}
