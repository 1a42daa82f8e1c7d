//! The commands as a person types them: the real program, a Maildir as the mail server, ssh-keygen as the judge.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod site;

use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::SignedDuration;
use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_shared::wire::signature::SigningKey;
use serde_json::Value;

use site::{Running, Server, Site, contract, texts, vendor, wait_for};

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
    fs::write(site.path("allowed_signers"), site.works(&["identity", "show", "--allowed-signers"])).unwrap();
    for sequence in ["0000000001", "0000000002", "0000000003"] {
        let dir = site.path("state/trail").join(sequence);
        let verified = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-n", "mailbeat-report", "-s", "report.json.sig", "-I"])
            .arg(identity["system"].as_str().unwrap())
            .arg("-f")
            .arg(site.path("allowed_signers"))
            .stdin(fs::File::open(dir.join("report.json")).unwrap())
            .current_dir(&dir)
            .output()
            .unwrap();
        assert!(verified.status.success(), "{sequence}: {:?}", texts(&verified));
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

#[test]
fn a_file_that_changes_every_time_is_muted_by_name_and_who_may_read_it_is_told_all_the_same() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::new();
    let file = site.path("watched/app.conf");
    site.configure("watch.mute_after = 2\nwatch.unmute_after = 1");
    site.activate();
    let write = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        site.works(&["send", "system"]);
        site.works(&["trail", "show", &site.json(&["status", "--json"])["sequence"].to_string()])
    };
    assert!(write("counter = 1\n", 0o644).contains("+counter = 1"));
    let second = write("counter = 2\n", 0o644);
    assert!(
        second.contains("Muted, because the content changes in every report") && !second.contains("counter"),
        "{second}"
    );
    assert!(second.contains("nothing changed"), "{second}");
    let status = site.works(&["status"]);
    let muted = format!("{} changes in every report", file.display());
    assert!(status.contains("Muted:") && status.contains(&muted), "{status}");
    assert_eq!(site.json(&["status", "--json"])["muted"], serde_json::json!([file]));
    let third = write("counter = 3\n", 0o666);
    assert!(
        third.contains("1 change") && third.contains("mode 0644 -> 0666") && !third.contains("counter"),
        "{third}"
    );
    let quiet = write("counter = 3\n", 0o666);
    assert!(quiet.contains("counter = 3") && !site.works(&["status"]).contains("Muted"), "{quiet}");
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
}

#[test]
fn a_date_of_writing_is_no_change_and_a_rule_says_how_each_file_is_told() {
    let site = Site::new();
    let rules = "[[watch.rule]]\nfiles = ['**/digest.conf']\nmode = 'digest'\n\
        [[watch.rule]]\nfiles = ['**/app.conf']\nmode = 'full'\nvolatile = ['^session (\\S+)']\n";
    let with_rules = fs::read_to_string(site.path("agent.toml")).unwrap() + rules;
    fs::write(site.path("agent.toml"), with_rules).unwrap();
    let write = |name: &str, text: &str| fs::write(site.path("watched").join(name), text).unwrap();
    write("app.conf", "# Generated on Sat Nov 28 03:02:02 2026\nsession 17a\nfirst\nlimit = 1\n");
    write("digest.conf", "password = hunter2secret\nshape = round\n");
    site.activate();
    write("app.conf", "# Generated on Sun Nov 29 13:02:02 2026\nsession 4\nfirst\nlimit = 1\n");
    let text = site.works(&["preview", "system"]);
    assert!(text.contains("nothing changed"), "{text}");
    write("app.conf", "# Generated on Sun Nov 29 13:02:02 2026\nsession 4\nfirst\nlimit = 2\n");
    write("digest.conf", "password = other2secret\nshape = square\n");
    let text = site.works(&["preview", "system"]);
    assert!(
        text.contains("2 changes")
            && text.contains(
                "app.conf (whole text):\n # Generated on <volatile>\n session <volatile>\n first\n limit = 2\n"
            ),
        "{text}"
    );
    assert!(text.contains("digest.conf (content withheld)") && !text.contains("square"), "{text}");
    let report = site.works(&["preview", "system", "--json"]);
    assert!(!report.contains("square") && !report.contains("other2secret"), "{report}");
}

/// The package list of this very host; there is one wherever these tests run on Debian or Ubuntu.
#[test]
fn packages_are_told_whole_once_then_only_what_became_of_them_and_each_part_can_be_switched_off() {
    let site = Site::new();
    site.activate();
    let of = |kind: &str, sequence: u32| -> Value {
        let path = site.path(&format!("state/trail/{sequence:010}/report.json"));
        serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap()[kind].take()
    };
    let first = of("system_report", 2);
    if !Path::new("/var/lib/dpkg/status").exists() {
        assert!(first["inventory"]["packages"].is_string() || first["packages"].is_object(), "{first}");
        return;
    }
    let queried =
        Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status} ${Package}\n"]).output().unwrap();
    let installed = texts(&queried).0.lines().filter(|line| line.starts_with("installed ")).count();
    assert_eq!(first["package_list"].as_object().unwrap().len(), installed);
    assert_eq!(first["packages"]["count"], installed);
    assert!(
        first["inventory"]["host.virtualization"].is_string() && first["inventory"]["os.name"].is_string()
    );
    assert!(first["updates"].is_object() || first["inventory"]["updates"].is_string(), "{first}");
    site.works(&["send", "system"]);
    let second = of("system_report", 3);
    assert!(second["package_list"].is_null() && second["packages"]["added"].is_null(), "{second}");

    let off = ["os", "kernel", "virtualization", "hardware", "packages", "updates", "reboot"];
    site.configure(&off.map(|part| format!("collect.{part} = false\n")).concat());
    let report = site.json(&["preview", "system", "--json"]);
    let keys: Vec<&String> = report["system_report"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["baseline", "changes", "files", "inventory", "truncated"]);
    assert_eq!(report["system_report"]["inventory"], serde_json::json!({}));
}

#[test]
fn a_configuration_that_cannot_be_used_ends_with_two_and_names_the_line() {
    let site = Site::new();
    site.configure("heartbeat_intervall_s = 5");
    let (code, words) = site.fails(&["status"]);
    assert_eq!(code, Some(2));
    assert!(
        words.contains(
            "agent.toml, line 1: unknown key `heartbeat_intervall_s`; did you mean `heartbeat_interval_s`?"
        ),
        "{words}"
    );

    site.configure("watch.unmute_after = 0\nredact.patterns = ['(']\ncc.system = ['nobody']");
    let checked = site.output(&["config", "check"]);
    let (out, _) = texts(&checked);
    assert_eq!(checked.status.code(), Some(2));
    assert!(out.contains("wrong: cc: \"nobody\"") && out.contains("not a regular expression"), "{out}");
    assert!(out.contains("wrong: watch: unmute_after must be at least 1"), "{out}");
    // As the sample shows them; the program itself, unlike a test of its parts, must know what \S and (?i) mean.
    site.configure(r"redact.patterns = ['ProjectCode: (\S+)', '(?i)\bcase \w+\b']");
    assert!(site.works(&["config", "check"]).contains("nothing wrong found"));
    site.configure("");
    assert!(site.works(&["config", "check"]).contains("nothing wrong found"));
    assert!(site.works(&["config", "show"]).contains("queue_reports = 2000"));
}

#[test]
fn a_state_directory_that_cannot_be_made_is_said_with_what_to_do() {
    let site = Site::new();
    fs::write(site.path("state"), b"a file").unwrap();
    let (code, words) = site.fails(&["run"]);
    assert_eq!(code, Some(1));
    assert!(
        words.contains(Path::new("state").to_str().unwrap()) && words.contains("must be able to write"),
        "{words}"
    );
}
