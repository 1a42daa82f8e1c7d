//! A renewed contract as the customer's contact gets it: the file, the hosts it is for, the time that is left.

use mail_parser::MimeHeaders as _;
use mailbeat_receiver::evaluate::ending::Ending;
use mailbeat_receiver::notify::renewal::{RenewalView, compose};
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::contract::{Contract, Interval, SealedContract};
use mailbeat_shared::wire::signature::SigningKey;

use super::*;

fn renewed(change: impl FnOnce(&mut Contract)) -> SealedContract {
    let (vendor, start) =
        (SigningKey::from_seed(&[7; 32], "vendor"), "2026-01-01T00:00:00Z".parse().unwrap());
    let every = Interval { default: 3600, min: 60, max: 604_800 };
    let mut contract = Contract {
        number: "ACME-2026-001".parse().unwrap(),
        revision: 2,
        customer: "ACME Wasserwerke Süd".into(),
        vendor: "Example GmbH".into(),
        vendor_key: vendor.public(),
        vendor_succession: vec![],
        issued_at: start,
        valid_from: start,
        valid_until: Some("2028-01-01T00:00:00Z".parse().unwrap()),
        grace_days: 14,
        report_addresses: vec!["reports@vendor.example".into()],
        systems: 10,
        maintenance_max_h: 72,
        heartbeat_interval_s: every,
        system_interval_s: every,
        locale: None,
        encryption_key: None,
        enrollment_secret: None,
        relay: None,
    };
    change(&mut contract);
    SealedContract::open(contract.seal(&vendor).as_bytes()).unwrap()
}

fn letter(renewed: SealedContract, change: impl FnOnce(&mut Ending, &mut Contact)) -> Letter {
    let ending = Ending {
        number: renewed.contract.number.clone(),
        customer: renewed.contract.customer.clone(),
        ends_at: "2027-01-01T00:00:00Z".parse().unwrap(),
        grace_days: 14,
        systems: 2,
        hosts: "pump-01, scada-01".into(),
        renewed: None,
        contacts: 1,
    };
    let mut view = RenewalView { ending, renewed };
    let mut contact = Contact { name: "Anna Admin".into(), email: "anna@acme.example".into(), locale: None };
    change(&mut view.ending, &mut contact);
    let made_at = "2026-11-22T08:20:12Z".parse().unwrap();
    compose(&view, "Mailbeat <mb@vendor.example>", &contact, "mb-renewal-1-2-60-1-x", made_at).unwrap()
}

/// Subject and text of a mail, and its file by name.
fn read(letter: &Letter) -> (String, String, String, Vec<u8>) {
    let mail = parsed(letter);
    let file = mail.attachment(0).unwrap();
    let (name, bytes) = (file.attachment_name().unwrap().to_owned(), file.contents().to_vec());
    (mail.subject().unwrap().to_owned(), mail.body_text(0).unwrap().into_owned(), name, bytes)
}

#[test]
fn it_brings_the_file_and_says_on_which_hosts_it_is_to_be_activated_by_when() {
    let sealed = renewed(|_| {});
    let letter = letter(sealed.clone(), |_, _| {});
    assert_eq!(letter.message_id, "mb-renewal-1-2-60-1-x@vendor.example");
    keep("renewal", &letter);
    let (subject, text, name, bytes) = read(&letter);
    assert_eq!(subject, "[Mailbeat] Contract ACME-2026-001 is renewed: activate it on 2 hosts");
    assert_eq!((name.as_str(), bytes.as_slice()), ("ACME-2026-001.2.contract", sealed.file.as_bytes()));
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "ACME Wasserwerke Süd is renewed, until 2027-12-31.",
        "These 2 hosts still go by an older revision, valid until 2026-12-31: pump-01, scada-01",
        "After that day no system report leaves them, and 14 days later nothing at all.",
        "mailbeat-agent activate ACME-2026-001.2.contract",
        "Anna Admin",
    ] {
        assert!(flowing.contains(words), "{words}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
}

#[test]
fn one_host_no_grace_and_no_end_at_all_are_said_as_such() {
    let sealed = renewed(|contract| contract.valid_until = None);
    let letter = letter(sealed, |ending, _| {
        (ending.systems, ending.hosts, ending.grace_days) = (1, "scada-01".into(), 0);
    });
    let (subject, text, ..) = read(&letter);
    assert!(subject.ends_with("activate it on scada-01"), "{subject}");
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "until it is revoked",
        "This host still goes by",
        "After that day nothing leaves it.",
        "If this host is",
    ] {
        assert!(flowing.contains(words), "{words}: {text}");
    }
}

#[test]
fn it_is_written_in_the_contacts_language_and_no_name_becomes_a_header() {
    let sealed = renewed(|_| {});
    let letter = letter(sealed, |ending, contact| {
        contact.locale = Some(Locale::De);
        (ending.systems, ending.hosts) = (1, "x\r\nBcc: evil@example.org".into());
    });
    keep("renewal-de", &letter);
    let (subject, text, ..) = read(&letter);
    assert!(subject.contains("ist verlängert") && text.contains("Die Verlängerung liegt bei"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
    let mail = String::from_utf8(letter.bytes).unwrap();
    assert!(!mail.lines().any(|line| line.starts_with("Bcc")), "{mail}");
}
