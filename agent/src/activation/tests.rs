//! An activation that is stored, damaged, withdrawn, and followed by another vendor's.

use mailbeat_shared::wire::signature::SigningKey;

use super::*;
use crate::testing::{contract, vendor};

fn sealed(contract: &Contract) -> SealedContract {
    SealedContract::open(contract.seal(&vendor()).as_bytes()).unwrap()
}

fn consent() -> Consent {
    Consent {
        contract: contract().number,
        activated_at: contract().issued_at,
        activated_by: "root".into(),
        consented: vec!["watch".into()],
        added: vec![],
        withdrawn_at: None,
    }
}

/// Another vendor's contract, of the same number.
fn numbered_alike() -> SealedContract {
    let other = SigningKey::from_seed(&[8; 32], "other");
    let contract = Contract { vendor_key: other.public(), ..contract() };
    SealedContract::open(contract.seal(&other).as_bytes()).unwrap()
}

#[test]
fn a_stored_activation_is_read_back_and_a_renewal_without_secret_keeps_the_proof() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::new(dir.path());
    let identity = Identity::create(None, None, &mut crate::identity::system_entropy());
    assert!(load(&home, &identity).unwrap().is_none());
    let consent = consent();
    store(&home, &sealed(&contract()), Some(&consent)).unwrap();
    let first = load(&home, &identity).unwrap().unwrap();
    assert_eq!((first.contract.clone(), first.consent), (contract(), consent));

    let mut renewed = contract();
    (renewed.enrollment_secret, renewed.revision) = (None, 2);
    store(&home, &sealed(&renewed), None).unwrap();
    let second = load(&home, &identity).unwrap().unwrap();
    assert_eq!((second.contract.revision, second.proof), (2, first.proof));

    let more =
        Agreement { at: renewed.issued_at, by: "anna".into(), items: vec!["load".into(), "watch".into()] };
    agree(&home, more.clone()).unwrap();
    let consent = load(&home, &identity).unwrap().unwrap().consent;
    assert_eq!((consent.consented, consent.added), (vec!["watch".into(), "load".into()], vec![more]));

    withdraw(&home, renewed.issued_at).unwrap();
    assert!(!home.activation().exists());
    assert_eq!(load(&home, &identity).unwrap().unwrap().consent.withdrawn_at, Some(renewed.issued_at));
    assert!(contract_in_force(&home).unwrap().is_none());
}

#[test]
fn whichever_file_is_damaged_the_steps_that_are_named_lead_back_to_an_activation() {
    let identity = Identity::create(None, None, &mut crate::identity::system_entropy());
    let consent = consent();
    for name in ["activation.toml", "contract.toml", "enrollment.toml"] {
        for damage in [Some("\0"), None] {
            let dir = tempfile::tempdir().unwrap();
            let home = Home::new(dir.path());
            store(&home, &sealed(&contract()), Some(&consent)).unwrap();
            let file = dir.path().join(name);
            match damage {
                Some(text) => fs::write(&file, text).unwrap(),
                // A consent that is not there is none.
                None if name == "activation.toml" => continue,
                None => fs::remove_file(&file).unwrap(),
            }
            let said = load(&home, &identity).unwrap_err().to_string();
            assert!(said.contains(name) && said.ends_with(ANEW), "{said}");
            withdraw(&home, contract().issued_at).unwrap();
            assert!(!home.activation().exists(), "{name}");
            assert!(load(&home, &identity).unwrap().is_none(), "{name}: nobody complains any more");
            store(&home, &sealed(&contract()), Some(&consent)).unwrap();
            assert_eq!(load(&home, &identity).unwrap().unwrap().consent, consent, "{name}");
        }
    }
}

#[test]
fn a_contract_of_the_same_number_covers_what_its_vendor_was_told_by_whichever_key_and_nothing_of_another() {
    let of = |contract: Contract| Activation { contract, proof: Digest::of(b""), consent: consent() };
    let print = |key: &SigningKey| key.public().fingerprint();
    let (number, in_force) = (contract().number, of(contract()));
    assert!(in_force.covers(&number, Some(&print(&vendor()))));
    assert!(in_force.covers(&number, None), "nobody wrote down whose it was");
    assert!(!in_force.covers(&"OTHER-1".parse().unwrap(), Some(&print(&vendor()))));
    assert!(!of(numbered_alike().contract).covers(&number, Some(&print(&vendor()))));

    // The vendor has another key by now, and waits for what was made before all the same.
    let (new, stranger) =
        (SigningKey::from_seed(&[10; 32], "new"), SigningKey::from_seed(&[11; 32], "stranger"));
    let signed_by =
        |former: &SigningKey| vec![former.sign(Namespace::Rotate, &successor_statement(&new.public()))];
    let renewed = |vendor_succession| Contract { vendor_key: new.public(), vendor_succession, ..contract() };
    assert!(of(renewed(signed_by(&vendor()))).covers(&number, Some(&print(&vendor()))));
    assert!(!of(renewed(signed_by(&stranger))).covers(&number, Some(&print(&vendor()))));
    assert!(!of(renewed(vec![])).covers(&number, Some(&print(&vendor()))));
}

#[test]
fn a_consent_withdrawn_from_one_vendor_never_counts_for_another_who_numbered_alike() {
    let identity = Identity::create(None, None, &mut crate::identity::system_entropy());
    for (next, may_drain) in [(numbered_alike(), false), (sealed(&contract()), true)] {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        store(&home, &sealed(&contract()), Some(&consent())).unwrap();
        withdraw(&home, contract().issued_at).unwrap();
        // The temporary name of the consent is taken: the contract is written, and then it breaks off.
        let taken = home.activation().with_extension("tmp");
        fs::create_dir(&taken).unwrap();
        store(&home, &next, Some(&consent())).unwrap_err();
        assert_eq!(fs::read(home.contract()).unwrap(), next.file.as_bytes());
        assert_eq!(load(&home, &identity).unwrap().is_some(), may_drain);
        fs::remove_dir(&taken).unwrap();
        store(&home, &next, Some(&consent())).unwrap();
        assert_eq!(load(&home, &identity).unwrap().unwrap().contract, next.contract);
    }
}

#[test]
fn what_the_disk_does_not_give_now_is_named_and_neither_set_aside_nor_called_damaged() {
    let identity = Identity::create(None, None, &mut crate::identity::system_entropy());
    let dir = tempfile::tempdir().unwrap();
    let home = Home::new(dir.path());
    store(&home, &sealed(&contract()), Some(&consent())).unwrap();
    let held = dir.path().join("held");
    for name in ["activation.toml", "contract.toml", "enrollment.toml"] {
        let file = dir.path().join(name);
        fs::rename(&file, &held).unwrap();
        // A directory is no file to anybody, root too.
        fs::create_dir(&file).unwrap();
        let said = load(&home, &identity).unwrap_err().to_string();
        assert!(said.contains(name) && !said.contains(ANEW), "{said}");
        if file == home.activation() {
            let said = withdraw(&home, contract().issued_at).unwrap_err().to_string();
            assert!(said.contains(name) && !said.contains(ANEW), "{said}");
            assert!(file.is_dir(), "it was set aside");
        }
        fs::remove_dir(&file).unwrap();
        fs::rename(&held, &file).unwrap();
    }
    withdraw(&home, contract().issued_at).unwrap();
    assert_eq!(load(&home, &identity).unwrap().unwrap().consent.withdrawn_at, Some(contract().issued_at));
}
