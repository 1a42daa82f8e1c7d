//! The sample configurations that people copy are ones the programs take, and the reference names every key they show.

use std::path::Path;

use mailbeat_shared::config_file;
use mailbeat_shared::wire::limits;

const AGENT: &str = include_str!("../../packaging/agent.toml");
const RECEIVER: &str = include_str!("../../packaging/receiver.toml");
const REFERENCE: &str = include_str!("../../docs/configuration.md");

/// The sample with every commented key switched on.
fn uncommented(sample: &str) -> String {
    let switch_on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest.to_owned(),
        _ => line.to_owned(),
    };
    let pin = format!("sha256:{}", "0".repeat(64));
    sample.lines().map(switch_on).collect::<Vec<_>>().join("\n").replace("sha256:...", &pin)
}

#[test]
fn the_agent_takes_its_sample_also_with_every_commented_key_switched_on() {
    for text in [AGENT.to_owned(), uncommented(AGENT)] {
        let config: mailbeat_agent::config::Config =
            config_file::parse(Path::new("agent.toml"), &text).unwrap();
        assert_eq!(config.route.len(), 1);
    }
}

#[test]
fn the_receiver_takes_its_sample_also_with_every_commented_key_switched_on() {
    for text in [RECEIVER.to_owned(), uncommented(RECEIVER)] {
        let config: mailbeat_receiver::config::Config =
            config_file::parse(Path::new("receiver.toml"), &text).unwrap();
        assert_eq!((config.mailboxes.len(), config.ping.is_some()), (1, text != RECEIVER));
    }
}

#[test]
fn every_key_of_the_samples_is_in_the_reference() {
    for sample in [AGENT, RECEIVER, mailbeat_receiver::evaluate::rules::DEFAULT] {
        for line in uncommented(sample).lines().filter(|line| !line.starts_with('#')) {
            let key = line.split('=').next().unwrap_or_default().trim();
            if line.contains('=') && key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                assert!(
                    REFERENCE.contains(&format!("`{key}`")),
                    "docs/configuration.md does not name `{key}`"
                );
            }
        }
    }
}

/// A mail that the agent makes goes through the relay, and what goes through is read by the receiver.
#[test]
fn the_relays_size_limit_lies_between_ours() {
    let postfix = include_str!("../../packaging/mailserver/main.cf");
    let limit = postfix.lines().find_map(|line| line.strip_prefix("message_size_limit = ")).unwrap();
    let limit: u64 = limit.parse().unwrap();
    assert!(limits::SYSTEM_MAIL_BYTES as u64 + 65_536 < limit && limit <= limits::MAIL_BYTES, "{limit}");
}

/// Every key of the agent there is, with its default, as `config show` prints it.
#[test]
fn every_key_of_the_agent_is_in_its_sample_and_in_the_reference() {
    let shown = mailbeat_agent::config::Config::default().shown();
    let keys: Vec<&str> =
        shown.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect();
    assert!(keys.len() > 25, "{shown}");
    for key in keys.into_iter().filter(|key| *key != "route") {
        let in_sample = uncommented(AGENT).lines().any(|line| line.starts_with(&format!("{key} = ")));
        assert!(in_sample, "packaging/agent.toml does not show `{key}`");
        assert!(REFERENCE.contains(&format!("`{key}`")), "docs/configuration.md does not name `{key}`");
    }
}
