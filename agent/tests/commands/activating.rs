//! From the contract's file to a last notice: who may switch the agent on, with what, and as which system.

use std::fs;

use jiff::SignedDuration;
use mailbeat_shared::wire::signature::SigningKey;

use crate::site::{Running, Site, contract, texts, vendor, wait_for};

#[test]
fn without_a_known_vendor_key_accept_alone_is_not_enough() {
    let site = Site::new();
    let file = site.path("contract.toml");
    let file = file.to_str().unwrap();
    let (code, words) = site.fails(&["activate", file, "--accept"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("--vendor-key SHA256:") && words.contains("vendor.pub"), "{words}");
    let (_, words) = site.fails(&["activate", file, "--accept", "--vendor-key", "SHA256:somebody"]);
    assert!(words.contains("is sealed with the key"), "{words}");
    let key = vendor().public().fingerprint();
    let (code, words) = site.fails(&["activate", file, "--vendor-key", &key]);
    assert!(code == Some(2) && words.contains("--accept"), "{words}");
    assert!(!site.path("state/activation.toml").exists() && site.mails().is_empty());

    fs::write(site.path("vendor.pub"), vendor().public().to_string()).unwrap();
    site.works(&["activate", file, "--accept"]);
    let (_, words) = site.fails(&["activate", file, "--accept"]);
    assert!(words.contains("already in force"), "{words}");
}

#[test]
fn contracts_that_cannot_be_taken_are_refused_each_with_its_reason() {
    let mut site = Site::new();
    let day = SignedDuration::from_hours(24);
    let file = site.path("contract.toml");
    let key = vendor().public().fingerprint();
    let refused =
        |site: &Site| site.fails(&["activate", file.to_str().unwrap(), "--accept", "--vendor-key", &key]).1;
    let now = site.contract.issued_at;

    let altered = fs::read_to_string(&file).unwrap().replace("systems = 5", "systems = 50");
    fs::write(&file, altered).unwrap();
    assert!(refused(&site).contains("altered after it was issued"));

    let mut early = contract(now);
    early.valid_from = now + day;
    site.write_contract(&early);
    assert!(refused(&site).contains("is not valid before"));

    let mut old = contract(now - day * 60);
    old.valid_until = Some(now - day * 30);
    site.write_contract(&old);
    assert!(refused(&site).contains("ended on"));

    site.contract.revision = 5;
    site.write_contract(&site.contract);
    site.activate();
    site.write_contract(&contract(now));
    assert!(refused(&site).contains("revision 5 is in force"));

    let thief = SigningKey::from_seed(&[8; 32], "thief");
    let mut forged = contract(now);
    (forged.revision, forged.vendor_key) = (6, thief.public());
    fs::write(&file, forged.seal(&thief)).unwrap();
    let words = site
        .fails(&[
            "activate",
            file.to_str().unwrap(),
            "--accept",
            "--vendor-key",
            &thief.public().fingerprint(),
        ])
        .1;
    assert!(words.contains("is sealed with the key"), "the pinned key stands: {words}");
}

#[test]
fn a_running_agent_answers_requests_takes_a_renewal_refuses_a_second_one_and_ends_cleanly() {
    let mut site = Site::new();
    site.configure("heartbeat_interval_s = 1");
    let running = Running::start(&site);
    assert!(site.mails().is_empty(), "off until activated");
    let said = site.activate();
    assert!(said.contains("The running agent takes it over"), "{said}");
    wait_for("three heartbeats", || (site.mails().len() >= 5).then_some(()));

    let (code, words) = site.fails(&["run"]);
    assert!(code == Some(1) && words.contains(&format!("process {}", running.0.id())), "{words}");
    assert!(site.works(&["send", "test"]).contains("accepted by your mail server"));

    site.contract.revision = 2;
    site.contract.enrollment_secret = None;
    site.contract.heartbeat_interval_s.min = 3600;
    site.write_contract(&site.contract);
    let file = site.path("contract.toml");
    assert!(site.works(&["activate", file.to_str().unwrap(), "--accept"]).contains("Renewed: revision 2"));
    let status = site.json(&["status", "--json"]);
    assert_eq!(status["contract"]["promise"]["heartbeat_interval_s"], 3600);

    let said = site.works(&["deactivate", "--reason", "moving house"]);
    assert!(said.contains("Deactivated") && said.contains("notice: accepted by your mail server"), "{said}");
    let (_, words) = site.fails(&["send", "heartbeat"]);
    assert!(words.contains("not activated"), "{words}");
    assert_eq!(running.stop(), Some(0));
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
    assert_eq!(site.json(&["status", "--json"])["activated"], false);
}

#[test]
fn where_consent_or_contract_is_damaged_the_steps_that_are_named_lead_back_to_an_activation() {
    const STEPS: &str = "run `mailbeat-agent deactivate`, then `mailbeat-agent activate FILE` with";
    for name in ["activation.toml", "contract.toml"] {
        let site = Site::new();
        site.activate();
        fs::write(site.path("state").join(name), "no longer what it was").unwrap();
        let file = site.path("contract.toml");
        for command in [&["activate", file.to_str().unwrap(), "--accept"][..], &["send", "heartbeat"][..]] {
            let (_, words) = site.fails(command);
            assert!(words.contains(name) && words.contains(STEPS), "{command:?}: {words}");
        }
        let said = site.works(&["deactivate"]);
        assert!(said.contains("Deactivated; nothing is sent any more"), "{said}");
        assert_eq!(site.json(&["status", "--json"])["activated"], false);
        assert!(site.activate().contains("Activated."), "{name}");
        assert!(site.works(&["send", "heartbeat"]).contains("accepted by your mail server"), "{name}");
    }
}

#[test]
fn a_copied_state_is_asked_about_and_a_new_system_begins_at_one() {
    let site = Site::new();
    site.activate();
    let old = site.json(&["identity", "show", "--json"]);
    let on_the_copy =
        |args: &[&str]| site.command(args).env("MAILBEAT_MACHINE_ID", "machine-b").output().unwrap();
    let (_, words) = texts(&on_the_copy(&["send", "heartbeat"]));
    assert!(words.contains("identity keep") && words.contains("identity new"), "{words}");

    assert!(on_the_copy(&["identity", "keep"]).status.success());
    let (sent, _) = texts(&on_the_copy(&["send", "heartbeat"]));
    assert!(sent.contains("accepted by your mail server"), "{sent}");
    let kept = site.json(&["identity", "show", "--json"]);
    assert!(kept["system"] == old["system"] && kept["incarnation"] != old["incarnation"]);

    assert!(site.works(&["identity", "new"]).contains("This is now system"));
    let new = site.json(&["identity", "show", "--json"]);
    assert!(new["system"] != old["system"] && new["public_key"] != old["public_key"]);
    assert!(site.works(&["send", "heartbeat"]).contains("accepted"));
    let list = site.json(&["trail", "list", "--json"]);
    assert!(list.as_array().unwrap().iter().all(|line| line["system"] == new["system"]));
    assert_eq!(list[0]["sequence"], 1);
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
}
