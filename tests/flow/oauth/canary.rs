//! No secret and no token leaves the files it belongs to: not into logs, errors, reports, tickets or other state.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mailbeat_tests::accounts::{Account, office, route, sign_in, tokens};
use mailbeat_tests::office::RULES;
use mailbeat_tests::programs::{PATIENCE, wait_for};
use serde_json::Value;

/// Every file below a directory.
fn files(dir: &Path, into: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { files(&path, into)? } else { into.push(path) }
    }
    Ok(())
}

/// The tokens in an account's file.
fn secrets_of(file: &Path) -> anyhow::Result<Vec<String>> {
    let kept: Value = serde_json::from_slice(&fs::read(file).with_context(|| file.display().to_string())?)?;
    let token = |kind: &str| kept[kind]["token"].as_str().map(str::to_owned);
    Ok(["access", "refresh"].into_iter().filter_map(token).collect())
}

#[test]
fn no_secret_and_no_token_is_anywhere_but_in_its_own_file() -> anyhow::Result<()> {
    let office = office(5, Account::Secret("reports"), RULES)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 1, 3_600)?;
    let vendor = office.vendor.receiver.with_env("MAILBEAT_LOG", "trace");
    let receiver = vendor.start(&["run"], &office.vendor.dir.join("receiver.log"))?;
    let table = route(&office.lab, "office", "agent1", Account::Person("device_code"))?;
    let host = office.host("scada-01", &table)?;
    host.activate(&office.vendor, &contract)?;
    sign_in(&office.lab, office.dir(), &host.agent, "--device", "agent1")?;
    let own = tokens(&host.dir.join("state"), "office");
    let vendors = tokens(&office.vendor.dir.join("state"), "vendor");
    let mut secrets = vec!["reports-secret".to_owned()];
    let agent = host.agent.with_env("MAILBEAT_LOG", "debug");
    let agent = agent.start(&["run"], &host.dir.join("agent.log"))?;
    office.vendor.await_system("scada-01", "alive")?;

    // Several generations of tokens, a refusal at the mail server and one at the provider.
    for deed in ["wait", "expire", "revoke"] {
        secrets.extend(secrets_of(&own)?.into_iter().chain(secrets_of(&vendors)?));
        match deed {
            "wait" => {
                let first = secrets.len();
                wait_for("a token to be replaced by itself", PATIENCE, || {
                    // Who is connected stays; a session anew asks for a token that is good.
                    let sent = host.agent.json(&["status"])?["last_accepted"]["sequence"].as_u64();
                    office.lab.restart_postfix()?;
                    host.await_sent(sent.unwrap_or(0) + 1)?;
                    let now = secrets_of(&own)?;
                    Ok(now.iter().any(|token| !secrets[..first].contains(token)).then_some(()))
                })?;
            }
            "expire" => office.lab.expire_access_tokens()?,
            _ => office.lab.revoke_everything()?,
        }
        office.lab.restart_postfix()?;
    }
    wait_for("the refusal to be told", PATIENCE, || {
        let status = host.agent.run(&["status"])?;
        Ok(status.contains("invalid_grant").then_some(()))
    })?;
    secrets.sort();
    secrets.dedup();
    assert!(
        secrets.len() >= 5 && secrets.iter().all(|secret| secret.len() > 10),
        "{} secrets",
        secrets.len()
    );

    // Nothing is being written while it is looked at.
    receiver.terminate()?;
    agent.terminate()?;
    let mut written = vec![];
    files(office.dir(), &mut written)?;
    assert!(written.len() > 20, "{written:?}");
    for file in written.iter().filter(|file| **file != own && **file != vendors) {
        let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
        let found = secrets.iter().find(|secret| text.contains(secret.as_str()));
        assert!(found.is_none(), "a secret or token is in {}", file.display());
    }
    for said in [
        host.agent.run(&["status", "--json"])?,
        host.agent.run(&["oauth", "status", "--json"])?,
        host.agent.run(&["config", "show"])?,
        vendor.run(&["oauth", "status"])?,
    ] {
        assert!(!secrets.iter().any(|secret| said.contains(secret.as_str())), "{said}");
    }
    for file in [own, vendors] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    Ok(())
}
