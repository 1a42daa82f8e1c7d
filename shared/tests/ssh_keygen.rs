//! Interoperation with the real `ssh-keygen`, in both directions: what we sign it verifies, what it signs we verify.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use mailbeat_shared::wire::contract::{Contract, Interval, SealedContract};
use mailbeat_shared::wire::extract::Signed;
use mailbeat_shared::wire::signature::{Namespace, PublicKey, Signature, SignatureError, SigningKey};

const REPORT: &[u8] = b"{ \"mailbeat\": 1 }\n";

fn key() -> SigningKey {
    SigningKey::from_seed(&[3; 32], "scada-01")
}

fn ssh_keygen() -> Command {
    Command::new("ssh-keygen")
}

fn verified_by_ssh_keygen(dir: &Path, report: &[u8], signature: &str) -> bool {
    verifies(dir, report, signature, Namespace::Report)
}

/// What `ssh-keygen -Y verify` says of these bytes under this signature.
fn verifies(dir: &Path, report: &[u8], signature: &str, namespace: Namespace) -> bool {
    let line = key().public().allowed_signers_line("SYSTEM-1", namespace);
    std::fs::write(dir.join("allowed_signers"), line + "\n").unwrap();
    std::fs::write(dir.join("report.json.sig"), signature).unwrap();
    let mut child = ssh_keygen()
        .current_dir(dir)
        .args(["-Y", "verify", "-f", "allowed_signers", "-I", "SYSTEM-1", "-n", namespace.as_str()])
        .args(["-s", "report.json.sig"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ssh-keygen is installed (Debian package openssh-client)");
    child.stdin.take().unwrap().write_all(report).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn ssh_keygen_verifies_what_we_sign_and_only_that() {
    let dir = tempfile::tempdir().unwrap();
    let signature = key().sign(Namespace::Report, REPORT);
    assert!(verified_by_ssh_keygen(dir.path(), REPORT, &signature));
    assert!(!verified_by_ssh_keygen(dir.path(), b"{ \"mailbeat\": 2 }\n", &signature));
    let contract = key().sign(Namespace::Contract, REPORT);
    assert!(!verified_by_ssh_keygen(dir.path(), REPORT, &contract), "another namespace");
}

#[test]
fn a_key_is_printed_as_ssh_keygen_reads_it_and_its_fingerprint_as_ssh_keygen_prints_it() {
    let dir = tempfile::tempdir().unwrap();
    let public = key().public();
    std::fs::write(dir.path().join("key.pub"), format!("{public}\n")).unwrap();
    let listed = ssh_keygen().current_dir(dir.path()).args(["-l", "-f", "key.pub"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.split(' ').nth(1), Some(public.fingerprint().as_str()), "{listed}");
    assert_eq!(format!("{public:?}"), public.to_string());
}

/// `ssh-keygen` itself wants LF in the armor; the manual tells administrators to strip CR first.
#[test]
fn attachments_that_became_crlf_hold_for_us_as_they_are_and_for_ssh_keygen_once_cr_is_stripped() {
    let dir = tempfile::tempdir().unwrap();
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let signature = crlf(&key().sign(Namespace::Report, REPORT));
    let report = crlf(std::str::from_utf8(REPORT).unwrap());

    let ours = Signed::new(report.clone().into_bytes(), Signature::parse(signature.as_bytes()).unwrap());
    assert_eq!(ours.verify(&key().public()).unwrap().bytes(), REPORT);
    assert!(!verified_by_ssh_keygen(dir.path(), report.as_bytes(), &signature));
    let stripped = |text: &str| text.replace('\r', "");
    assert!(verified_by_ssh_keygen(dir.path(), stripped(&report).as_bytes(), &stripped(&signature)));
}

#[test]
fn ssh_keygen_verifies_the_seal_of_a_contract_that_went_through_crlf() {
    let dir = tempfile::tempdir().unwrap();
    let contract = example_contract(&key());
    let arrived = contract.seal(&key()).replace('\n', "\r\n");
    let kept = SealedContract::open(arrived.as_bytes()).unwrap().file;
    let (terms, seal) = kept.split_at(kept.rfind("-----BEGIN SSH SIGNATURE-----").unwrap());
    assert!(verifies(dir.path(), terms.as_bytes(), seal, Namespace::Contract));
    assert!(!verifies(
        dir.path(),
        terms.replace("systems = 5", "systems = 6").as_bytes(),
        seal,
        Namespace::Contract
    ));
}

fn example_contract(vendor: &SigningKey) -> Contract {
    let interval = Interval { default: 3600, min: 60, max: 86400 };
    Contract {
        number: "ACME-2026-001".parse().unwrap(),
        revision: 1,
        customer: "ACME Wasserwerke Süd".into(),
        vendor: "Example GmbH".into(),
        vendor_key: vendor.public(),
        vendor_succession: vec![],
        issued_at: jiff::Timestamp::UNIX_EPOCH,
        valid_from: jiff::Timestamp::UNIX_EPOCH,
        valid_until: None,
        grace_days: 14,
        report_addresses: vec!["reports@vendor.example".into()],
        systems: 5,
        maintenance_max_h: 72,
        heartbeat_interval_s: interval,
        system_interval_s: interval,
        locale: None,
        encryption_key: None,
        enrollment_secret: None,
        relay: None,
    }
}

#[test]
fn we_verify_what_ssh_keygen_signs_with_a_key_it_made() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        assert!(ssh_keygen().current_dir(dir.path()).args(args).output().unwrap().status.success())
    };
    run(&["-q", "-t", "ed25519", "-N", "", "-C", "theirs", "-f", "key"]);
    std::fs::write(dir.path().join("report.json"), REPORT).unwrap();
    run(&["-q", "-Y", "sign", "-f", "key", "-n", "mailbeat-report", "report.json"]);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();

    let public: PublicKey = read("key.pub").parse().unwrap();
    assert_eq!(SigningKey::from_openssh(&read("key")).unwrap().public(), public);
    let signature = Signature::parse(read("report.json.sig").as_bytes()).unwrap();
    assert_eq!(signature.verify(&public, Namespace::Report, REPORT), Ok(()));
    assert_eq!(signature.verify(&public, Namespace::Report, b"other"), Err(SignatureError::Altered));
}

#[test]
fn a_private_key_we_wrote_is_one_ssh_keygen_can_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("identity.key");
    mailbeat_shared::durable::replace(
        &path,
        key().to_openssh().as_bytes(),
        mailbeat_shared::durable::Access::Private,
    )
    .unwrap();
    let output = ssh_keygen().arg("-y").arg("-f").arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(&key().public().to_string()));
}

#[test]
fn an_rsa_key_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let made = ssh_keygen()
        .current_dir(dir.path())
        .args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "rsa"])
        .output()
        .unwrap();
    assert!(made.status.success());
    let refused =
        std::fs::read_to_string(dir.path().join("rsa.pub")).unwrap().parse::<PublicKey>().unwrap_err();
    assert!(refused.to_string().contains("rsa"), "{refused}");
}

#[test]
fn a_private_key_under_a_passphrase_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let made = ssh_keygen()
        .current_dir(dir.path())
        .args(["-q", "-t", "ed25519", "-N", "a passphrase", "-f", "key"])
        .output()
        .unwrap();
    assert!(made.status.success());
    let refused =
        SigningKey::from_openssh(&std::fs::read_to_string(dir.path().join("key")).unwrap()).unwrap_err();
    assert!(refused.to_string().ends_with("it is protected by a passphrase"), "{refused}");
}
