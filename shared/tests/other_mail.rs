//! Mails that are no report, or one that was packed, wrapped or nested: what they are taken for.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use mailbeat_shared::wire::extract::{Bounce, Broken, Extracted, Other, Signed, extract};
use mailbeat_shared::wire::signature::{Namespace, Signature, SigningKey};

#[track_caller]
fn other(mail: &str) -> Other {
    match extract(mail.as_bytes()) {
        Extracted::Other(other) => other,
        extracted => panic!("{extracted:?} from\n{mail}"),
    }
}

#[track_caller]
fn broken(mail: &str) -> Broken {
    match extract(mail.as_bytes()) {
        Extracted::Broken(broken) => broken,
        extracted => panic!("{extracted:?} from\n{mail}"),
    }
}

#[test]
fn each_header_by_which_machines_say_that_they_answer_is_enough() {
    let mail = |header: &str| other(&format!("From: a@b.example\r\n{header}\r\n\r\nI am away\r\n"));
    for header in [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "Precedence: Junk",
        "Precedence: list",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: yes",
    ] {
        assert_eq!(mail(header), Other::AutoReply, "{header}");
    }
    for header in ["Auto-Submitted: no", "Precedence: normal", "X-Priority: 1"] {
        assert_eq!(mail(header), Other::Unrelated, "{header}");
    }
}

fn multipart(headers: &str, parts: &[&str]) -> String {
    bounded("gateway-7", headers, parts)
}

fn bounded(by: &str, headers: &str, parts: &[&str]) -> String {
    let body: String = parts.iter().map(|part| format!("--{by}\r\n{part}\r\n")).collect();
    format!("From: a@b.example\r\nMIME-Version: 1.0\r\n{headers}; boundary={by}\r\n\r\n{body}--{by}--\r\n")
}

const STATUS: &str = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 no\r\n\r\nAction: delivered\r\n";

/// What a status notification says that brings this back.
#[track_caller]
fn bounce(original: &str) -> Bounce {
    match other(&multipart("Content-Type: multipart/report", &[STATUS, original])) {
        Other::Bounce(told) => told,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bounce_to_one_of_several_is_a_bounce_and_names_the_mail_it_brings_back() {
    let original = "Content-Type: message/rfc822\r\n\r\nMessage-ID: <mine@vendor.example>\r\nIn-Reply-To: <before@vendor.example>\r\n\r\nx";
    let told = bounce(original);
    let about = vec!["mine@vendor.example".to_owned(), "before@vendor.example".to_owned()];
    assert_eq!(
        told,
        Bounce { failed: true, status: String::new(), diagnostic: "smtp; 550 no".into(), about }
    );
}

#[test]
fn a_bounce_blames_the_address_only_where_later_mails_to_it_would_come_back_too() {
    let told = |status: &str| {
        let fields = format!(
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nAction: failed\r\nStatus: {status}\r\n\r\n\
             Action: delivered\r\nStatus: 2.0.0\r\n"
        );
        match other(&multipart("Content-Type: multipart/report", &[&fields])) {
            Other::Bounce(told) => told,
            other => panic!("{other:?}"),
        }
    };
    for status in ["5.1.1", "5.1.10", "5.2.2", "5.0.0", "5.1.1 (unknown user)"] {
        let told = told(status);
        assert!(told.failed && told.blames_the_address(), "{told:?}");
    }
    // A server that was down for days, one that knows no route, one that will not have our mail.
    for status in ["4.4.7", "4.4.1", "5.4.300", "5.7.1", "5.3.4", "5.1.8", "5.1.90", "5.2.122"] {
        let told = told(status);
        assert!(told.failed && !told.blames_the_address(), "{told:?}");
    }
}

#[test]
fn a_read_receipt_and_a_status_in_an_ordinary_mail_are_no_bounces() {
    let receipt =
        "Content-Type: message/disposition-notification\r\n\r\nDisposition: manual-action; displayed\r\n";
    assert_eq!(other(&multipart("Content-Type: multipart/report", &[receipt])), Other::Unrelated);
    assert_eq!(other(&multipart("Content-Type: multipart/mixed", &[STATUS])), Other::Unrelated);
}

#[test]
fn tnef_is_known_by_its_type_or_by_its_name() {
    let hinted = "Mailbeat-System: x\r\nContent-Type: multipart/mixed";
    let typed = "Content-Type: application/ms-tnef\r\n\r\nxxx";
    let named = "Content-Type: application/octet-stream; name=WINMAIL.DAT\r\n\r\nxxx";
    for part in [typed, named] {
        assert_eq!(broken(&multipart(hinted, &[part])), Broken::Winmail, "{part}");
    }
    let letter = "Content-Type: text/plain\r\n\r\nno attachment";
    assert_eq!(broken(&multipart(hinted, &[letter])), Broken::PartMissing);
    assert_eq!(broken(&multipart(hinted, &[typed, letter])), Broken::Winmail, "whatever stands beside it");
}

/// Messages in messages, each announced by this header. Whoever takes them apart as deep as they go runs out of stack.
fn deep(header: &str) -> String {
    format!("{header}\r\n\r\n").repeat(20_000)
}

#[test]
fn however_messages_that_nest_are_announced_they_are_not_taken_apart_without_end() {
    for header in [
        "Content-Type: message/rfc822",
        "content-type:MESSAGE/Global",
        "Content-Type: message /rfc822",
        "Content-Type: message(a comment)/ rfc822",
        "Content-Type:\r\n message/rfc822",
        "C ontent-Typ e : message/rfc822",
        "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n",
        "Content-Type: multipart/digest; boundary=b\r\n\r\nfolded content-type: x --bContent-Type: message/rfc822",
    ] {
        assert_eq!(other(&deep(header)), Other::Unrelated, "{header}");
    }
}

#[test]
fn messages_that_nest_in_an_encoded_one_are_not_taken_apart_without_end() {
    use base64::Engine as _;
    let encoded = base64::prelude::BASE64_STANDARD.encode(deep("Content-Type: message/rfc822"));
    let head = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ";
    assert_eq!(other(&format!("{head}base64\r\n\r\n{encoded}")), Other::Unrelated);
    let quoted = deep("Content-Type: message/rfc822");
    assert_eq!(other(&format!("{head}quoted-printable\r\n\r\n{quoted}")), Other::Unrelated);
}

#[test]
fn the_headers_a_bounce_brings_back_are_read_and_what_they_announce_is_not() {
    let original = format!(
        "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <mine@vendor.example>\r\n{}",
        deep("Content-Type: message\t/rfc822")
    );
    let told = bounce(&original);
    assert_eq!(told.about, ["mine@vendor.example"]);
}

#[test]
fn a_mail_that_a_gateway_forwards_in_base64_is_looked_into() {
    use base64::Engine as _;
    let original = "Message-ID: <mine@vendor.example>\r\n\r\nx";
    let encoded = base64::prelude::BASE64_STANDARD.encode(original);
    let original =
        format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}");
    let told = bounce(&original);
    assert_eq!(told.about, ["mine@vendor.example"]);
}

#[test]
fn of_very_many_multiparts_the_first_fifty_are_taken_apart() {
    let inside = |number: usize| {
        let around: String = (0..number)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
            .collect();
        format!("{around}Content-Type: application/octet-stream; name=report.json\r\n\r\n{{}}\r\n")
    };
    assert_eq!(broken(&inside(50)), Broken::PartMissing, "the report was found, and its signature was not");
    assert_eq!(other(&inside(51)), Other::Unrelated);
}

#[test]
fn what_is_forwarded_three_times_is_not_looked_for() {
    let key = SigningKey::from_seed(&[5; 32], "agent");
    let report = "{}\n";
    let signature = key.sign(Namespace::Report, report.as_bytes());
    let mixed = "Content-Type: multipart/mixed";
    let sent = bounded(
        "inner",
        mixed,
        &[
            &format!("Content-Type: application/octet-stream; name=report.json\r\n\r\n{report}"),
            &format!("Content-Type: text/plain; name=report.json.sig\r\n\r\n{signature}"),
        ],
    );
    let forward =
        |mail: &str, by: &str| bounded(by, mixed, &[&format!("Content-Type: message/rfc822\r\n\r\n{mail}")]);
    let twice = forward(&forward(&sent, "one"), "two");
    assert!(matches!(extract(twice.as_bytes()), Extracted::Signed(_)), "{twice}");
    assert_eq!(other(&forward(&twice, "three")), Other::Unrelated);
}

#[test]
fn a_report_that_was_signed_with_carriage_returns_in_it_holds_as_it_is() {
    let key = SigningKey::from_seed(&[5; 32], "agent");
    let bytes = b"{\r\n}\r\n";
    let signature = Signature::parse(key.sign(Namespace::Report, bytes).as_bytes()).unwrap();
    let verified = Signed::new(bytes.to_vec(), signature).verify(&key.public()).unwrap();
    assert_eq!(verified.bytes(), bytes);
}
