//! What is written, once it is confirmed: the configuration, the passwords, and by commands the database.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::wizard::Asker as _;
use mailbeat_shared::wizard::edit::review;
use mailbeat_shared::wizard::stage::{Stage, replace_alike};
use mailbeat_shared::wizard::terminal::Terminal;
use serde::Deserialize;

use super::{SAMPLE, SERVICE, Site};
use crate::setup::people::{self, Person};
use crate::setup::{Reading, Sending};

/// A contact as `contacts list` tells it.
#[derive(Deserialize)]
struct Contact {
    customer: Option<String>,
    #[serde(flatten)]
    person: Person,
}

impl Site<'_> {
    /// Says what will change.
    pub(super) fn show(&self, terminal: &mut Terminal, new: &str) {
        review::show(self.config_path, &self.text, new, SAMPLE, terminal);
        for (file, _) in self.new_passwords() {
            terminal.say(&format!("The password goes into {}.", file.display()));
        }
    }

    /// The passwords that were typed, and where they go.
    fn new_passwords(&self) -> Vec<(PathBuf, Secret)> {
        let (mailbox, outgoing) = (&self.draft.mailbox, &self.draft.outgoing);
        let read_by = mailbox.account.password.clone().filter(|_| mailbox.reading == Reading::Password);
        let sent_by = outgoing.account.password.clone().filter(|_| outgoing.sending == Sending::Password);
        let read_by = read_by.map(|password| (self.files.mailbox.clone(), password));
        read_by.into_iter().chain(sent_by.map(|password| (self.files.outgoing.clone(), password))).collect()
    }

    /// The configuration as it was owned and readable before, and passwords for the receiver's user alone.
    pub(super) fn write(&mut self, new: &str) -> anyhow::Result<()> {
        // Whose the state is may have changed with its directory.
        self.stage = Stage::new(SERVICE.name, self.config_path, &self.draft.state_dir)?;
        if let Some(dir) = self.config_path.parent() {
            fs::create_dir_all(dir).with_context(|| format!("writing {}", self.config_path.display()))?;
        }
        for (file, password) in self.new_passwords() {
            self.stage.write_secret(&file, password.expose())?;
        }
        let accounts = [
            (&mut self.draft.mailbox.account, &self.files.mailbox),
            (&mut self.draft.outgoing.account, &self.files.outgoing),
        ];
        for (account, file) in accounts {
            if account.password.take().is_some() {
                (account.password_file, account.password_inline) = (Some(file.clone()), false);
            }
        }
        if new != self.text || !self.config_path.exists() {
            replace_alike(self.config_path, new.as_bytes())?;
            new.clone_into(&mut self.text);
        }
        self.kept.forget();
        self.written = true;
        Ok(())
    }

    /// Makes database and keys, and the people in the database those who are wanted; says where they are.
    pub(super) fn init(&mut self) -> anyhow::Result<String> {
        let known = self.known_people();
        let first = self.draft.people.first().map(Person::shown).unwrap_or_default();
        let mut args = vec!["init", "--json"];
        if known.is_empty() {
            args.extend(["--contact", first.as_str()]);
        }
        let (well, printed) = self.stage.output(&args)?;
        ensure!(well, "`mailbeat-receiver init` did not go well");
        let ready: serde_json::Value = serde_json::from_slice(&printed).context("what `init` printed")?;
        let known = self.known_people();
        ensure!(
            !known.is_empty(),
            "`mailbeat-receiver contacts list` tells of nobody, and `init` registered {first}"
        );
        people::take_for_the_first(&known, &mut self.draft.people);
        for command in people::commands(&known, &self.draft.people) {
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            ensure!(
                self.stage.output(&command)?.0,
                "`mailbeat-receiver {}` did not go well",
                command.join(" ")
            );
        }
        self.draft.people = self.known_people();
        let fingerprint = ready["vendor_key"].as_str().unwrap_or_default();
        let dir = self.draft.state_dir.display();
        Ok(format!("Database and vendor key are in {dir}. The key's fingerprint: {fingerprint}"))
    }

    /// The vendor's own people in the database, if there is one.
    pub(super) fn known_people(&self) -> Vec<Person> {
        let printed = self.stage.asked(&["contacts", "list", "--json"]).unwrap_or_default();
        let contacts: Vec<Contact> = serde_json::from_slice(&printed).unwrap_or_default();
        contacts
            .into_iter()
            .filter(|contact| contact.customer.is_none())
            .map(|contact| contact.person)
            .collect()
    }
}
