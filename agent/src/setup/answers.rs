//! The same decisions from a file, for hosts set up by a program, and the file a set-up that was stopped goes on from.
//!
//! The file holds no password: that comes from `password_file`, or from the environment (`MAILBEAT_SETUP_PASSWORD`).

use std::path::PathBuf;

use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::smtp::TlsMode;
use mailbeat_shared::wire::mail;
use serde::{Deserialize, Serialize};

use super::{Draft, Way, ask, interval, switched};

/// Answers; what is not answered stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The contract file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<PathBuf>,
    /// The fingerprint of the vendor's key, got by another way than the contract; where a vendor.pub lies beside agent.toml it is
    /// not needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_key: Option<String>,
    /// As in `15m`, `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<String>,
    /// As in `1d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_report: Option<String>,
    /// Names of the items that may be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<String>>,
    /// Watched files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Vec<String>>,
    /// How mail leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailAnswers>,
    /// Whether to start the service at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_service: Option<bool>,
}

/// The mail account.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, tag = "by", rename_all = "lowercase")]
pub enum MailAnswers {
    /// The vendor's relay.
    Relay {},
    /// A mail server.
    Server {
        /// The sender.
        from: String,
        /// The server.
        host: String,
        /// Its port.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// starttls, implicit, opportunistic, none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tls: Option<String>,
        /// User name.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        username: String,
        /// Where the password lies.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password_file: Option<PathBuf>,
        /// The authority.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tls_ca: Option<PathBuf>,
        /// The fingerprint.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tls_pin: Option<String>,
    },
}

impl Answers {
    /// What a draft holds, without its password.
    #[must_use]
    pub fn of(draft: &Draft) -> Self {
        let account = &draft.account;
        let server = MailAnswers::Server {
            from: account.from.clone(),
            host: account.host.clone(),
            port: account.port,
            tls: Some(tls_word(account.tls).to_owned()),
            username: account.username.clone(),
            password_file: account.password_file.clone(),
            tls_ca: account.tls_ca.clone(),
            tls_pin: account.tls_pin.clone(),
        };
        let mail = if draft.way == Way::Relay { MailAnswers::Relay {} } else { server };
        Self {
            locale: Some(draft.locale),
            contract: draft.contract_file.clone().filter(|file| !file.as_os_str().is_empty()),
            vendor_key: draft.vendor_key.clone(),
            heartbeat: draft.heartbeat_interval_s.map(interval::shown),
            system_report: draft.system_interval_s.map(interval::shown),
            items: Some(draft.items.iter().map(|item| item.name().to_owned()).collect()),
            watch: Some(draft.watch.clone()),
            mail: Some(mail).filter(|_| {
                draft.way == Way::Relay || (draft.way == Way::Server && !account.from.is_empty())
            }),
            start_service: Some(draft.start_service),
        }
    }

    /// Takes the answers into a draft, with the checks a person's answers go through.
    ///
    /// # Errors
    /// The first answer that does not fit, a sentence.
    pub fn into_draft(self, draft: &mut Draft) -> Result<(), String> {
        draft.locale = self.locale.unwrap_or(draft.locale);
        if let Some(file) = self.contract {
            let sealed =
                ask::open_contract(&file).map_err(|why| format!("contract {}: {why}", file.display()))?;
            (draft.contract, draft.contract_file) = (Some(sealed.contract), Some(file));
        }
        draft.vendor_key = self.vendor_key.or(draft.vendor_key.take());
        let bounds = draft
            .contract
            .as_ref()
            .map(|contract| (contract.heartbeat_interval_s, contract.system_interval_s));
        let length = |key: &str, text: Option<String>, bounds| match text {
            None => Ok(None),
            Some(text) => interval::within(&text, bounds)
                .map(|()| interval::seconds(&text))
                .map_err(|why| format!("{key}: {why}")),
        };
        let heartbeat = length("heartbeat", self.heartbeat, bounds.map(|bounds| bounds.0))?;
        draft.heartbeat_interval_s = heartbeat.or(draft.heartbeat_interval_s);
        let system = length("system_report", self.system_report, bounds.map(|bounds| bounds.1))?;
        draft.system_interval_s = system.or(draft.system_interval_s);
        if let Some(names) = self.items {
            let known = switched();
            if let Some(name) = names.iter().find(|name| !known.iter().any(|item| item.name() == *name)) {
                let all: Vec<&str> = known.iter().map(|item| item.name()).collect();
                return Err(format!("items: {name:?} is none; there are {}", all.join(", ")));
            }
            draft.items =
                known.into_iter().filter(|item| names.iter().any(|name| name == item.name())).collect();
        }
        draft.watch = self.watch.unwrap_or_else(|| draft.watch.clone());
        draft.start_service = self.start_service.unwrap_or(draft.start_service);
        self.mail.map_or(Ok(()), |mail| mail.into_draft(draft))
    }
}

impl MailAnswers {
    fn into_draft(self, draft: &mut Draft) -> Result<(), String> {
        let Self::Server { from, host, port, tls, username, password_file, tls_ca, tls_pin } = self else {
            draft.way = Way::Relay;
            return Ok(());
        };
        if !mail::is_address(&from) {
            return Err(format!("mail.from: {from:?} is not a mail address"));
        }
        draft.way = Way::Server;
        let account = &mut draft.account;
        (account.from, account.host, account.port, account.username) = (from, host, port, username);
        account.tls = match tls.as_deref() {
            None => account.tls,
            Some(word) => tls_mode(word).ok_or_else(|| {
                format!("mail.tls: {word:?} is none; starttls, implicit, opportunistic or none")
            })?,
        };
        account.password_file = password_file.or(account.password_file.take());
        (account.tls_ca, account.tls_pin) = (tls_ca, tls_pin);
        Ok(())
    }
}

pub(super) fn tls_word(tls: TlsMode) -> &'static str {
    match tls {
        TlsMode::Implicit => "implicit",
        TlsMode::Starttls => "starttls",
        TlsMode::Opportunistic => "opportunistic",
        TlsMode::None => "none",
    }
}

fn tls_mode(word: &str) -> Option<TlsMode> {
    let all = [TlsMode::Implicit, TlsMode::Starttls, TlsMode::Opportunistic, TlsMode::None];
    all.into_iter().find(|mode| tls_word(*mode) == word)
}
