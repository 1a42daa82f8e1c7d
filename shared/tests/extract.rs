//! What gateways, forwards and attackers do to a report mail on its way, and what is made of it.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mailbeat_shared::wire::extract::{Broken, Extracted, Other, extract};
use mailbeat_shared::wire::id::{ReportId, SystemId};
use mailbeat_shared::wire::mail::{Frame, ReportParts, compose_report};
use mailbeat_shared::wire::report::Kind;
use mailbeat_shared::wire::sealed::{DecryptionKey, EncryptionKey};
use mailbeat_shared::wire::signature::{Namespace, SigningKey};

const REPORT: &str = "{\n  \"mailbeat\": 1,\n  \"host\": \"Müller\"\n}\n";

fn key() -> SigningKey {
    SigningKey::from_seed(&[5; 32], "agent")
}

/// A report mail as the agent makes it.
fn sent() -> String {
    let signature = key().sign(Namespace::Report, REPORT.as_bytes());
    let frame = Frame {
        from: "agent@acme.example",
        to: "reports@vendor.example",
        cc: &[],
        subject: "[Mailbeat] System report scada-01 (ACME) #7",
        message_id: "id@vendor.example",
        date: jiff::Timestamp::UNIX_EPOCH,
        text: "Everything is fine.\n",
        html: Some("<p>Everything is fine.</p>"),
    };
    let parts = ReportParts {
        id: ReportId::from_bytes([1; 16]),
        system: SystemId::from_bytes([2; 16]),
        kind: Kind::System,
        sequence: 7,
        report: REPORT.as_bytes(),
        sealed: None,
        signature: &signature,
    };
    String::from_utf8(compose_report(&frame, &parts).unwrap()).unwrap()
}

/// The same report in a mail made by hand, as gateways rebuild them. `parts` are whole MIME parts.
fn rebuilt(headers: &str, parts: &[String]) -> String {
    let body: String = parts.iter().map(|part| format!("--gateway-7\r\n{part}\r\n")).collect();
    format!(
        "From: a@b.example\r\nTo: c@d.example\r\n{headers}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=gateway-7\r\n\r\n{body}--gateway-7--\r\n"
    )
}

fn part(headers: &str, content: &str) -> String {
    format!("{headers}\r\n\r\n{content}")
}

fn report_part() -> String {
    part(
        "Content-Type: application/octet-stream; name=\"report.json\"\r\nContent-Transfer-Encoding: 8bit",
        REPORT,
    )
}

fn signature_part() -> String {
    let signature = key().sign(Namespace::Report, REPORT.as_bytes());
    part("Content-Disposition: attachment; filename=report.json.sig\r\nContent-Type: text/plain", &signature)
}

#[track_caller]
fn is_genuine(mail: &str) {
    match extract(mail.as_bytes()) {
        Extracted::Signed(signed) => {
            let verified = signed.verify(&key().public()).expect("the signature holds");
            assert_eq!(String::from_utf8_lossy(verified.bytes()), REPORT);
        }
        other => panic!("{other:?} from\n{mail}"),
    }
}

#[track_caller]
fn is_broken(mail: &str, why: Broken) {
    match extract(mail.as_bytes()) {
        Extracted::Broken(broken) => assert_eq!(broken, why, "{mail}"),
        other => panic!("{other:?} instead of {why:?} from\n{mail}"),
    }
}

#[track_caller]
fn is_other(mail: &str) -> Other {
    match extract(mail.as_bytes()) {
        Extracted::Other(other) => other,
        extracted => panic!("{extracted:?} from\n{mail}"),
    }
}

/// The encrypted report under another type, as gateways name what they do not know.
fn sealed_part(key: &DecryptionKey) -> String {
    let sealed = EncryptionKey::seal(&[key.public()], REPORT.as_bytes());
    let headers = "Content-Type: application/octet-stream; name=\"report.json.age\"\r\nContent-Transfer-Encoding: base64";
    part(headers, &BASE64.encode(sealed))
}

#[test]
fn a_container_that_is_named_like_the_report_is_not_taken_for_it() {
    let named = |mail: &str| mail.replace("multipart/mixed;", "multipart/mixed; name=\"report.json\";");
    is_genuine(&named(&rebuilt("", &[report_part(), signature_part()])));
    let alone = named(&rebuilt("", &[part("Content-Type: text/plain", "hello")]));
    assert_eq!(is_other(&alone), Other::Unrelated);
}

#[test]
fn an_encrypted_report_is_found_like_one_in_clear_and_the_signature_is_over_what_is_inside() {
    let key_of_vendor = DecryptionKey::generate();
    let mail =
        rebuilt("", &[part("Content-Type: text/plain", "#7"), sealed_part(&key_of_vendor), signature_part()]);
    let forwarded = rebuilt("", &[part("Content-Type: message/rfc822", &mail)]);
    for mail in [mail, forwarded] {
        let Extracted::Sealed(sealed) = extract(mail.as_bytes()) else {
            panic!("nothing encrypted in\n{mail}")
        };
        assert!(
            sealed.bytes().starts_with(b"age-encryption.org/v1\n") && sealed.bytes().len() > REPORT.len()
        );
        let verified =
            sealed.open(std::slice::from_ref(&key_of_vendor)).unwrap().verify(&key().public()).unwrap();
        assert_eq!(String::from_utf8_lossy(verified.bytes()), REPORT);
    }
    is_broken(
        &rebuilt("", &[sealed_part(&key_of_vendor), report_part(), signature_part()]),
        Broken::Ambiguous,
    );
    is_broken(&rebuilt("", &[sealed_part(&key_of_vendor)]), Broken::PartMissing);
}

#[test]
fn a_report_arrives_as_it_was_sent() {
    is_genuine(&sent());
}

#[test]
fn a_gateway_may_retype_the_attachments_and_keep_only_their_names() {
    is_genuine(&rebuilt("", &[part("Content-Type: text/plain", "hello"), report_part(), signature_part()]));
}

#[test]
fn a_gateway_may_keep_the_types_and_lose_the_names() {
    let mail = sent().replace("name=\"report.json.sig\"", "name=x").replace("name=\"report.json\"", "name=y");
    is_genuine(&mail.replace("filename=x", "filename=z").replace("filename=y", "filename=z"));
}

#[test]
fn attachments_whose_line_ends_became_crlf_are_still_genuine() {
    let crlf = |part: String| part.replace("\r\n", "\n").replace('\n', "\r\n");
    is_genuine(&rebuilt("", &[crlf(report_part()), crlf(signature_part())]));
}

#[test]
fn a_banner_above_and_below_changes_nothing() {
    let banner = |text: &str| part("Content-Type: text/plain", text);
    is_genuine(&rebuilt(
        "Subject: [EXTERNAL] x\r\n",
        &[banner("CAUTION: external"), report_part(), signature_part(), banner("Scanned by ACME")],
    ));
}

#[test]
fn a_report_forwarded_as_an_attachment_or_journaled_is_found_inside() {
    let forwarded = part("Content-Type: message/rfc822", &sent());
    is_genuine(&rebuilt("", &[part("Content-Type: text/plain", "fyi"), forwarded.clone()]));
    let journal = rebuilt("", &[part("Content-Type: text/plain", "Sender: x\r\nMessage-ID: <y>"), forwarded]);
    is_genuine(&rebuilt("X-MS-Journal-Report: \r\n", &[part("Content-Type: message/rfc822", &journal)]));
}

#[test]
fn two_reports_in_one_mail_are_ambiguous_and_neither_is_taken() {
    is_broken(&rebuilt("", &[report_part(), report_part(), signature_part()]), Broken::Ambiguous);
    let forwarded = part("Content-Type: message/rfc822", &sent());
    is_broken(&rebuilt("", &[forwarded.clone(), forwarded]), Broken::Ambiguous);
}

#[test]
fn a_stripped_attachment_is_named_as_such() {
    is_broken(&rebuilt("", &[report_part()]), Broken::PartMissing);
    is_broken(&rebuilt("", &[signature_part()]), Broken::PartMissing);
    let notice = part("Content-Type: text/plain", "An attachment was removed by policy.");
    is_broken(&rebuilt("Mailbeat-Kind: heartbeat\r\n", &[notice]), Broken::PartMissing);
}

#[test]
fn winmail_and_encryption_by_a_gateway_are_named_as_such() {
    let tnef = part("Content-Type: application/ms-tnef; name=winmail.dat", "xxx");
    is_broken(&rebuilt("Mailbeat-System: x\r\n", &[tnef]), Broken::Winmail);
    let smime =
        part("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "xxx");
    is_broken(&rebuilt("Mailbeat-System: x\r\n", &[smime]), Broken::Encrypted);
}

#[test]
fn something_else_in_the_place_of_the_signature_is_named() {
    let sig =
        part("Content-Disposition: attachment; filename=report.json.sig\r\nContent-Type: text/plain", "no");
    is_broken(&rebuilt("", &[report_part(), sig]), Broken::SignatureUnreadable);
}

#[test]
fn one_changed_byte_or_another_key_is_not_genuine() {
    let altered = report_part().replace("\"mailbeat\": 1", "\"mailbeat\": 2");
    let Extracted::Signed(signed) = extract(rebuilt("", &[altered, signature_part()]).as_bytes()) else {
        panic!()
    };
    assert!(signed.clone().verify(&key().public()).is_err());
    assert!(signed.verify_self().is_err());
    let Extracted::Signed(signed) = extract(sent().as_bytes()) else { panic!() };
    assert!(signed.verify(&SigningKey::from_seed(&[6; 32], "").public()).is_err());
}

#[test]
fn a_bounce_tells_which_mail_it_is_about_and_whether_it_is_final() {
    let bounce = "From: MAILER-DAEMON@mx.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nsorry\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; x@y\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n--B\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <n-token@vendor.example>\r\nReferences: <t-1@vendor.example>\r\nSubject: x\r\n\r\n--B--\r\n";
    let Other::Bounce(told) = is_other(bounce) else { panic!("not a bounce") };
    assert!(told.failed);
    assert_eq!(told.diagnostic, "smtp; 550 5.1.1 No such user");
    assert_eq!(told.about, ["n-token@vendor.example", "t-1@vendor.example"]);
    let Other::Bounce(delayed) = is_other(&bounce.replace("Action: failed", "Action: delayed")) else {
        panic!()
    };
    assert!(!delayed.failed);
}

#[test]
fn a_vacation_notice_is_an_automatic_reply_and_a_letter_is_unrelated() {
    assert_eq!(is_other("From: a@b\r\nAuto-Submitted: auto-replied\r\n\r\nI am away\r\n"), Other::AutoReply);
    assert_eq!(is_other("From: a@b\r\nAuto-Submitted: no\r\n\r\nHello\r\n"), Other::Unrelated);
}

#[test]
fn a_genuine_report_with_automatic_headers_is_a_report_first() {
    is_genuine(&sent().replacen(
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied\r\nPrecedence: bulk",
        1,
    ));
}

#[test]
fn a_report_below_thousands_of_messages_is_not_looked_for() {
    let mail = "Content-Type: Message/RFC822\r\n\r\n".repeat(3_000) + &sent();
    assert_eq!(is_other(&mail), Other::Unrelated);
}

#[test]
fn a_hundred_thousand_nested_parts_are_just_an_unrelated_mail() {
    let mail: String = (0..100_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    assert_eq!(is_other(&mail), Other::Unrelated);
}

#[test]
fn rubbish_never_panics() {
    for rubbish in
        [&b""[..], b"\0\0\0", b"\xff\xfe\r\n\r\n", b"Content-Type: multipart/report; boundary=\r\n\r\n--\r\n"]
    {
        let _ = extract(rubbish);
    }
}

mod any_mutation {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn of_a_genuine_mail_is_genuine_or_refused_but_never_another_report(
            at in 0..4_000_usize, with in any::<u8>(), cut in 0..8_usize,
        ) {
            let mut mail = super::sent().into_bytes();
            let at = at % mail.len();
            let end = (at + cut).min(mail.len());
            mail.splice(at..end, [with]);
            if let super::Extracted::Signed(signed) = super::extract(&mail)
                && let Ok(verified) = signed.verify(&super::key().public())
            {
                prop_assert_eq!(verified.bytes(), super::REPORT.as_bytes());
            }
        }
    }
}
