//! `mailbeat-receiver test`: what the receiver depends on, and what is missing.

use anyhow::Context as _;
use mailbeat_tests::office::{Office, RULES};

use super::step;

#[test]
fn the_receivers_test_names_what_it_depends_on_and_what_is_missing() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let told = vendor.receiver.json(&["test", "--mail-to", "operator@example.test"])?;
    let steps = told["steps"].as_array().context("steps")?;
    for (area, name, seen) in [
        ("this host", "rules", "thresholds"),
        ("this host", "database", "receiver.db"),
        ("this host", "disk", "MiB free"),
        ("this host", "vendor key", "SHA256:"),
        ("this host", "contacts", "1 default contact"),
        ("this host", "templates", "en, de"),
        ("mailbox reports", "folder INBOX", "UIDVALIDITY"),
        ("mailbox reports", "capabilities", "IDLE: tells of new mail, MOVE, UIDPLUS"),
        ("outgoing mail", "recipient", "250 2.1.5"),
        ("outgoing mail", "message", "250 2.0.0 Ok"),
    ] {
        let step = step(steps, area, name);
        assert!(
            step["result"] == "ok" && step["seen"].as_str().is_some_and(|said| said.contains(seen)),
            "{step:#}"
        );
    }
    for (area, name) in [("this host", "backups"), ("this host", "own certificate"), ("watchdog", "ping")] {
        assert_eq!(step(steps, area, name)["result"], "not_run");
    }
    office.await_mail("operator", &["Test of outgoing mail"])?;
    let german = vendor.receiver.run(&["test", "--lang", "de"])?;
    assert!(german.contains("Postfach reports") && german.contains("Wächter"), "{german}");

    std::fs::remove_file(vendor.dir.join("state/vendor.key"))?;
    let output = vendor.receiver.output(&["test"])?;
    let page = String::from_utf8(output.stdout)?;
    assert!(!output.status.success() && page.contains("FAILED   vendor key"), "{page}");
    assert!(page.contains("Cause: The key that contracts are sealed with"), "{page}");
    Ok(())
}
