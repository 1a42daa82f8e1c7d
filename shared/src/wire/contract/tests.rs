//! Sealed, altered, renewed, senseless: what becomes of contract files.

use super::*;
use crate::wire::id::Digest;
use crate::wire::signature::{Namespace, SignatureError, SigningKey};

pub(crate) fn vendor() -> SigningKey {
    SigningKey::from_seed(&[7; 32], "vendor")
}

pub(crate) fn contract() -> Contract {
    Contract {
        number: "ACME-2026-001".parse().unwrap(),
        revision: 1,
        customer: "ACME Wasserwerke".into(),
        vendor: "Example GmbH".into(),
        vendor_key: vendor().public(),
        vendor_succession: vec![],
        issued_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        valid_until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        grace_days: 14,
        report_addresses: vec!["reports@vendor.example".into()],
        systems: 5,
        maintenance_max_h: 72,
        heartbeat_interval_s: Interval { default: 3600, min: 60, max: 86400 },
        system_interval_s: Interval { default: 86400, min: 60, max: 604_800 },
        locale: Some(Locale::De),
        encryption_key: None,
        enrollment_secret: Some(EnrollmentSecret::from_random([9; 32])),
        relay: None,
    }
}

#[test]
fn a_sealed_contract_opens_also_after_an_editor_made_crlf_of_it() {
    let file = contract().seal(&vendor());
    for arrived in [file.clone(), file.replace('\n', "\r\n"), format!("\u{FEFF}{file}")] {
        assert_eq!(SealedContract::open(arrived.as_bytes()).unwrap().contract, contract());
    }
}

#[test]
fn one_changed_byte_breaks_the_seal() {
    let file = contract().seal(&vendor()).replace("systems = 5", "systems = 9");
    let refused = SealedContract::open(file.as_bytes()).unwrap_err().to_string();
    assert!(refused.starts_with("the contract was altered after it was issued"), "{refused}");
}

#[test]
fn a_contract_sealed_by_a_key_it_does_not_name_is_refused() {
    let thief = SigningKey::from_seed(&[8; 32], "thief");
    let refused = SealedContract::open(contract().seal(&thief).as_bytes()).unwrap_err();
    assert!(matches!(refused, ContractError::Seal(SignatureError::OtherKey(_))), "{refused}");
}

#[test]
fn a_pinned_key_trusts_itself_and_the_successor_it_signed() {
    let new = SigningKey::from_seed(&[10; 32], "new");
    let mut renewed = contract();
    renewed.vendor_key = new.public();
    let open = |contract: &Contract| SealedContract::open(contract.seal(&new).as_bytes()).unwrap();
    assert!(!open(&renewed).trusted_by(&vendor().public()));
    renewed.vendor_succession = vec![vendor().sign(Namespace::Rotate, &successor_statement(&new.public()))];
    assert!(open(&renewed).trusted_by(&vendor().public()));
    assert!(open(&renewed).trusted_by(&new.public()));
}

#[test]
fn an_enrollment_proof_holds_for_one_contract_system_and_key_only() {
    let secret = EnrollmentSecret::from_random([9; 32]);
    let (number, system) = ("A-1".parse().unwrap(), SystemId::from_random([1; 16]));
    let proof = secret.proof(&number, system, &vendor().public());
    assert!(secret.proves(&proof, &number, system, &vendor().public()));
    assert!(!secret.proves(&proof, &"A-2".parse().unwrap(), system, &vendor().public()));
    assert!(!secret.proves(&proof, &number, SystemId::from_random([2; 16]), &vendor().public()));
    assert_eq!(format!("{secret:?}"), "EnrollmentSecret(hidden)");
}

#[test]
fn a_proof_in_which_two_bits_are_wrong_is_none_though_they_are_wrong_alike() {
    let secret = EnrollmentSecret::from_random([9; 32]);
    let (number, system) = ("A-1".parse().unwrap(), SystemId::from_random([1; 16]));
    let mut bytes = *secret.proof(&number, system, &vendor().public()).as_bytes();
    bytes[0] ^= 1;
    bytes[31] ^= 1;
    assert!(!secret.proves(&Digest::from_bytes(bytes), &number, system, &vendor().public()));
}

#[test]
fn what_an_old_key_signs_of_the_next_one_is_fixed_for_ever() {
    let key = vendor().public();
    let system = SystemId::from_bytes([3; 16]);
    assert_eq!(rotation_statement(system, &key), [&[3; 16][..], &key.bytes()].concat());
    assert_eq!(successor_statement(&key), [b"mailbeat-vendor-key-v1\0", &key.bytes()[..]].concat());
}

#[test]
fn a_wish_counts_within_the_bounds_and_no_wish_is_the_default() {
    let interval = Interval { default: 3600, min: 60, max: 86400 };
    assert_eq!(
        [None, Some(7), Some(600), Some(99_999)].map(|wish| interval.clamp(wish)),
        [3600, 60, 600, 86400]
    );
    assert_eq!(Interval { max: 1, ..interval }.clamp(None), 60, "bounds that cross");
}

#[test]
fn what_is_logged_of_a_relay_names_the_account_and_not_its_password() {
    let relay = Relay {
        host: "relay.vendor.example".into(),
        port: 465,
        tls: RelayTls::Implicit,
        username: "acme".into(),
        password: "wolke7".into(),
        tls_pin: None,
    };
    assert_eq!(format!("{relay:?}"), "Relay(acme@relay.vendor.example:465)");
}

#[test]
fn a_contract_whose_relay_would_take_the_password_in_clear_is_no_contract() {
    let relay = |tls: &str| {
        let text = format!(
            "host = \"relay.vendor.example\"\nport = 25\ntls = \"{tls}\"\nusername = \"acme\"\npassword = \"wolke7\"\n"
        );
        toml::from_str::<Relay>(&text).map(|relay| relay.tls).map_err(|error| error.to_string())
    };
    assert_eq!((relay("implicit"), relay("starttls")), (Ok(RelayTls::Implicit), Ok(RelayTls::Starttls)));
    assert!(relay("none").unwrap_err().contains("expected `implicit` or `starttls`"));
    assert_eq!([RelayTls::Implicit, RelayTls::Starttls].map(RelayTls::usual_port), [465, 587]);
}

#[test]
fn systems_spread_over_the_report_addresses_and_each_keeps_its_own() {
    let mut contract = contract();
    contract.report_addresses =
        vec!["a@one.example".into(), "b@two.example".into(), "c@three.example".into()];
    let systems = (0..60).map(|seed| SystemId::from_random([seed; 16]));
    let mut used = std::collections::BTreeMap::<String, u32>::new();
    for system in systems {
        let address = contract.report_address(system).to_owned();
        assert_eq!(contract.domain(system), address.rsplit_once('@').unwrap().1);
        *used.entry(address).or_default() += 1;
    }
    assert_eq!(used.len(), 3);
    assert!(used.values().all(|count| *count >= 10), "{used:?}");
}

#[test]
fn senseless_terms_are_refused_though_the_seal_holds() {
    let refused = |change: fn(&mut Contract)| {
        let mut contract = contract();
        change(&mut contract);
        SealedContract::open(contract.seal(&vendor()).as_bytes()).unwrap_err().to_string()
    };
    let no_address = "the contract cannot be used: it names no report address";
    assert_eq!(refused(|contract| contract.report_addresses.clear()), no_address);
    assert_eq!(refused(|contract| contract.report_addresses.push("nobody".into())), no_address);
    let zero = "the contract cannot be used: an interval is zero";
    assert_eq!(refused(|contract| contract.heartbeat_interval_s.min = 0), zero);
    assert_eq!(refused(|contract| contract.system_interval_s.default = 0), zero);
}

#[test]
fn a_file_of_64_kibibytes_is_a_contract_and_a_larger_one_is_none() {
    let of_bytes = |bytes: usize| {
        let mut contract = contract();
        let names = 2; // the customer stands in the first line and in the terms
        let odd = (bytes - contract.seal(&vendor()).len()) % names;
        contract.vendor += &"v".repeat(odd);
        let missing = bytes - contract.seal(&vendor()).len();
        contract.customer += &"c".repeat(missing / names);
        contract.seal(&vendor())
    };
    let (largest, larger) = (of_bytes(64 * 1024), of_bytes(64 * 1024 + 1));
    assert_eq!(largest.len(), 64 * 1024);
    assert!(SealedContract::open(largest.as_bytes()).is_ok());
    let refused = SealedContract::open(larger.as_bytes()).unwrap_err().to_string();
    assert_eq!(refused, "not a contract file: it is larger than a contract can be");
}

#[test]
fn a_contract_says_in_its_first_line_what_it_is_and_not_to_edit_it() {
    let file = contract().seal(&vendor());
    let first = file.lines().next().unwrap();
    assert!(first.starts_with("# Mailbeat service contract ACME-2026-001 for ACME Wasserwerke. Do not edit"));
}
