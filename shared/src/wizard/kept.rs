//! Answers in files: those of an account, which both programs' files hold in the same words, and the file that a set-up which was
//! stopped goes on from. No file of answers holds a password.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Asker;
use super::account::{Account, tls_mode, tls_word};
use super::oauth::SignIn;
use crate::config_file;
use crate::durable::{self, Access};

/// Answers about an account; what is not answered stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct AccountAnswers {
    /// The server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// starttls, implicit, opportunistic, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// User name; empty: no logon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the password lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The authority; with a `host` and without this one, the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_ca: Option<PathBuf>,
    /// The fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_pin: Option<String>,
    /// How it signs in by OAuth: the keys of an `oauth` table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub oauth: BTreeMap<String, String>,
    /// What is none of these: refused, where serde cannot (it knows no unknown keys of a table that is flattened into another).
    #[serde(flatten)]
    pub unknown: BTreeMap<String, toml::Value>,
}

impl AccountAnswers {
    /// What is decided of an account, without its password.
    #[must_use]
    pub fn of(account: &Account, sign_in: Option<&SignIn>) -> Self {
        Self {
            host: Some(account.host.clone()).filter(|host| !host.is_empty()),
            port: Some(account.port.unwrap_or(account.usual_port())),
            tls: Some(tls_word(account.tls).to_owned()),
            username: Some(account.username.clone()),
            password_file: account.password_file.clone(),
            tls_ca: account.tls_ca.clone(),
            tls_pin: account.tls_pin.clone(),
            oauth: sign_in.map(SignIn::answers).unwrap_or_default(),
            unknown: BTreeMap::new(),
        }
    }

    /// Takes the answers over.
    ///
    /// # Errors
    /// The first one that does not fit, a sentence.
    pub fn into_account(self, account: &mut Account, sign_in: &mut SignIn) -> Result<(), String> {
        if let Some(key) = self.unknown.keys().next() {
            return Err(format!("{key}: there is no such key here"));
        }
        if let Some(word) = &self.tls {
            account.tls = tls_mode(word, account.protocol).map_err(|why| format!("tls: {why}"))?;
        }
        if let Some(host) = self.host {
            account.host = host;
            (account.tls_ca, account.tls_pin) = (self.tls_ca, self.tls_pin);
        }
        if let Some(port) = self.port {
            account.port = Some(port).filter(|port| *port != account.usual_port());
        }
        account.username = self.username.unwrap_or_else(|| account.username.clone());
        account.password_file = self.password_file.or(account.password_file.take());
        if !self.oauth.is_empty() {
            *sign_in = SignIn::from_answers(&self.oauth).map_err(|why| format!("oauth: {why}"))?;
        }
        Ok(())
    }
}

/// The file with the answers of a set-up that was stopped, beside the configuration.
#[derive(Clone, Debug)]
pub struct Kept(PathBuf);

impl Kept {
    /// Of the set-up of this configuration file.
    #[must_use]
    pub fn beside(config: &Path) -> Self {
        Self(config.with_extension("setup"))
    }

    /// The answers, if there are any that can be read.
    #[must_use]
    pub fn load<A: DeserializeOwned>(&self) -> Option<A> {
        config_file::load(&self.0).ok()
    }

    /// Keeps answers for the next time.
    ///
    /// # Errors
    /// What the file system said, with the file.
    pub fn keep<A: Serialize>(&self, answers: &A) -> io::Result<()> {
        let text = toml::to_string(answers).map_err(io::Error::other)?;
        let written = self.0.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| durable::replace(&self.0, text.as_bytes(), Access::Private))
            .map_err(|error| io::Error::new(error.kind(), format!("writing {}: {error}", self.0.display())))
    }

    /// The same where a person stops: says where the answers are, and what became of the rest.
    ///
    /// # Errors
    /// As [`Kept::keep`].
    pub fn keep_for<A: Serialize>(
        &self,
        answers: &A,
        written: bool,
        person: &mut dyn Asker,
    ) -> io::Result<()> {
        self.keep(answers)?;
        let shown = self.0.display();
        person.say(&match written {
            false => format!(
                "Nothing was written. Your answers are kept for the next time in {shown}, without the password."
            ),
            true => format!(
                "What was written stays. Your other answers are kept for the next time in {shown}, without the password."
            ),
        });
        Ok(())
    }

    /// Removes them; there may be none.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.0);
    }
}
