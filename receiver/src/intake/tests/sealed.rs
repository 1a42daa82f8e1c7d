//! Encrypted reports: opened with the vendor's key, and judged as if they had come in clear.

use mailbeat_shared::wire::mail::{Frame, ReportParts, compose_report, message_id};
use mailbeat_shared::wire::sealed::{DecryptionKey, EncryptionKey};
use mailbeat_shared::wire::signature::Namespace;

use super::world::{Agent, Made, World, at};
use crate::intake::{QuarantineReason, Source, Verdict, reprocess};
use crate::keyring::Keyring;

/// The same report, encrypted for this key, as the agent mails it.
fn sealed(agent: &Agent, made: &Made, key: &DecryptionKey) -> Vec<u8> {
    mailed(made, key, &agent.key.sign(Namespace::Report, &made.report.encode()))
}

fn mailed(made: &Made, key: &DecryptionKey, signature: &str) -> Vec<u8> {
    let bytes = made.report.encode();
    let frame = Frame {
        from: "agent@acme.example",
        to: "reports@vendor.example",
        cc: &[],
        subject: "[Mailbeat] #1",
        message_id: &message_id(made.report.id, "vendor.example"),
        date: made.report.created_at,
        text: "Report #1.\n",
        html: None,
    };
    let parts = ReportParts {
        id: made.report.id,
        system: made.report.system,
        kind: made.report.kind(),
        sequence: made.report.sequence,
        report: &bytes,
        sealed: Some(&EncryptionKey::seal(&[key.public()], &bytes)),
        signature,
    };
    compose_report(&frame, &parts).unwrap()
}

#[test]
fn an_encrypted_report_enrolls_and_counts_and_is_the_same_report_in_clear() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let key = DecryptionKey::generate();
    world.keyring = Keyring::from(key.clone());
    let made = agent.enrollment(at(10));
    assert_eq!(world.verdict(&sealed(&agent, &made, &key), at(10)), Verdict::Accepted);
    assert_eq!(world.verdict(&made.mail, at(20)), Verdict::Duplicate, "it was that report");
    assert!(world.registered(&agent).is_some());
}

#[test]
fn a_report_for_a_key_that_is_not_here_waits_until_it_is() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let key = DecryptionKey::generate();
    let made = agent.enrollment(at(10));
    let mail = sealed(&agent, &made, &key);
    assert_eq!(world.verdict(&mail, at(10)), Verdict::Quarantined(QuarantineReason::KeyMissing));
    assert!(world.registered(&agent).is_none());
    let row = world.read(|tx| tx.quarantine_waiting(0, 10)).remove(0);
    world.keyring = Keyring::from(DecryptionKey::generate());
    let still =
        world.write(|tx, context| reprocess(tx, context, Source::Quarantine(row.id), at(30))).unwrap();
    assert_eq!(still.verdict, Verdict::Quarantined(QuarantineReason::KeyMissing));
    world.keyring = Keyring::from(key);
    let released =
        world.write(|tx, context| reprocess(tx, context, Source::Quarantine(row.id), at(40))).unwrap();
    assert_eq!(released.verdict, Verdict::Accepted);
    assert!(world.registered(&agent).is_some());
}

#[test]
fn what_is_encrypted_proves_nothing_a_signature_over_something_else_is_refused_all_the_same() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let key = DecryptionKey::generate();
    world.keyring = Keyring::from(key.clone());
    let made = agent.enrollment(at(10));
    let foreign = agent.key.sign(Namespace::Report, &agent.clone().heartbeat(at(20)).report.encode());
    let mail = mailed(&made, &key, &foreign);
    assert_eq!(world.verdict(&mail, at(10)), Verdict::Quarantined(QuarantineReason::BadSignature));
    assert!(world.registered(&agent).is_none());
}
