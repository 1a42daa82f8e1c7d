//! The vendor's wizard without a person: from a file of answers, also as root for another user.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mailbeat_tests::world::{OPERATOR, REPORTS};

use super::{CUSTOMER, Town, utf8};

impl Town {
    /// A file of answers that decides everything.
    pub(super) fn answers(&self) -> anyhow::Result<PathBuf> {
        let (ports, ca) = (self.lab.ports(), self.lab.ca());
        let answers = self.dir.path().join("answers.toml");
        fs::write(
            &answers,
            format!(
                "vendor = \"Pumpen GmbH\"\nstate_dir = {:?}\npeople = [{{ contact = \"Olivia <{OPERATOR}>\", locale = \"de\" }}, {{ contact = \"manager@example.test\" }}]\n\n[mailbox]\nby = \"server\"\naddress = \"{REPORTS}\"\nhost = \"127.0.0.1\"\nport = {}\ntls_ca = {ca:?}\n\n[outgoing]\nby = \"server\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"implicit\"\nusername = \"{REPORTS}\"\ntls_ca = {ca:?}\n\n[customer]\nname = \"{CUSTOMER}\"\ncontact = \"customer@example.test\"\ndirectory = {:?}\n",
                self.vendor().join("state"),
                ports.imaps,
                ports.submissions,
                self.customer()
            ),
        )?;
        Ok(answers)
    }
}

#[test]
fn a_file_of_answers_sets_a_receiver_up_without_asking_and_once_more_changes_nothing() -> anyhow::Result<()> {
    let town = Town::new()?;
    let answers = town.answers()?;
    let answers = utf8(&answers)?;
    let receiver = town.receiver()?;
    // Without a terminal and without answers nobody can be asked; without a password nothing is written.
    assert_eq!(receiver.output(&["setup"])?.status.code(), Some(2));
    assert_eq!(receiver.output(&["setup", "--answers", answers])?.status.code(), Some(2));
    assert!(!town.config().exists());
    let receiver = receiver
        .with_env("MAILBEAT_SETUP_PASSWORD", "reports-pw")
        .with_env("MAILBEAT_SETUP_OUTGOING_PASSWORD", "reports-pw");
    let dry = receiver.run(&["setup", "--answers", answers, "--dry-run"])?;
    assert!(dry.contains("+ host = \"127.0.0.1\"") && !town.config().exists(), "{dry}");
    let page = receiver.run(&["setup", "--answers", answers])?;
    assert!(page.contains("\n  mailbeat-agent setup --answers FILE --accept\n"), "{page}");
    let written = fs::read_to_string(town.config())?;
    let contacts = receiver.json(&["contacts", "list"])?;
    let told = |at: usize| {
        (contacts[at]["email"].clone(), contacts[at]["customer"].clone(), contacts[at]["locale"].clone())
    };
    assert_eq!(told(0), ("customer@example.test".into(), CUSTOMER.into(), "en".into()));
    assert_eq!(told(1), (OPERATOR.into(), serde_json::Value::Null, "de".into()));
    assert_eq!(told(2), ("manager@example.test".into(), serde_json::Value::Null, serde_json::Value::Null));

    let again = receiver.run(&["setup", "--answers", answers])?;
    assert!(again.contains("has contract") && !again.contains("+ "), "{again}");
    assert_eq!(fs::read_to_string(town.config())?, written);
    assert_eq!(receiver.json(&["contacts", "list"])?, contacts);
    assert_eq!(receiver.json(&["contracts", "list"])?.as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn run_as_root_it_acts_as_the_user_whose_the_state_directory_is() -> anyhow::Result<()> {
    const NOBODY: u32 = 65_534;
    let town = Town::new()?;
    for dir in [town.dir.path(), &town.vendor()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    }
    let state = town.vendor().join("state");
    fs::create_dir(&state)?;
    chown(&state, Some(NOBODY), Some(NOBODY))?;
    let receiver = town.receiver()?.copied_to(town.dir.path())?;
    receiver
        .with_env("MAILBEAT_SETUP_PASSWORD", "reports-pw")
        .with_env("MAILBEAT_SETUP_OUTGOING_PASSWORD", "reports-pw")
        .run(&["setup", "--answers", utf8(&town.answers()?)?])?;
    let whose = |path: &Path| -> anyhow::Result<(u32, u32)> {
        let file = fs::metadata(path).with_context(|| path.display().to_string())?;
        Ok((file.uid(), file.mode() & 0o777))
    };
    for name in ["receiver.db", "vendor.key", "encryption.keys"] {
        assert_eq!(whose(&state.join(name))?.0, NOBODY, "{name}");
    }
    for name in ["receiver-imap-password", "receiver-smtp-password"] {
        assert_eq!(whose(&town.vendor().join(name))?, (NOBODY, 0o600), "{name}");
    }
    let contracts: Vec<PathBuf> = fs::read_dir(town.customer())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "contract"))
        .collect();
    assert_eq!(contracts.len(), 1, "{contracts:?}");
    assert_eq!(whose(&contracts[0])?, (0, 0o600), "the contract is the person's");
    assert!(!state.join("setup.contract").exists(), "nothing is left where it passed");
    Ok(())
}
