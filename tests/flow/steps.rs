//! `mailbeat-agent test` against every mood of a mail server: the step where it ends, the likely cause, and the way out.

mod moods;
mod receiver;

use anyhow::Context as _;
use mailbeat_tests::office::{Office, RULES, Way, clear_route};
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
