//! A site whose only way out is an HTTP proxy that wants a password: tokens and mail go through it, for both programs, and a proxy
//! that is dead or says no is named with the way out.

use anyhow::Context as _;
use mailbeat_tests::accounts::{Account, imaps, route, transport};
use mailbeat_tests::lab::{HttpProxy, Lab};
use mailbeat_tests::office::{Office, RULES};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::Host;

use super::steps::{failed, walked};

/// The host's route with these proxies for the mail and, where it is another one, for the tokens.
fn through(lab: &Lab, mail: &str, tokens: &str) -> anyhow::Result<String> {
    let table = route(lab, "office", "agent1", Account::Secret("agent1"))?;
    let own = if tokens.is_empty() { String::new() } else { format!("proxy = {tokens}\n") };
    Ok(table.replace("[route.oauth]\n", &format!("proxy = {mail}\n[route.oauth]\n{own}")))
}

/// The vendor's tables: tokens and outgoing mail through the proxy. Mailboxes are read directly.
fn vendor(lab: &Lab, proxy: &HttpProxy) -> anyhow::Result<String> {
    let line = format!("proxy = {}\n", proxy.table());
    let tables = transport(lab, Account::Secret("reports"), &imaps(lab))?;
    let tables = tables.replace("account = \"vendor\"\n", &format!("account = \"vendor\"\n{line}"));
    Ok(tables.replace("\n[outgoing.oauth]\n", &format!("\n{line}[outgoing.oauth]\n")))
}

fn place(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

#[test]
fn tokens_and_mail_of_both_programs_go_through_the_proxy_and_wait_while_it_is_dead() -> anyhow::Result<()> {
    let lab = Lab::builder().users(&["operator"]).oauth(3_600).start()?;
    let proxy = lab.http_proxy(&[])?;
    let tables = vendor(&lab, &proxy)?;
    let office = Office::among(lab, &tables, RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let receiver = office.vendor.start()?;
    let host = office.host("scada-01", &through(&office.lab, &proxy.table(), "")?)?;
    host.activate(&office.vendor, &contract)?;
    let _agent = host.start()?;
    office.vendor.await_system("scada-01", "alive")?;
    let ports = office.lab.ports();
    let provider = format!("localhost:{}", ports.oauth_https);
    assert!(proxy.asked_for(&provider) >= 2, "the tokens of both programs went another way");
    assert!(proxy.asked_for(&place(ports.submission)) >= 1, "the reports went another way");

    proxy.stop()?;
    let status = wait_for("the dead proxy to be told", PATIENCE, || {
        let status = host.agent.json(&["status"])?;
        let why = status["last_failure"]["what"].as_str().unwrap_or_default();
        Ok(why.starts_with("no way through the proxy").then_some(status))
    })?;
    assert!(status["last_failure"]["what"].as_str().is_some_and(|why| why.contains("is not reached")));
    assert!(status["last_failure"]["advice"].as_str().is_some_and(|advice| advice.contains("`proxy`")));
    office.vendor.await_ticket("heartbeat-missing", "scada-01", "open")?;
    wait_for("the operator's mail to wait for the proxy", PATIENCE, || {
        Ok(receiver.log().contains("no way through the proxy").then_some(()))
    })?;

    proxy.lets_out_to(&[])?;
    let last = status["last_accepted"]["sequence"].as_u64().context("something was accepted before")?;
    host.await_sent(last + 2)?;
    office.vendor.await_ticket("heartbeat-missing", "scada-01", "resolved")?;
    office.await_mail("operator", &["scada-01"])?;
    assert!(proxy.asked_for(&place(ports.submissions)) >= 1, "the notification went another way");
    let lost: Vec<_> = host.trail()?.into_iter().filter(|line| line["outcome"]["fate"] == "lost").collect();
    assert!(lost.is_empty(), "{lost:#?}");
    Ok(())
}

/// The failed step of the host with these tables, and that its words contain each of `words`.
fn assert_fails(office: &Office, routes: &str, step: &str, words: &[&str]) -> anyhow::Result<()> {
    let host = Host::new(&office.dir().join("scada-01"), "scada-01", routes)?;
    let (name, said) =
        failed(&walked(&host.agent, &["--no-delivery"])?, "route office").context(step.to_owned())?;
    assert_eq!(name, step, "{said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("proxy-pw"), "{said}");
    Ok(())
}

#[test]
fn a_proxy_that_is_dead_or_says_no_is_told_apart_by_step_cause_and_fix() -> anyhow::Result<()> {
    let lab = Lab::builder().users(&["operator"]).oauth(3_600).start()?;
    let tables = transport(&lab, Account::Secret("reports"), &imaps(&lab))?;
    let office = Office::among(lab, &tables, RULES)?;
    let (lab, ports) = (&office.lab, office.lab.ports());
    let proxy = lab.http_proxy(&[])?;
    let (known, nameless) = (proxy.table(), proxy.nameless_table());
    let good = through(lab, &known, "")?;
    let host = Host::new(&office.dir().join("scada-01"), "scada-01", &good)?;
    let steps = walked(&host.agent, &["--no-delivery"])?;
    assert_eq!(failed(&steps, "route office"), None);
    let opened = steps.iter().find(|step| step["name"] == "proxy").context("the proxy is a step")?;
    assert_eq!(opened["seen"], format!("opened the way to {}", place(ports.submission)), "{opened:#}");

    let stranger = ["(407)", "wants a user name and a password", "`username` and `password_file` of `proxy`"];
    assert_fails(&office, &through(lab, &nameless, "")?, "proxy", &stranger)?;
    // Accounts of their own: the token that is kept would do.
    let other = through(lab, &known, &nameless)? + "account = \"other\"\n";
    assert_fails(&office, &other, "token", &stranger)?;

    let closed = ["403", "does not let this machine through", "allow CONNECT"];
    proxy.lets_out_to(&[ports.oauth_https])?;
    assert_fails(&office, &good, "proxy", &[&closed[..], &[&place(ports.submission)]].concat())?;
    proxy.lets_out_to(&[ports.submission])?;
    let provider = format!("localhost:{}", ports.oauth_https);
    let anew = good.clone() + "account = \"anew\"\n";
    assert_fails(&office, &anew, "token", &[&closed[..], &[&provider]].concat())?;

    proxy.stop()?;
    let dead = ["is not reached", "refused", "itself does not answer", "`host` and `port` of `proxy`"];
    assert_fails(&office, &good, "connection (TCP)", &dead)?;
    let elsewhere = known.replace("127.0.0.1", "no-such-proxy.invalid");
    let nowhere = through(lab, &elsewhere, "")?;
    assert_fails(&office, &nowhere, "name (DNS)", &["no-such-proxy.invalid", "itself does not answer"])
}
