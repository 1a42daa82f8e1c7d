//! Mail accounts by OAuth, over a real OAuth server that Dovecot and, through it, Postfix ask about every token.

mod canary;
mod proxy;
mod steps;
mod trouble;
mod warning;

use mailbeat_tests::accounts::{Account, office, refresh_token, route, sign_in, tokens};
use mailbeat_tests::office::RULES;

#[test]
fn both_programs_work_by_tokens_alone_with_a_secret_and_with_a_certificate() -> anyhow::Result<()> {
    let office = office(6, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let _receiver = office.vendor.start()?;
    for (name, user, how) in
        [("scada-01", "agent1", Account::Secret("agent1")), ("scada-02", "agent2", Account::Certificate)]
    {
        let host = office.host(name, &route(&office.lab, "office", user, how)?)?;
        host.activate(&office.vendor, &contract)?;
        let agent = host.start()?;
        office.vendor.await_system(name, "alive")?;
        if name == "scada-02" {
            // Longer than a token lasts, and the session is another one: the next token comes by itself.
            let sent = host.agent.json(&["status"])?["last_accepted"]["sequence"].as_u64().unwrap_or(0);
            host.await_sent(sent + 6)?;
            office.lab.restart_postfix()?;
            host.await_sent(sent + 9)?;
            continue;
        }
        agent.kill();
        office.vendor.await_ticket("heartbeat-missing", name, "open")?;
    }
    office.await_mail("operator", &["scada-01"])?;
    let signed_in = office.lab.logs();
    anyhow::ensure!(signed_in.contains("OAUTHBEARER"), "the token was not what let them in:\n{signed_in}");
    Ok(())
}

#[test]
fn a_person_signs_in_by_a_code_and_every_refresh_keeps_a_new_refresh_token() -> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 36_000)?;
    let host =
        office.host("scada-01", &route(&office.lab, "office", "agent1", Account::Person("device_code"))?)?;
    host.activate(&office.vendor, &contract)?;
    assert!(!host.send("test")?, "nobody has signed in");
    let why = host.last_failure()?;
    assert!(why.contains("mailbeat-agent oauth login office"), "{why}");

    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    assert!(host.send("test")?, "{}", host.last_failure()?);
    let first = refresh_token(&host, "office")?;
    office.lab.expire_access_tokens()?;
    assert!(host.send("test")?, "one forced refresh: {}", host.last_failure()?);
    let second = refresh_token(&host, "office")?;
    assert_ne!(first, second, "the provider rotates, and the new one is kept");

    let shown = host.agent.json(&["oauth", "status"])?;
    assert_eq!(shown[0]["account"], "office");
    assert!(shown[0]["consented_at"].is_string() && shown[0]["refusing"].is_null(), "{shown:#}");
    host.agent.run(&["oauth", "forget", "office"])?;
    assert!(!tokens(&host.dir.join("state"), "office").exists());
    assert!(!host.send("test")?, "it was forgotten");
    Ok(())
}

#[test]
fn a_person_signs_in_by_the_browser_of_this_machine() -> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 36_000)?;
    let account = Account::Person("authorization_code");
    let host = office.host("scada-01", &route(&office.lab, "office", "agent1", account)?)?;
    host.activate(&office.vendor, &contract)?;
    let ended_at = sign_in(&office.lab, office.dir(), &host.agent, "--browser", "agent1")?;
    assert!(ended_at.starts_with("http://localhost:"), "{ended_at}");
    assert!(host.send("test")?, "{}", host.last_failure()?);
    Ok(())
}

#[test]
fn a_token_for_another_mailbox_opens_nothing_and_the_servers_words_are_told() -> anyhow::Result<()> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 36_000)?;
    let host =
        office.host("scada-01", &route(&office.lab, "office", "agent2", Account::Secret("agent1"))?)?;
    host.activate(&office.vendor, &contract)?;
    assert!(!host.send("test")?);
    let why = host.last_failure()?;
    assert!(why.starts_with("authentication failed: 535"), "{why}");
    Ok(())
}
