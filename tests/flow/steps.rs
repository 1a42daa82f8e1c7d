//! `mailbeat-agent test` against every mood of a mail server: the step where it ends, the likely cause, and the way out.

use anyhow::Context as _;
use mailbeat_tests::lab::{Certificate, Moment};
use mailbeat_tests::office::{Office, RULES, Way, clear_route, route};
use mailbeat_tests::world::Host;
use serde_json::Value;

/// An office with an activated host.
fn activated() -> anyhow::Result<(Office, Host)> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    host.activate(&office.vendor, &contract)?;
    Ok((office, host))
}

/// The same host with other routes.
fn with(office: &Office, routes: &str) -> anyhow::Result<Host> {
    Host::new(&office.dir().join("scada-01"), "scada-01", routes)
}

pub(super) fn walked(host: &Host, args: &[&str]) -> anyhow::Result<Vec<Value>> {
    let output = host.agent.output(&[&["test", "--json"], args].concat())?;
    let told: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))?;
    let steps = told["steps"].as_array().context("steps")?.clone();
    let failed = steps.iter().any(|step| step["result"] == "failed");
    assert_eq!(output.status.code(), Some(i32::from(failed)), "{told:#}");
    assert_eq!(told["result"] == "failed", failed, "{told:#}");
    Ok(steps)
}

pub(super) fn step<'a>(steps: &'a [Value], area: &str, name: &str) -> &'a Value {
    let found = steps.iter().find(|step| step["area"] == area && step["name"] == name);
    found.unwrap_or_else(|| panic!("no step {name} of {area} in {steps:#?}"))
}

/// One failed step only, this one, with these words in what was seen, its cause and its fix.
pub(super) fn assert_fails(steps: &[Value], name: &str, seen: &str, cause: &str, fix: &str) {
    let failed: Vec<&Value> = steps.iter().filter(|step| step["result"] == "failed").collect();
    assert!(failed.len() == 1 && failed[0]["name"] == name, "not {name} alone: {failed:#?}");
    for (key, words) in [("seen", seen), ("cause", cause), ("fix", fix)] {
        let said = failed[0][key].as_str().unwrap_or_default();
        assert!(said.contains(words), "{key} says nothing of {words:?}: {:#}", failed[0]);
    }
}

#[test]
fn where_all_is_well_every_step_is_told_from_the_contract_to_the_queued_answer() -> anyhow::Result<()> {
    let (_office, host) = activated()?;
    let steps = walked(&host, &[])?;
    let bad: Vec<&Value> =
        steps.iter().filter(|step| step["result"] == "failed" || step["result"] == "warning").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for (area, name, seen) in [
        ("this host", "contract", "ACME Wasserwerke with Example GmbH"),
        ("this host", "clock", "UTC"),
        ("this host", "state directory", "MiB free"),
        ("this host", "memory", "values"),
        ("this host", "watched files", "1 read, 0 not readable"),
        ("this host", "redaction", "planted secrets hidden"),
        ("route office", "name (DNS)", "127.0.0.1"),
        ("route office", "greeting", "220 mail.example.test ESMTP"),
        ("route office", "TLS", "(29 days left)"),
        ("route office", "capabilities", "AUTH PLAIN LOGIN"),
        ("route office", "authentication", "235 2.7.0"),
        ("route office", "size limit", "60.0 MiB"),
        ("route office", "sender", "250 2.1.0"),
        ("route office", "recipient", "250 2.1.5"),
        ("delivery", "test report", "accepted (route office): 250 2.0.0 Ok"),
        ("delivery", "confirmation", "answers by mail"),
    ] {
        let step = step(&steps, area, name);
        assert!(step["seen"].as_str().is_some_and(|said| said.contains(seen)), "{seen}: {step:#}");
        assert!(step["duration_ms"].is_u64());
    }
    Ok(())
}

#[test]
fn servers_without_proper_tls_are_named_with_the_way_out() -> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let (lab, ports) = (&office.lab, office.lab.ports());
    let ca = format!("tls_ca = {:?}\n", lab.ca());
    let at_port = |port: u16| {
        let table = office.route("office", Way::Starttls, "agent1");
        table.replace(&format!("port = {}\n", ports.submission), &format!("port = {port}\n"))
    };
    let showing = |certificate| route(lab, "office", Way::Starttls, certificate, "agent1") + &ca;
    for (routes, seen, cause, fix) in [
        (
            at_port(ports.no_starttls),
            "does not offer STARTTLS",
            "does not offer STARTTLS",
            "tls = \"implicit\"",
        ),
        (at_port(ports.starttls_454), "454 4.7.0", "its TLS does not work", "server's words"),
        (at_port(ports.old_tls), "no TLS version and cipher in common", "TLS 1.1 or older", "TLS 1.2"),
        (showing(Certificate::WrongName), "other.invalid", "for another name", "Set `host`"),
        (showing(Certificate::Expired), "has expired", "has expired", "renew it"),
        (showing(Certificate::SelfSigned), "sha256:", "signed by itself", "tls_pin"),
        (
            route(lab, "office", Way::Starttls, Certificate::Good, "agent1"),
            "sha256:",
            "does not know",
            "tls_ca",
        ),
    ] {
        let steps = walked(&with(&office, &routes)?, &[])?;
        assert_fails(&steps, "TLS", seen, cause, fix);
        assert_eq!(step(&steps, "route office", "authentication")["result"], "not_run");
        assert_eq!(step(&steps, "delivery", "test report")["seen"], "no route went well");
    }
    Ok(())
}

#[test]
fn what_a_server_says_to_logon_sender_and_recipient_is_explained() -> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let ports = office.lab.ports();
    let good = office.route("office", Way::Starttls, "agent1");
    let wrong_password = good.replace("password = \"agent1-pw\"", "password = \"wrong\"");
    assert_fails(
        &walked(&with(&office, &wrong_password)?, &[])?,
        "authentication",
        "535 5.7.8",
        "does not know this user name",
        "password_file",
    );
    let foreign = good.replace("from = \"agent1@", "from = \"agent2@");
    assert_fails(
        &walked(&with(&office, &foreign)?, &[])?,
        "recipient",
        "553 5.7.1",
        "may not send",
        "Send As",
    );
    let no_logon = clear_route("office", ports.submission);
    assert_fails(&walked(&with(&office, &no_logon)?, &[])?, "sender", "530 5.7.0", "not private", "starttls");
    let unused = clear_route("office", ports.unused);
    assert_fails(
        &walked(&with(&office, &unused)?, &[])?,
        "connection (TCP)",
        "refused",
        "Nobody listens",
        "`port`",
    );
    let nowhere = good.replace("host = \"127.0.0.1\"", "host = \"no-such-host.invalid\"");
    assert_fails(
        &walked(&with(&office, &nowhere)?, &[])?,
        "name (DNS)",
        "no-such-host.invalid",
        "has no address",
        "getent hosts",
    );

    let host = with(&office, &good)?;
    for (words, cause, fix) in [
        ("450 4.7.1 Greylisted, see you later", "greylisting", "by itself"),
        ("451 4.3.0 Temporary local problem", "just now", "by itself"),
        ("452 4.2.2 Mailbox full", "mailbox is full", "the vendor"),
        ("421 4.3.2 Shutting down", "shutting down", "later"),
        ("550 5.1.1 No such user here", "no such recipient", "report address"),
        ("552 5.2.2 Mailbox full for good", "mailbox is full", "the vendor"),
        ("554 5.7.1 Rejected by policy", "a rule of its own", "must be allowed"),
        ("554 5.7.1 Relay access denied", "machines or accounts it knows", "Log on"),
        ("550 5.7.60 Client does not have permissions to send as this sender", "may not send", "Send As"),
    ] {
        office.lab.refuse(ports.submission, Moment::Recipient, words);
        assert_fails(&walked(&host, &[])?, "recipient", &words[..9], cause, fix);
        office.lab.accept(ports.submission);
    }
    Ok(())
}

#[test]
fn a_refusal_after_the_whole_message_is_told_apart_from_one_that_only_delays_it() -> anyhow::Result<()> {
    let (office, host) = activated()?;
    let submission = office.lab.ports().submission;
    for (words, seen, cause, fix) in [
        ("554 5.7.1 content refused", "554 5.7.1", "refuses its content", "report.json"),
        ("552 5.3.4 Message too big for this mailbox", "552 5.3.4", "larger than the server takes", "8 MiB"),
        ("451 4.3.0 Refused after DATA, try again", "waits", "could not take it", "same bytes"),
    ] {
        office.lab.refuse(submission, Moment::EndOfData, words);
        let steps = walked(&host, &[])?;
        assert_fails(&steps, "test report", seen, cause, fix);
        assert_eq!(step(&steps, "route office", "recipient")["result"], "ok");
        assert_eq!(step(&steps, "delivery", "confirmation")["seen"], "the report was not handed over");
    }
    Ok(())
}

#[test]
fn slow_small_and_limiting_servers_are_named() -> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let ports = office.lab.ports();
    let slow = clear_route("office", ports.slow_rcpt) + "timeout_s = 2\n";
    assert_fails(
        &walked(&with(&office, &slow)?, &[])?,
        "recipient",
        "within 2 s",
        "The server is slow",
        "timeout_s",
    );

    let small = with(&office, &clear_route("office", ports.small_size))?;
    let steps = walked(&small, &["--no-delivery"])?;
    let size = step(&steps, "route office", "size limit");
    assert_eq!(
        (&size["result"], &size["seen"]),
        (&"warning".into(), &"takes mails of up to 19.5 KiB".into())
    );
    assert!(size["fix"].as_str().is_some_and(|fix| fix.contains("8 MiB")), "{size:#}");
    assert_eq!(step(&steps, "delivery", "test report")["result"], "not_run");

    let limited = with(&office, &clear_route("office", ports.rate_limited))?;
    walked(&limited, &["--no-delivery"])?;
    walked(&limited, &["--no-delivery"])?;
    assert_fails(
        &walked(&limited, &["--no-delivery"])?,
        "greeting",
        "421 4.7.0",
        "limits how many",
        "mails_per_hour",
    );
    Ok(())
}

#[test]
fn one_bad_route_of_two_is_named_and_the_report_goes_by_the_other() -> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let routes =
        clear_route("broken", office.lab.ports().unused) + &office.route("office", Way::Starttls, "agent1");
    let host = with(&office, &routes)?;
    let steps = walked(&host, &[])?;
    assert_fails(&steps, "connection (TCP)", "refused", "Nobody listens", "`port`");
    let report = step(&steps, "delivery", "test report");
    assert!(
        report["seen"].as_str().is_some_and(|seen| seen.contains("accepted (route office)")),
        "{report:#}"
    );
    let only = walked(&host, &["--route", "office", "--no-delivery"])?;
    assert!(only.iter().all(|step| step["area"] != "route broken"), "{only:#?}");
    assert_eq!(host.agent.output(&["test", "--route", "nosuch"])?.status.code(), Some(2));
    Ok(())
}

#[test]
fn people_read_it_in_their_language_within_eighty_columns_and_the_saved_log_holds_no_secret()
-> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let secret = "correct-horse-battery";
    let wrong = office.route("office", Way::Starttls, "agent1").replace("agent1-pw", secret);
    let host = with(&office, &wrong)?;
    let config = host.dir.join("agent.toml");
    std::fs::write(&config, format!("locale = \"de\"\n{}", std::fs::read_to_string(&config)?))?;
    let log = host.dir.join("test.log");
    let output = host.agent.output(&["test", "--save", log.to_str().context("UTF-8")?])?;
    let page = String::from_utf8(output.stdout)?;
    for words in [
        "Dieser Host",
        "Route office",
        "FEHLER",
        "Anmeldung",
        "Grund:",
        "Der Server kennt diesen Benutzernamen",
        "Lösung:",
        "entfällt",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains('\u{1b}'), "no terminal, no colours: {page}");
    let wide: Vec<&str> =
        page.lines().filter(|line| line.chars().count() > 80 && line.contains(' ')).collect();
    let breakable = |line: &&&str| line.trim().split(' ').all(|word| word.chars().count() < 40);
    assert!(wide.iter().filter(breakable).count() == 0, "{wide:#?}");
    let saved = std::fs::read_to_string(&log)?;
    assert!(saved.contains("535 5.7.8") && saved.contains("mailbeat-agent "), "{saved}");
    assert!(!saved.contains(secret) && !page.contains(secret), "{saved}");
    Ok(())
}

#[test]
fn before_the_activation_the_routes_are_walked_and_what_is_missing_is_said() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    let steps = walked(&host, &[])?;
    assert!(steps.iter().all(|step| step["result"] != "failed"), "{steps:#?}");
    assert_eq!(step(&steps, "route office", "recipient")["result"], "ok");
    let contract = step(&steps, "this host", "contract");
    assert!(
        contract["result"] == "not_run"
            && contract["fix"].as_str().is_some_and(|fix| fix.contains("activate"))
    );
    assert_eq!(step(&steps, "delivery", "test report")["seen"], "not activated");
    Ok(())
}

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
