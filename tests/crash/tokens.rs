//! A4: killed around the moment at which a new refresh token is kept. Over a real OAuth server, which gives each new one once.

use mailbeat_tests::accounts::{Account, office, refresh_token, route, sign_in};
use mailbeat_tests::office::{Office, RULES};
use mailbeat_tests::programs::Build;
use mailbeat_tests::world::Host;

/// The step of the crash table that is told here.
pub(crate) const STEP: &str = "A4";

/// A host with a consent, whose next attempt to send refreshes and dies at `point`.
fn killed(point: &str) -> anyhow::Result<(Office, Host, String)> {
    let office = office(3_600, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 36_000)?;
    let table = route(&office.lab, "office", "agent1", Account::Person("device_code"))?;
    let host = Host::with_build(&office.dir().join("scada-01"), "scada-01", &table, Build::CrashPoints)?;
    host.activate(&office.vendor, &contract)?;
    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    let before = refresh_token(&host, "office")?;
    office.lab.expire_access_tokens()?;
    let died = host.agent.with_env("MAILBEAT_CRASH_AT", point).output(&["send", "test"])?;
    anyhow::ensure!(
        !died.status.success() && died.status.code().is_none(),
        "it did not die at {point}: {died:?}"
    );
    Ok((office, host, before))
}

#[test]
fn killed_before_the_new_token_is_kept_the_refusal_says_so_and_a_new_consent_mends_it() -> anyhow::Result<()>
{
    let (office, host, before) = killed("A4.before")?;
    assert_eq!(refresh_token(&host, "office")?, before, "the new one never reached the disk");
    assert!(!host.send("test")?, "the provider takes the old one for stolen");
    let why = host.last_failure()?;
    assert!(why.contains("invalid_grant") && why.contains("was interrupted"), "{why}");
    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    assert!(host.send("test")?, "{}", host.last_failure()?);
    Ok(())
}

#[test]
fn killed_after_the_new_token_is_kept_it_goes_on_as_if_nothing_had_happened() -> anyhow::Result<()> {
    let (_office, host, before) = killed("A4.after")?;
    assert_ne!(refresh_token(&host, "office")?, before);
    assert!(host.send("test")?, "{}", host.last_failure()?);
    Ok(())
}
