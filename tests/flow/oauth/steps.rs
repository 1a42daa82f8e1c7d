//! `mailbeat-agent test` and `mailbeat-receiver test` with accounts by OAuth: the step where it ends, the cause, the way out.

use anyhow::Context as _;
use mailbeat_tests::accounts::{Account, office, route, sign_in};
use mailbeat_tests::office::{Office, RULES};
use mailbeat_tests::programs::Installed;
use mailbeat_tests::world::Host;
use serde_json::Value;

/// The steps of a program, without delivery.
pub(super) fn walked(program: &Installed, args: &[&str]) -> anyhow::Result<Vec<Value>> {
    let output = program.output(&[&["test", "--json"], args].concat())?;
    let told: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))?;
    Ok(told["steps"].as_array().context("steps")?.clone())
}

/// The last failed step of an area: its name, and what was seen, cause and fix in one text.
pub(super) fn failed(steps: &[Value], area: &str) -> Option<(String, String)> {
    let found = steps.iter().rfind(|step| step["area"] == area && step["result"] == "failed")?;
    let said = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    Some((said("name"), [said("seen"), said("cause"), said("fix")].join(" | ")))
}

fn activated(how: Account, seconds: u32) -> anyhow::Result<(Office, Host)> {
    let office = office(seconds, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let host = office.host("scada-01", &route(&office.lab, "office", "agent1", how)?)?;
    host.activate(&office.vendor, &contract)?;
    Ok((office, host))
}

fn look(host: &Host) -> anyhow::Result<Option<(String, String)>> {
    Ok(failed(&walked(&host.agent, &["--no-delivery"])?, "route office"))
}

#[test]
fn a_token_that_is_missing_revoked_or_expired_is_told_apart_by_step_cause_and_fix() -> anyhow::Result<()> {
    let (office, host) = activated(Account::Person("device_code"), 3_600)?;
    let (step, said) = look(&host)?.context("nobody has signed in")?;
    assert_eq!(step, "token", "{said}");
    assert!(
        said.contains("mailbeat-agent oauth login office") && said.contains("Run `oauth login`"),
        "{said}"
    );

    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    assert_eq!(look(&host)?, None);
    office.lab.expire_access_tokens()?;
    assert_eq!(look(&host)?, None, "an expired token is replaced");
    office.lab.revoke_everything()?;
    let (step, said) = look(&host)?.context("the consent was revoked")?;
    assert_eq!(step, "authentication", "the kept token is tried first: {said}");
    assert!(said.contains("invalid_grant") && said.contains("The consent is no longer valid"), "{said}");
    Ok(())
}

#[test]
fn a_wrong_scope_a_wrong_secret_and_a_dead_oauth_server_are_told_apart() -> anyhow::Result<()> {
    let (office, host) = activated(Account::Secret("agent1"), 3_600)?;
    assert_eq!(look(&host)?, None);
    let config = host.dir.join("agent.toml");
    let right = std::fs::read_to_string(&config)?;

    std::fs::write(&config, right.replace("scopes = [\"mail\"]", "scopes = [\"calendar\"]"))?;
    let (step, said) = look(&host)?.context("the scope is not the one")?;
    assert!(step == "token" || step == "authentication", "{step}: {said}");
    assert!(said.contains("scope"), "{said}");

    let wrong = host.dir.join("wrong-secret");
    std::fs::write(&wrong, "guessed\n")?;
    let secret = office.lab.secret_file("agent1")?;
    let other = right.replace(&format!("{secret:?}"), &format!("{wrong:?}")) + "account = \"other\"\n";
    std::fs::write(&config, other)?;
    let (step, said) = look(&host)?.context("the secret is wrong")?;
    assert_eq!(step, "token", "{said}");
    assert!(
        said.contains("invalid_client") && said.contains("client_secret_file") && !said.contains("guessed"),
        "{said}"
    );

    std::fs::write(&config, right + "account = \"third\"\n")?;
    office.lab.stop_oauth()?;
    let (step, said) = look(&host)?.context("the OAuth server is dead")?;
    assert_eq!(step, "token", "{said}");
    assert!(said.contains("connection refused"), "{said}");
    let (step, said) =
        failed(&walked(&office.vendor.receiver, &[])?, "mailbox reports").context("dead for both")?;
    assert_eq!(step, "token", "{said}");
    Ok(())
}
