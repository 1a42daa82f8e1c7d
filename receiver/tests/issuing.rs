//! Contracts as an operator issues them, up to the file a customer can open.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::issuing::{
    IssueError, IssueRequest, Login, Renewal, Terms, VendorKeyError, issue, load_or_create, next_number,
    prefix, renew, vendor_pub,
};
use mailbeat_shared::wire::contract::{
    Contract, EnrollmentSecret, Interval, Relay, RelayTls, SealedContract,
};
use mailbeat_shared::wire::id::ContractNumber;
use mailbeat_shared::wire::signature::{PublicKey, SigningKey};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

fn vendor() -> SigningKey {
    SigningKey::from_seed(&[7; 32], "vendor")
}

fn request() -> IssueRequest {
    IssueRequest { customer: "Stadtwerke Köln GmbH".into(), ..IssueRequest::default() }
}

fn relay() -> Relay {
    Relay {
        host: "relay.vendor.example".into(),
        port: 465,
        tls: RelayTls::Implicit,
        username: "koeln@relay.vendor.example".into(),
        password: "geheim".into(),
        tls_pin: None,
    }
}

fn numbers(texts: &[&str]) -> Vec<ContractNumber> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn issued(request: IssueRequest) -> Result<Contract, IssueError> {
    let terms = Terms::new("Example GmbH", "reports@vendor.example");
    let secret = EnrollmentSecret::from_random([9; 32]);
    issue(request, &terms, &numbers(&["STADTWERKE-2026-001"]), &vendor().public(), secret, now())
}

fn refused(change: impl FnOnce(&mut IssueRequest)) -> String {
    let mut request = request();
    change(&mut request);
    issued(request).unwrap_err().to_string()
}

#[test]
fn a_name_is_enough_for_a_contract_that_a_customer_can_open() {
    let contract = issued(request()).unwrap();
    assert_eq!(contract.number.as_str(), "STADTWERKE-2026-002");
    assert_eq!((contract.valid_from, contract.valid_until), (now(), None));
    assert_eq!(contract.report_addresses, ["reports@vendor.example"]);
    let opened = SealedContract::open(contract.seal(&vendor()).as_bytes()).unwrap();
    assert_eq!(opened.contract, contract);
    assert!(opened.trusted_by(&vendor().public()));
}

#[test]
fn what_the_operator_sets_stands_and_a_heartbeat_every_second_is_allowed() {
    let second = Interval { default: 1, min: 1, max: 1 };
    let contract = issued(IssueRequest {
        number: Some("DEMO-1".parse().unwrap()),
        valid_until: Some(now() + SignedDuration::from_hours(24)),
        grace_days: Some(0),
        systems: Some(3),
        report_addresses: vec!["a@vendor.example".into(), "b@vendor.example".into()],
        maintenance_max_h: Some(8),
        heartbeat_interval_s: Some(second),
        system_interval_s: Some(second),
        relay: Some(relay()),
        ..request()
    })
    .unwrap();
    assert_eq!(contract.number.as_str(), "DEMO-1");
    assert_eq!((contract.grace_days, contract.systems, contract.maintenance_max_h), (0, 3, 8));
    assert_eq!(contract.report_addresses.len(), 2);
    assert_eq!((contract.heartbeat_interval_s, contract.relay.clone()), (second, Some(relay())));
    assert_eq!(SealedContract::open(contract.seal(&vendor()).as_bytes()).unwrap().contract, contract);
}

#[test]
fn terms_that_make_no_sense_are_refused_with_what_is_wrong() {
    let ago = |hours| now() - SignedDuration::from_hours(hours);
    let cases = [
        (refused(|it| it.customer = "  ".into()), "the customer's name is \"  \""),
        (refused(|it| it.customer = "A\nsystems = 9".into()), "the customer's name is \"A systems = 9\""),
        (refused(|it| it.number = Some("STADTWERKE-2026-001".parse().unwrap())), "already issued"),
        (refused(|it| it.valid_until = Some(now())), "before it starts 2026-11-22T03:00:00Z"),
        (refused(|it| (it.valid_from, it.valid_until) = (Some(ago(9)), Some(ago(1)))), "ended already"),
        (refused(|it| it.report_addresses = vec!["nobody".into()]), "\"nobody\" is not a report address"),
        (refused(|it| it.report_addresses = vec!["Eva <e@x.example>".into()]), "must be a bare mail address"),
        (
            refused(|it| it.heartbeat_interval_s = Some(Interval { default: 5, min: 0, max: 9 })),
            "heartbeat interval of 5 s between 0 and 9 s",
        ),
        (
            refused(|it| it.system_interval_s = Some(Interval { default: 5, min: 6, max: 9 })),
            "system report interval of 5 s",
        ),
        (
            refused(|it| it.system_interval_s = Some(Interval { default: 5, min: 1, max: u32::MAX })),
            "31 days",
        ),
        (refused(|it| it.systems = Some(0)), "the number of systems is 0; it must be 1 to"),
        (refused(|it| it.maintenance_max_h = Some(73)), "maintenance in hours is 73; it must be 0 to 72"),
        (refused(|it| it.grace_days = Some(366)), "grace period in days is 366"),
        (
            refused(|it| it.relay = Some(Relay { tls_pin: Some("sha256:1".into()), ..relay() })),
            "relay's tls_pin",
        ),
    ];
    for (said, expected) in cases {
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
        assert!(!said.contains("geheim"));
    }
}

/// The contract of a customer of the relay, renewed a year later.
fn renewed(renewal: Renewal) -> Result<Contract, IssueError> {
    let held = issued(IssueRequest {
        valid_until: Some(now() + SignedDuration::from_hours(24 * 400)),
        relay: Some(relay()),
        ..request()
    });
    renew(&held.unwrap(), renewal, &vendor().public(), now() + SignedDuration::from_hours(24 * 365))
}

#[test]
fn a_renewal_is_the_next_revision_without_the_secret_and_else_what_it_was() {
    let held = issued(IssueRequest { relay: Some(relay()), ..request() }).unwrap();
    let later = now() + SignedDuration::from_hours(1);
    let next = renew(&held, Renewal::default(), &vendor().public(), later).unwrap();
    let expected = Contract { revision: 2, issued_at: later, enrollment_secret: None, ..held };
    assert_eq!(next, expected);
    assert!(SealedContract::open(next.seal(&vendor()).as_bytes()).unwrap().trusted_by(&vendor().public()));
    assert_eq!(renew(&next, Renewal::default(), &vendor().public(), later).unwrap().revision, 3);
}

#[test]
fn a_renewal_gives_changes_or_ends_the_login_and_sets_another_end() {
    let until = Some(now() + SignedDuration::from_hours(24 * 800));
    let other = Relay { password: "neu".into(), ..relay() };
    let changed =
        renewed(Renewal { valid_until: until, login: Login::New(other.clone()), ..Renewal::default() });
    let changed = changed.unwrap();
    assert_eq!((changed.valid_until, changed.relay), (until, Some(other)));
    assert_eq!(renewed(Renewal::default()).unwrap().relay, Some(relay()));
    assert_eq!(renewed(Renewal { login: Login::Ended, ..Renewal::default() }).unwrap().relay, None);
}

#[test]
fn a_renewal_that_would_help_nobody_is_refused() {
    let past =
        renewed(Renewal { valid_until: Some(now() + SignedDuration::from_hours(24)), ..Renewal::default() });
    assert!(
        past.unwrap_err().to_string().contains("ended already, 2026-11-23T03:00:00Z; `--valid-until` sets")
    );
    let broken = Login::New(Relay { port: 0, ..relay() });
    let broken = renewed(Renewal { login: broken, ..Renewal::default() });
    assert_eq!(broken, Err(IssueError::Relay("port is 0")));
    let stranger = SigningKey::from_seed(&[8; 32], "new").public();
    let said = renew(&issued(request()).unwrap(), Renewal::default(), &stranger, now()).unwrap_err();
    assert!(said.to_string().contains("its agents believe no other"), "{said}");
}

#[test]
fn without_any_report_address_nothing_is_issued() {
    let mut terms = Terms::new("Example GmbH", "x");
    terms.report_addresses.clear();
    let secret = EnrollmentSecret::from_random([9; 32]);
    let refused = issue(request(), &terms, &[], &vendor().public(), secret, now()).unwrap_err();
    assert_eq!(refused, IssueError::NoAddress);
    // `contracts issue` has no option for an address: what is named is in the file.
    let said = "there is no report address; set `report_addresses` in the table [contracts] of receiver.toml";
    assert_eq!(refused.to_string(), said);
}

#[test]
fn numbers_count_on_from_the_highest_of_the_same_customer_and_year_also_beyond_three_digits() {
    let next = |taken: &[&str]| next_number("ACME Wasserwerke", now(), &numbers(taken)).to_string();
    assert_eq!(next(&[]), "ACME-2026-001");
    assert_eq!(next(&["ACME-2026-009", "ACME-2025-500", "ACMEX-2026-700", "ACME-2026-x"]), "ACME-2026-010");
    assert_eq!(next(&["ACME-2026-1000", "ACME-2026-999"]), "ACME-2026-1001");
}

#[test]
fn prefixes_are_ascii_letters_of_the_first_word_that_has_any() {
    for (name, expected) in [
        ("ACME Wasserwerke", "ACME"),
        ("Köhler & Söhne", "KOEHLER"),
        ("Groß-Gerau", "GROSSGERAU"),
        ("3 Łódź", "LODZ"),
        ("Verbandsgemeindewerke", "VERBANDSGEME"),
        ("水道局", "CUSTOMER"),
        ("", "CUSTOMER"),
    ] {
        assert_eq!(prefix(name), expected, "{name}");
    }
}

proptest! {
    #[test]
    fn whatever_a_customer_is_called_the_number_is_a_number_and_free(name in ".*", count in 1_u32..2_000) {
        let taken = numbers(&[&format!("{}-2026-{count:03}", prefix(&name))]);
        prop_assert!(!taken.contains(&next_number(&name, now(), &taken)));
    }
}

#[test]
fn the_vendor_key_is_made_once_private_and_found_again() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("vendor.key");
    let made = load_or_create(&path, [1; 32]).unwrap();
    let again = load_or_create(&path, [2; 32]).unwrap();
    assert_eq!(again.public(), made.public(), "a key that is there is never replaced");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = load_or_create(&path, [2; 32]).unwrap_err().to_string();
        assert!(refused.contains("mode 640") && refused.contains("chmod 600 '"), "{refused}");
    }
}

#[test]
fn a_file_that_is_no_key_is_named_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("vendor.key");
    mailbeat_shared::durable::replace(&path, b"rubbish", mailbeat_shared::durable::Access::Private).unwrap();
    let refused = load_or_create(&path, [1; 32]).unwrap_err();
    assert!(matches!(refused, VendorKeyError::Invalid { .. }), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"rubbish");
    let nowhere = load_or_create(&home.path().join("missing/vendor.key"), [1; 32]).unwrap_err();
    assert!(matches!(nowhere, VendorKeyError::File { .. }), "{nowhere}");
}

#[test]
fn vendor_pub_is_one_line_that_an_agent_and_a_person_can_read() {
    let text = vendor_pub("Example GmbH\n", &vendor().public());
    assert_eq!(text.parse::<PublicKey>(), Ok(vendor().public()));
    assert_eq!(text.lines().count(), 1);
    assert!(
        text.trim_end().ends_with(&format!(" Example GmbH {}", vendor().public().fingerprint())),
        "{text}"
    );
}
