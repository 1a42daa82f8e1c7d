//! Somebody who is no customer's agent and writes to the mailbox. The only place where mails are not made by a real agent.

use mailbeat_shared::wire::id::ReportId;
use mailbeat_shared::wire::mail::{Frame, ReportParts, compose_report, message_id};
use mailbeat_shared::wire::report::Report;
use mailbeat_shared::wire::signature::{Namespace, SigningKey};

use crate::mail::read;
use crate::model::Forgery;
use crate::world::World;

/// Puts a forged mail about this host's system into the mailbox, made from its last one.
pub(crate) fn forge(world: &mut World, host: usize, how: Forgery) {
    let host = host % world.hosts.len();
    let mut mail = world.mail.borrow_mut();
    let Some((genuine, raw)) = mail.last_of(host) else { return };
    if how == Forgery::Replay {
        return mail.slip_in(&raw, Some(genuine), false);
    }
    let mut report = read(&raw);
    let stranger = SigningKey::from_seed(&[99; 32], "stranger");
    let other = world.hosts[(host + 1) % 3].identity();
    report.id = ReportId::new(report.created_at, &[u8::try_from(mail.ledger.len() % 256).unwrap_or(0); 10]);
    report.sequence += 1;
    let forged = match how {
        Forgery::UnknownKey => signed(&mut report, &stranger, true),
        Forgery::OthersKey if other.system != report.system => signed(&mut report, &other.key, true),
        Forgery::OthersKey | Forgery::Altered | Forgery::Replay => altered(&report, &stranger, false),
        Forgery::Stripped => altered(&report, &stranger, true),
    };
    mail.slip_in(&forged, None, false);
}

fn signed(report: &mut Report, key: &SigningKey, names_itself: bool) -> Vec<u8> {
    if names_itself {
        report.identity.public_key = key.public().to_string();
    }
    let bytes = report.encode();
    framed(report, &bytes, &key.sign(Namespace::Report, &bytes))
}

/// A signature over something else, or none.
fn altered(report: &Report, key: &SigningKey, stripped: bool) -> Vec<u8> {
    let bytes = report.encode();
    let raw = framed(report, &bytes, &key.sign(Namespace::Report, b"something else"));
    if !stripped {
        return raw;
    }
    let text = String::from_utf8_lossy(&raw).replace("application/vnd.mailbeat.signature", "text/plain");
    text.replace("report.json.sig", "note.txt").into_bytes()
}

/// A mail with these attachments.
pub(crate) fn framed(report: &Report, bytes: &[u8], signature: &str) -> Vec<u8> {
    let frame = Frame {
        from: "agent@acme.example",
        to: "reports@vendor.example",
        cc: &[],
        subject: "[Mailbeat] Heartbeat",
        message_id: &message_id(report.id, "vendor.example"),
        date: report.created_at,
        text: "All is well.\n",
        html: None,
    };
    let parts = ReportParts {
        id: report.id,
        system: report.system,
        kind: report.kind(),
        sequence: report.sequence,
        report: bytes,
        sealed: None,
        signature,
    };
    compose_report(&frame, &parts).expect("a mail can be composed")
}
