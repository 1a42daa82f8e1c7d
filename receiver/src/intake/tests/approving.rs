//! What a person's word admits: another contract of a known system, very many reports of a key; and what is said to that person
//! before.

use mailbeat_shared::wire::contract::{EnrollmentSecret, SealedContract};
use mailbeat_shared::wire::signature::{Namespace, SigningKey};

use super::world::{Agent, World, at, contract, framed};
use crate::intake::{
    Approved, Context, QuarantineReason as Reason, Source, Verdict, approve, reprocess, take_up,
};
use crate::store::{EnrollmentMode, Quarantined, StoreError};

const WRONG: Verdict = Verdict::Quarantined(Reason::WrongContract);
const WAITS: Verdict = Verdict::Quarantined(Reason::NotEnrolled);

/// The customer's next contract.
fn next(systems: u32) -> SealedContract {
    contract(|contract| {
        (contract.number, contract.systems) = ("ACME-2".parse().unwrap(), systems);
    })
}

/// A host that is known under the first contract and was given the next one.
fn given_the_next(mode: EnrollmentMode, systems: u32) -> (World, Agent) {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let next = next(systems);
    world.write(|tx, _| tx.put_contract(&next, mode, at(15)).map(drop));
    agent.contract = next.contract;
    (world, agent)
}

/// The same host installed anew: another key, another life.
fn installed_anew(agent: &Agent) -> Agent {
    let mut anew = agent.clone();
    anew.key = SigningKey::from_seed(&[50; 32], "installed anew");
    (anew.incarnation, anew.salt) = (2, 1);
    anew
}

fn approved(world: &mut World, agent: &Agent, second: i64) -> Approved {
    let key = agent.key.public().bytes();
    world.write(|tx, context| approve(tx, context, &key, false, at(second)))
}

fn verdicts(approved: &Approved) -> Vec<Verdict> {
    approved.recorded.iter().map(|mail| mail.verdict).collect()
}

/// The one mail that waits.
fn waiting(world: &mut World) -> Quarantined {
    let mut all = world.read(|tx| tx.quarantine_waiting(0, 10));
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn contract_of(world: &mut World, agent: &Agent) -> String {
    world.system(agent).contract.number.to_string()
}

#[test]
fn a_known_host_moves_to_the_next_contract_when_a_person_says_so() {
    let (mut world, mut agent) = given_the_next(EnrollmentMode::Approve, 3);
    assert_eq!(world.verdict(&agent.heartbeat(at(20)).mail, at(20)), WRONG);
    let said = waiting(&mut world).detail;
    let how = format!("`mailbeat-receiver systems approve {}`", agent.key.public().fingerprint());
    assert!(said.ends_with(&how), "{said}");

    let approved = approved(&mut world, &agent, 30);
    assert_eq!(verdicts(&approved), [Verdict::Accepted]);
    assert_eq!((approved.before, approved.follows.len()), (true, 0), "its key stays as it was");
    assert_eq!(approved.system.contract.number.as_str(), "ACME-2");
    assert_eq!(world.verdict(&agent.heartbeat(at(40)).mail, at(40)), Verdict::Accepted);
    assert_eq!(world.sequences(&agent), [1, 2, 3]);
}

#[test]
fn a_contract_that_is_full_says_so_and_takes_a_known_host_by_a_persons_word() {
    let (mut world, mut agent) = given_the_next(EnrollmentMode::Auto, 1);
    let mut first = Agent::new(100);
    first.contract = agent.contract.clone();
    assert_eq!(world.verdict(&first.heartbeat(at(16)).mail, at(16)), Verdict::Accepted);
    assert_eq!(world.verdict(&agent.heartbeat(at(20)).mail, at(20)), WRONG);
    let said = waiting(&mut world).detail;
    assert!(said.contains("contract ACME-2 covers 1 systems, all taken: `systems retire`"), "{said}");
    assert!(said.contains(&agent.key.public().fingerprint()), "how to go on: {said}");
    assert_eq!(verdicts(&approved(&mut world, &agent, 30)), [Verdict::Accepted]);
    assert_eq!(contract_of(&mut world, &agent), "ACME-2");
}

#[test]
fn a_new_system_over_the_number_is_told_the_same() {
    let mut world = World::with(EnrollmentMode::Auto, contract(|contract| contract.systems = 1));
    let (mut first, mut second) = (Agent::new(1), Agent::new(2));
    world.verdict(&first.heartbeat(at(10)).mail, at(10));
    assert_eq!(world.verdict(&second.heartbeat(at(20)).mail, at(20)), WAITS);
    let said = waiting(&mut world).detail;
    assert!(said.contains("covers 1 systems, all taken"), "{said}");
    assert!(said.contains(&second.key.public().fingerprint()), "{said}");
}

#[test]
fn what_a_person_admits_stays_with_its_customer() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let foreign = contract(|contract| {
        (contract.number, contract.customer) = ("OTHER-1".parse().unwrap(), "Other".into());
    });
    world.write(|tx, _| tx.put_contract(&foreign, EnrollmentMode::Auto, at(15)).map(drop));
    agent.contract = foreign.contract;
    assert_eq!(world.verdict(&agent.heartbeat(at(20)).mail, at(20)), WRONG);
    assert_eq!(verdicts(&approved(&mut world, &agent, 30)), [WRONG]);
    assert_eq!(contract_of(&mut world, &agent), "ACME-1");
    let said = waiting(&mut world).detail;
    assert!(said.contains("OTHER-1 is another customer's"), "{said}");
}

#[test]
fn who_signs_what_another_wrote_is_not_taken_for_them_whoever_came_first() {
    for copy_first in [true, false] {
        let mut world = World::with(EnrollmentMode::Approve, contract(|_| {}));
        let mut agent = Agent::new(1);
        let genuine = agent.heartbeat(at(10));
        let thief = SigningKey::from_seed(&[66; 32], "on the path");
        let bytes = genuine.report.encode();
        let copy = framed(&genuine.report, &bytes, &thief.sign(Namespace::Report, &bytes));
        let mails = [&copy, &genuine.mail];
        for which in if copy_first { [0, 1] } else { [1, 0] } {
            world.verdict(mails[which], at(20));
        }
        let rows = world.read(|tx| tx.quarantine_waiting(0, 10));
        assert_eq!(rows.len(), 2, "each says whose it is");
        for row in &rows {
            let is_genuine = row.claimed.signer == Some(agent.key.public().bytes());
            assert_eq!(row.proof_fits(), is_genuine.then_some(true), "{row:?}");
        }
        let key = thief.public().bytes();
        let store = &mut world.store;
        let refused = store.write(|tx| match tx.waiting_of_signer(&key, 9)?.as_slice() {
            [] => Ok(true),
            _ => Ok::<_, StoreError>(false),
        });
        assert!(refused.unwrap(), "nothing of the copy waits to be admitted");
        assert_eq!(verdicts(&approved(&mut world, &agent, 30)), [Verdict::Accepted]);
    }
}

#[test]
fn a_key_that_names_contracts_of_two_customers_is_admitted_for_neither() {
    let mut world = World::with(EnrollmentMode::Approve, contract(|_| {}));
    let other = contract(|contract| {
        (contract.number, contract.customer) = ("BETA-1".parse().unwrap(), "Beta".into());
    });
    world.write(|tx, _| tx.put_contract(&other, EnrollmentMode::Approve, at(5)).map(drop));
    let mut agent = Agent::new(1);
    let own = std::mem::replace(&mut agent.contract, other.contract);
    assert_eq!(world.verdict(&agent.heartbeat(at(10)).mail, at(10)), WAITS);
    agent.contract = own;
    assert_eq!(world.verdict(&agent.heartbeat(at(20)).mail, at(20)), WAITS);
    let key = agent.key.public().bytes();
    let (rules, keyring) = (world.rules.clone(), world.keyring.clone());
    let usual_round = jiff::SignedDuration::from_mins(1);
    let context = Context { rules: &rules, keyring: &keyring, usual_round };
    let refused = world.store.write(|tx| approve(tx, context, &key, false, at(30))).unwrap_err();
    assert!(refused.to_string().contains("several customers"), "{refused}");
    assert!(world.registered(&agent).is_none());
}

#[test]
fn a_known_host_installed_anew_under_the_next_contract_is_admitted_by_one_word() {
    let (mut world, agent) = given_the_next(EnrollmentMode::Approve, 3);
    let mut anew = installed_anew(&agent);
    assert_eq!(world.verdict(&anew.heartbeat(at(20)).mail, at(20)), WAITS);
    let approved = approved(&mut world, &anew, 30);
    assert_eq!(verdicts(&approved), [Verdict::Accepted]);
    assert_eq!((approved.before, approved.follows), (false, vec![agent.key.public().bytes()]));
    assert_eq!(world.system(&anew).id, world.system(&agent).id);
    assert_eq!(contract_of(&mut world, &anew), "ACME-2");
}

#[test]
fn an_old_report_under_another_contract_is_taken_by_a_persons_word_and_moves_nothing() {
    let (mut world, mut agent) = given_the_next(EnrollmentMode::Approve, 3);
    assert_eq!(world.verdict(&agent.heartbeat(at(20)).mail, at(20)), WRONG);
    agent.contract = contract(|_| {}).contract;
    assert_eq!(world.verdict(&agent.heartbeat(at(30)).mail, at(30)), Verdict::Accepted);
    assert_eq!(verdicts(&approved(&mut world, &agent, 40)), [Verdict::Accepted]);
    assert_eq!(contract_of(&mut world, &agent), "ACME-1", "it went back before anybody looked");
    assert_eq!(world.holes(&agent), []);
}

#[test]
fn of_a_known_system_it_is_said_whether_the_new_keys_proof_fits() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let mut anew = installed_anew(&agent);
    assert_eq!(world.verdict(&anew.heartbeat(at(20)).mail, at(20)), WAITS);
    let row = waiting(&mut world);
    assert!(row.detail.contains("waits for approval"), "{}", row.detail);
    assert_eq!(row.proof_fits(), Some(true));
    world.write(|tx, _| tx.discard_quarantined(row.id, "seen"));

    anew.contract.enrollment_secret = Some(EnrollmentSecret::from_random([1; 32]));
    assert_eq!(world.verdict(&anew.heartbeat(at(30)).mail, at(30)), WAITS);
    let row = waiting(&mut world);
    assert!(row.detail.ends_with("does not know the contract's secret: look closely"), "{}", row.detail);
    assert_eq!(row.proof_fits(), Some(false));
}

#[test]
fn a_known_key_that_does_not_know_the_next_contracts_secret_is_told_apart() {
    let (mut world, mut agent) = given_the_next(EnrollmentMode::Auto, 3);
    agent.contract.enrollment_secret = Some(EnrollmentSecret::from_random([1; 32]));
    assert_eq!(world.verdict(&agent.heartbeat(at(20)).mail, at(20)), WRONG);
    let row = waiting(&mut world);
    assert!(row.detail.contains("its proof does not fit the secret of ACME-2"), "{}", row.detail);
    assert_eq!(row.proof_fits(), None, "its key is known: this is no question of admitting it");
}

#[test]
fn whether_a_proof_fits_is_looked_at_anew_once_its_contract_is_known() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let next = next(3);
    agent.contract = next.contract.clone();
    let unknown = Verdict::Quarantined(Reason::UnknownContract);
    assert_eq!(world.verdict(&agent.heartbeat(at(10)).mail, at(10)), unknown);
    world.write(|tx, _| tx.put_contract(&next, EnrollmentMode::Approve, at(15)).map(drop));
    let source = Source::Quarantine(waiting(&mut world).id);
    let again = world.write(|tx, context| reprocess(tx, context, source, at(20))).unwrap();
    assert_eq!(again.verdict, WAITS);
    assert_eq!(waiting(&mut world).proof_fits(), Some(true));
}

#[test]
fn of_very_many_reports_every_one_is_taken_up_some_at_a_time() {
    let mut world = World::with(EnrollmentMode::Approve, contract(|_| {}));
    let mut agent = Agent::new(1);
    let mails: Vec<Vec<u8>> = (1..=503).map(|n| agent.heartbeat(at(10 * n)).mail).collect();
    let raws: Vec<&[u8]> = mails.iter().map(Vec::as_slice).collect();
    assert!(world.receive(&raws, at(6_000)).iter().all(|mail| mail.verdict == WAITS));
    let approved = approved(&mut world, &agent, 6_010);
    assert_eq!(approved.recorded.len(), 500);
    let (key, rest) = (agent.key.public().bytes(), approved.rest.expect("three more wait"));
    let (more, rest) = world.write(|tx, context| take_up(tx, context, &key, rest, at(6_020)));
    assert_eq!((more.len(), rest), (3, None));
    assert_eq!(world.sequences(&agent).len(), 503);
    assert_eq!(world.read(|tx| tx.quarantine_count()), 0);
}

#[test]
fn a_key_that_is_approved_again_is_found_admitted() {
    let mut world = World::with(EnrollmentMode::Approve, contract(|_| {}));
    let mut agent = Agent::new(1);
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let first = approved(&mut world, &agent, 20);
    assert_eq!((first.before, verdicts(&first)), (false, vec![Verdict::Accepted]));
    let again = approved(&mut world, &agent, 30);
    assert_eq!((again.before, again.recorded, again.rest), (true, vec![], None));
    assert_eq!((again.system.id, again.follows), (first.system.id, vec![]));
}
