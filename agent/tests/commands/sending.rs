//! What leaves when somebody asks for it, what would leave, and what a server said of it.

use std::fs;

use mailbeat_shared::wire::extract::{Extracted, extract};
use serde_json::Value;

use crate::site::{Server, Site, ssh_keygen_believes, texts};

#[test]
fn by_smtp_the_servers_own_words_reach_status_and_trail() {
    let (site, server) = (Site::new(), Server::start());
    site.configure_smtp(server.port);
    site.activate();
    let taken: Vec<String> = server.taken.try_iter().collect();
    assert_eq!(taken, ["RCPT TO:<reports@vendor.example>"; 2]);

    server.answers.send("450 4.2.0 greylisted, come back").unwrap();
    let waits = site.output(&["send", "heartbeat"]);
    let (out, _) = texts(&waits);
    assert!(waits.status.code() == Some(1) && out.contains("450 4.2.0 greylisted, come back"), "{out}");
    let status = site.works(&["status"]);
    assert!(status.contains("greylisted") && status.contains("Queue:     1 waiting"), "{status}");

    assert!(
        site.works(&["send", "test"])
            .contains("accepted by your mail server (route office): 250 2.0.0 queued as 4711")
    );
    let taken: Vec<String> = server.taken.try_iter().collect();
    assert_eq!(taken[..2], ["RCPT TO:<reports@vendor.example>"; 2], "the heartbeat first, then the test");
    assert_eq!(taken[2..], ["RCPT TO:<admin@acme.example>"], "and the administrator's copy");

    server.answers.send("550 5.7.1 not from you").unwrap();
    let lost = site.output(&["send", "test"]);
    let (out, _) = texts(&lost);
    assert!(
        lost.status.code() == Some(1) && out.contains("lost") && out.contains("550 5.7.1 not from you"),
        "{out}"
    );
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
}

#[test]
fn activated_sent_and_verified_with_ssh_keygen_in_the_trail_itself() {
    let site = Site::new();
    let shown = site.activate();
    for words in ["reports@vendor.example", "office (from agent@acme.example)", "ACME-2026-001", "Activated."]
    {
        assert!(shown.contains(words), "{words} is not in\n{shown}");
    }
    assert_eq!(site.mails().len(), 2, "the enrollment and a full system report");
    let sent = site.works(&["send", "heartbeat"]);
    assert!(sent.starts_with("#3 heartbeat: accepted by your mail server (route office)"), "{sent}");

    let list = site.json(&["trail", "list", "--json"]);
    let kinds: Vec<&str> =
        list.as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["enrollment", "system", "heartbeat"]);
    assert!(site.works(&["trail", "verify"]).contains("3 reports (#1 to #3): the chain is whole"));
    assert!(site.works(&["trail", "show", "2"]).contains("1 file watched"));

    let identity = site.json(&["identity", "show", "--json"]);
    let allowed_signers = site.path("allowed_signers");
    fs::write(&allowed_signers, site.works(&["identity", "show", "--allowed-signers"])).unwrap();
    for sequence in ["0000000001", "0000000002", "0000000003"] {
        let dir = site.path("state/trail").join(sequence);
        let believed = ssh_keygen_believes(
            &allowed_signers,
            identity["system"].as_str().unwrap(),
            &dir.join("report.json"),
            &dir.join("report.json.sig"),
        );
        assert!(believed, "{sequence}");
    }
    for mail in site.mails() {
        assert!(matches!(extract(&mail), Extracted::Signed(_)));
        let text = String::from_utf8_lossy(&mail).into_owned();
        assert!(!text.contains("hunter2secret"));
    }
    let report = fs::read_to_string(site.path("state/trail/0000000002/report.json")).unwrap();
    assert!(
        report.contains("interval = 5") && report.contains("<redacted:") && !report.contains("hunter2secret")
    );

    let status = site.works(&["status"]);
    assert!(status.contains("accepted by your mail server") && !status.contains("received"), "{status}");
}

#[test]
fn a_preview_shows_what_would_be_sent_and_sends_nothing() {
    let site = Site::new();
    assert!(site.fails(&["preview", "system"]).1.contains("not activated"));
    site.activate();
    fs::write(site.path("watched/app.conf"), "interval = 6\npassword = other2secret\n").unwrap();
    let before = site.mails().len();
    let text = site.works(&["preview", "system"]);
    assert!(
        text.contains("1 change") && text.contains("interval = 6") && !text.contains("other2secret"),
        "{text}"
    );
    let report: Value = site.json(&["preview", "heartbeat", "--json"]);
    assert_eq!((report["sequence"].as_u64(), report["kind"].as_str()), (Some(3), Some("heartbeat")));
    let names: Vec<&str> = report["heartbeat"]["observations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|observation| observation["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"system.memory.utilization") && names.contains(&"mailbeat.watch.files"),
        "{names:?}"
    );
    assert!(matches!(extract(site.works(&["preview", "system", "--mail"]).as_bytes()), Extracted::Signed(_)));
    assert_eq!(site.mails().len(), before);
    assert_eq!(site.json(&["status", "--json"])["sequence"], 2);
}
