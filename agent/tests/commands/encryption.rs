//! Reports that travel encrypted, as the administrator switches it on and looks at what leaves.

use std::fs;

use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_shared::wire::sealed::DecryptionKey;

use crate::site::{Site, texts};

/// A host whose contract names this key of the vendor's.
fn site(vendor: Option<&DecryptionKey>, config: &str) -> Site {
    let mut site = Site::new();
    site.contract.encryption_key = vendor.map(DecryptionKey::public);
    site.write_contract(&site.contract);
    site.configure(config);
    site
}

#[test]
fn nothing_of_an_encrypted_report_stands_outside_and_vendor_and_customer_can_read_it() {
    let (vendor, own, stranger) =
        (DecryptionKey::generate(), DecryptionKey::generate(), DecryptionKey::generate());
    let site = site(Some(&vendor), &format!("encrypt = true\nencrypt_to = ['{}']", own.public()));
    site.activate();
    for kind in ["heartbeat", "system", "test"] {
        site.works(&["send", kind]);
    }
    let mails = site.mails();
    assert!(mails.len() >= 4, "{} mails", mails.len());
    for mail in &mails {
        let text = String::from_utf8_lossy(mail);
        for word in
            ["ACME", "heartbeat", "Heartbeat", "report.json;", "text/html", "app.conf", "Mailbeat-Kind"]
        {
            assert!(!text.contains(word), "{word} in\n{text}");
        }
        assert!(
            text.contains("Subject: [Mailbeat] #") && text.contains("name=\"report.json.age\""),
            "{text}"
        );
        for key in [&vendor, &own] {
            let Extracted::Sealed(sealed) = extract(mail) else { panic!("no encrypted report in\n{text}") };
            let signed = sealed.open(std::slice::from_ref(key)).unwrap();
            signed.verify_self().unwrap();
        }
        let Extracted::Sealed(sealed) = extract(mail) else { panic!("no encrypted report in\n{text}") };
        assert!(sealed.open(std::slice::from_ref(&stranger)).is_err());
    }
    // At home everything stays readable, and the chain is whole.
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
    let shown = site.json(&["trail", "show", "2", "--json"]);
    assert_eq!(shown["report"]["kind"], "system", "{}", shown["about"]);
    assert!(site.works(&["disclose"]).contains("signed and encrypted"));
}

#[test]
fn a_mail_kept_in_the_trail_that_is_not_the_one_that_was_sealed_is_named() {
    let vendor = DecryptionKey::generate();
    let site = site(Some(&vendor), "encrypt = true");
    site.activate();
    site.works(&["send", "heartbeat"]);
    let dirs = fs::read_dir(site.path("state/trail")).unwrap().map(|entry| entry.unwrap().path());
    let dir = dirs.max().unwrap();
    fs::write(dir.join("report.json.age"), b"another").unwrap();
    let (_, words) = site.fails(&["trail", "verify"]);
    let (out, _) = texts(&site.output(&["trail", "verify"]));
    assert!(format!("{words}{out}").contains("mail"), "{words}{out}");
}

#[test]
fn without_a_key_to_encrypt_for_nothing_leaves_in_clear_and_the_reason_is_said() {
    let site = site(None, "encrypt = true");
    site.activate();
    assert_eq!(site.mails().len(), 0);
    let (_, words) = site.fails(&["send", "heartbeat"]);
    assert!(words.contains("names no key to encrypt for"), "{words}");
    let checked = texts(&site.output(&["config", "check"]));
    assert!(checked.0.contains("names no key to encrypt for"), "{checked:?}");
    assert_eq!(site.mails().len(), 0);
}

#[test]
fn more_keys_than_the_receiver_opens_a_report_for_are_named_before_anything_is_sent() {
    let vendor = DecryptionKey::generate();
    let checked = |keys: usize| {
        let own: Vec<String> =
            (0..keys).map(|_| format!("'{}'", DecryptionKey::generate().public())).collect();
        let site = site(Some(&vendor), &format!("encrypt = true\nencrypt_to = [{}]", own.join(", ")));
        texts(&site.output(&["config", "check"])).0
    };
    assert!(!checked(19).contains("encrypt_to"), "with the vendor's they are twenty");
    assert!(checked(20).contains("encrypt_to names 20 keys"), "{}", checked(20));
}
