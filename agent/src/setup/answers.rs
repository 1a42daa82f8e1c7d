//! The same decisions from a file, for hosts set up by a program, and the file a set-up that was stopped goes on from.
//!
//! The file holds no password: that comes from `password_file`, or from the environment (`MAILBEAT_SETUP_PASSWORD`).

use std::path::PathBuf;

use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::kept::AccountAnswers;
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
    /// Whether to install it first where no unit is there; it is started then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_service: Option<bool>,
}

/// The mail account.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct MailAnswers {
    /// How mail leaves.
    pub by: By,
    /// The sender; not needed with the relay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// By which account.
    #[serde(flatten)]
    pub account: AccountAnswers,
}

/// How mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By the vendor's relay.
    Relay,
    /// By a mail server.
    Server,
    /// By an account that signs in by OAuth.
    OAuth,
}

impl Answers {
    /// What a draft holds, without its password.
    #[must_use]
    pub fn of(draft: &Draft) -> Self {
        Self {
            locale: Some(draft.locale),
            contract: draft.contract_file.clone().filter(|file| !file.as_os_str().is_empty()),
            vendor_key: draft.vendor_key.clone(),
            heartbeat: draft.heartbeat_interval_s.map(interval::shown),
            system_report: draft.system_interval_s.map(interval::shown),
            items: Some(draft.items.iter().map(|item| item.name().to_owned()).collect()),
            watch: Some(draft.watch.clone()),
            mail: MailAnswers::of(draft),
            start_service: Some(draft.start_service),
            install_service: None,
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
    fn of(draft: &Draft) -> Option<Self> {
        let (by, sign_in) = match draft.way {
            Way::Keep => return None,
            Way::Relay => {
                return Some(Self { by: By::Relay, from: None, account: AccountAnswers::default() });
            }
            Way::Server => (By::Server, None),
            Way::OAuth => (By::OAuth, Some(&draft.sign_in)),
        };
        let account = AccountAnswers::of(&draft.account, sign_in);
        (!draft.from.is_empty()).then(|| Self { by, from: Some(draft.from.clone()), account })
    }

    fn into_draft(self, draft: &mut Draft) -> Result<(), String> {
        draft.way = match self.by {
            By::Relay => Way::Relay,
            By::Server => Way::Server,
            By::OAuth => Way::OAuth,
        };
        if draft.way == Way::Relay {
            return Ok(());
        }
        let from = self.from.unwrap_or_else(|| draft.from.clone());
        if !mail::is_address(&from) {
            return Err(format!("mail.from: {from:?} is not a mail address"));
        }
        draft.from = from;
        let taken = self.account.into_account(&mut draft.account, &mut draft.sign_in);
        taken.map_err(|why| format!("mail.{why}"))
    }
}
