//! What the DNS says of mail domains, by a real DNS server: hints in the tests of both programs, and proposals in the wizard.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use mailbeat_tests::lab::DnsServer;
use mailbeat_tests::office::{Office, RULES, clear_route};
use mailbeat_tests::programs::{Build, Program, file};
use mailbeat_tests::screen::Screen;
use mailbeat_tests::world::Host;
use serde_json::Value;

use crate::steps::{step, walked};

/// A server that mail is handed to by name: this machine asks itself, and the DNS has another address for it, as sites do whose
/// own DNS knows inside names.
const SERVER: &str = "host-record=localhost,198.51.100.7";
const VENDOR: &str = "mx-host=example.test,mx.example.test,10";

/// Lets a configuration file name this DNS server instead of the one there is in every story.
fn ask(config: &Path, dns: &DnsServer) -> anyhow::Result<()> {
    let line = |line: &str| match line.split_once("servers = [\"") {
        Some((before, _)) => format!("{before}servers = [\"{}\"]\n", dns.address()),
        None => format!("{line}\n"),
    };
    let text = fs::read_to_string(config)?;
    Ok(fs::write(config, text.lines().map(line).collect::<String>())?)
}

/// An office with an activated host that sends as `agent@acme.test` by the server `localhost`.
fn activated() -> anyhow::Result<(Office, Host)> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let route = clear_route("office", office.lab.ports().mx).replace("\"127.0.0.1\"", "\"localhost\"");
    let host = office.host("scada-01", &route)?;
    host.activate(&office.vendor, &contract)?;
    Ok((office, host))
}

#[test]
fn each_hint_about_a_domain_names_what_stands_there_what_it_means_and_what_to_do() -> anyhow::Result<()> {
    let (_office, host) = activated()?;
    let (mx, spf) =
        ("mx-host=acme.test,mx.acme.test,10", "txt-record=acme.test,v=spf1 ip4:198.51.100.0/24 -all");
    let (sender_mx, sender_spf, recipient) =
        ("sender's domain (MX)", "sender's domain (SPF)", "recipient's domain (MX)");
    for (records, name, result, seen, cause, fix) in [
        (&[mx, spf][..], sender_mx, "ok", "acme.test: mx.acme.test", "", ""),
        (
            &[mx, spf],
            sender_spf,
            "ok",
            "localhost (198.51.100.7) may send for acme.test: ip4:198.51.100.0/24",
            "",
            "",
        ),
        (&[mx, spf], recipient, "ok", "example.test: mx.example.test", "", ""),
        (&[spf], sender_mx, "warning", "acme.test has no MX", "bounces are lost", "has an MX"),
        (&[], sender_mx, "warning", "acme.test does not exist", "inside only, or mistyped", "Correct `from`"),
        (&[mx], sender_spf, "warning", "has no SPF record", "does not say who sends", "v=spf1 mx -all"),
        (
            &[mx, "txt-record=acme.test,v=spf1 mx -all", "host-record=mx.acme.test,203.0.113.9"],
            sender_spf,
            "warning",
            "localhost (198.51.100.7) is not named",
            "does not send by this server",
            "let its administrator add this one",
        ),
        (
            &[
                mx,
                "txt-record=acme.test,v=spf1 include:provider.test ~all",
                "txt-record=provider.test,v=spf1 a:localhost -all",
            ],
            sender_spf,
            "ok",
            "include:provider.test",
            "",
            "",
        ),
        (
            &[mx, "txt-record=acme.test,v=spf1 include:gone.test -all"],
            sender_spf,
            "warning",
            "includes gone.test",
            "has a fault",
            "administrator",
        ),
    ] {
        let dns = DnsServer::start(&[records, &[SERVER, VENDOR]].concat())?;
        ask(&host.dir.join("agent.toml"), &dns)?;
        let steps = walked(&host, &["--no-delivery"])?;
        let found = step(&steps, "route office", name);
        assert_eq!(found["result"], result, "{records:?}: {found:#}");
        for (key, words) in [("seen", seen), ("cause", cause), ("fix", fix)] {
            let said = found[key].as_str().unwrap_or_default();
            assert!(said.contains(words), "{records:?}: {key} says nothing of {words:?}: {found:#}");
        }
        assert!(steps.iter().all(|step| step["result"] != "failed"), "a hint is no failure: {steps:#?}");
    }
    Ok(())
}

#[test]
fn a_dns_server_that_is_dead_costs_one_wait_and_no_route() -> anyhow::Result<()> {
    let (_office, host) = activated()?;
    let dns = DnsServer::start(&[])?;
    ask(&host.dir.join("agent.toml"), &dns)?;
    dns.stop()?;
    let steps = walked(&host, &["--no-delivery"])?;
    let dead = step(&steps, "route office", "sender's domain (MX)");
    assert_eq!(dead["result"], "not_run", "{dead:#}");
    assert!(dead["seen"].as_str().is_some_and(|seen| seen.contains(&dns.address())), "{dead:#}");
    assert!(dead["cause"].as_str().is_some_and(|cause| cause.contains("No DNS server answers")), "{dead:#}");
    assert!(dead["fix"].as_str().is_some_and(|fix| fix.contains("[dns] servers")), "{dead:#}");
    for name in ["sender's domain (SPF)", "recipient's domain (MX)"] {
        assert_eq!(step(&steps, "route office", name)["seen"], "not asked: the DNS was silent before");
    }
    assert_eq!(step(&steps, "route office", "recipient")["result"], "ok");
    assert!(host.send("heartbeat")?, "nothing that is sent depends on it");
    Ok(())
}

#[test]
fn behind_a_proxy_nobody_is_asked_unless_somebody_was_named() -> anyhow::Result<()> {
    let (office, host) = activated()?;
    let config = host.dir.join("agent.toml");
    let text = fs::read_to_string(&config)?
        + &format!("proxy = {{ host = \"127.0.0.1\", port = {} }}\n", office.lab.ports().unused);
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("dns.servers"))
        .map(|line| format!("{line}\n"))
        .collect();
    for (text, seen) in
        [(&without, "the route goes through a proxy"), (&text, "cannot answer for acme.test: REFUSED")]
    {
        fs::write(&config, text)?;
        let steps = walked(&host, &["--no-delivery"])?;
        let asked = step(&steps, "route office", "sender's domain (MX)");
        assert_eq!(asked["result"], "not_run", "{asked:#}");
        assert!(asked["seen"].as_str().is_some_and(|said| said.contains(seen)), "{asked:#}");
    }
    Ok(())
}

#[test]
fn the_receivers_test_looks_at_its_own_domains_too() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let dns = DnsServer::start(&["txt-record=example.test,v=spf1 -all"])?;
    ask(&office.vendor.dir.join("receiver.toml"), &dns)?;
    let told = office.vendor.receiver.json(&["test"])?;
    let steps = told["steps"].as_array().context("steps")?;
    let mx = step(steps, "outgoing mail", "sender's domain (MX)");
    assert_eq!(
        (&mx["result"], &mx["seen"]),
        (&Value::from("warning"), &Value::from("example.test has no MX"))
    );
    let spf = step(steps, "outgoing mail", "sender's domain (SPF)");
    assert!(
        spf["seen"].as_str().is_some_and(|seen| seen.contains("127.0.0.1 sends outside is not known")),
        "{spf:#}"
    );
    Ok(())
}

#[test]
fn the_wizard_proposes_the_server_that_the_domain_names() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let dns = DnsServer::start(&["srv-host=_submissions._tcp.acme.test,smtp.acme.test,4650,0,0"])?;
    let config = office.dir().join("agent.toml");
    fs::write(&config, format!("[dns]\nservers = [\"{}\"]\n", dns.address()))?;
    let command = format!(
        "NO_COLOR=1 LANG=C MAILBEAT_STATE_DIR={:?} {} setup --config {config:?}",
        office.dir().join("state"),
        file(Program::Agent, Build::Ordinary)?.display()
    );
    let screen = Screen::open("proposals", &command)?;
    screen.answer("Language / Sprache", "")?;
    screen.answer("The contract file", contract.to_str().context("UTF-8")?)?;
    for question in [
        "A heartbeat every",
        "A system report every",
        "What may be said",
        "Which configuration files",
        "Other files:",
        "How does mail leave?",
    ] {
        screen.answer(question, "")?;
    }
    screen.answer("Sender's mail address:", "scada-01@acme.test")?;
    let page = screen.await_words("Mail server: (smtp.acme.test:4650)")?;
    assert!(page.contains("The DNS names this server for your domain"), "{page}");
    screen.press("Enter")?;
    screen.await_words("Port 4650, TLS from the first byte, user scada-01@acme.test")?;
    Ok(())
}
