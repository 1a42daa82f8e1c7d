//! The set-up of an agent: what a person decides, page by page, and what becomes of it in `agent.toml`.
//!
//! Pure but for looking whether a file is there. [`Draft`] holds the decisions, [`ask`] asks for them, [`answers`] takes them
//! from a file instead, [`configured`] edits them into the configuration. Nothing here writes; the password is never printed.

pub mod answers;
pub mod ask;
pub mod interval;
pub mod oauth;
pub mod providers;
pub mod words;

use std::path::{Path, PathBuf};

use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::smtp::{AuthMode, TlsMode};
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wizard::edit::{Edit, NoToml, list};

use crate::config::{Config, RouteKind};
use crate::item::Item;

/// How mail leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By a mail server of the customer's, or a mail account anywhere.
    #[default]
    Server,
    /// By a mail account that signs in by OAuth.
    OAuth,
    /// By the vendor's relay.
    Relay,
    /// By the first route as it is configured, which this wizard knows too little of to change.
    Keep,
}

/// The mail account and its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The sender's address.
    pub from: String,
    /// The server.
    pub host: String,
    /// Its port; `None` is the usual one.
    pub port: Option<u16>,
    /// When the connection becomes private.
    pub tls: TlsMode,
    /// User name; empty: no logon.
    pub username: String,
    /// A new password.
    pub password: Option<Secret>,
    /// Where the password lies, if one is configured already.
    pub password_file: Option<PathBuf>,
    /// A password stands in the configuration itself.
    pub password_inline: bool,
    /// The authority believed instead of the system's.
    pub tls_ca: Option<PathBuf>,
    /// The one certificate believed.
    pub tls_pin: Option<String>,
}

/// What a person decided so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The language.
    pub locale: Locale,
    /// The contract in force or the one in the file.
    pub contract: Option<Contract>,
    /// The contract file to activate with; `None` keeps the one in force.
    pub contract_file: Option<PathBuf>,
    /// The fingerprint of the vendor's key, for who is not asked.
    pub vendor_key: Option<String>,
    /// Seconds; `None` takes the contract's.
    pub heartbeat_interval_s: Option<u32>,
    /// Seconds; `None` takes the contract's.
    pub system_interval_s: Option<u32>,
    /// What is collected, watched files apart.
    pub items: Vec<Item>,
    /// Which files are watched.
    pub watch: Vec<String>,
    /// How mail leaves.
    pub way: Way,
    /// By which account.
    pub account: Account,
    /// How that one signs in, where it does so by OAuth.
    pub sign_in: oauth::SignIn,
    /// The name of a route that can only be kept.
    pub kept: Option<String>,
    /// Whether the service is to be started at the end.
    pub start_service: bool,
}

/// The kinds of items that are switched one by one.
#[must_use]
pub fn switched() -> Vec<Item> {
    Item::ALL.into_iter().filter(|item| item.key().starts_with("collect.")).collect()
}

impl Draft {
    /// What the configuration says already, with the contract in force.
    #[must_use]
    pub fn of(config: &Config, in_force: Option<Contract>) -> Self {
        let mut draft = Self {
            locale: config
                .locale
                .or(in_force.as_ref().and_then(|contract| contract.locale))
                .unwrap_or_default(),
            contract: in_force,
            contract_file: None,
            vendor_key: None,
            heartbeat_interval_s: config.heartbeat_interval_s,
            system_interval_s: config.system_interval_s,
            items: switched().into_iter().filter(|item| item.is_on(config)).collect(),
            watch: config.watch.include.clone(),
            way: Way::default(),
            account: Account::default(),
            sign_in: oauth::SignIn::default(),
            kept: None,
            start_service: true,
        };
        match config.route.first() {
            Some(route) => match &route.kind {
                RouteKind::Relay => draft.way = Way::Relay,
                RouteKind::Smtp(smtp) if smtp.auth != AuthMode::Oauth && !is_sample(&smtp.host) => {
                    draft.account = Account {
                        from: route.from.clone(),
                        host: smtp.host.clone(),
                        port: smtp.port,
                        tls: smtp.tls,
                        username: smtp.username.clone().unwrap_or_default(),
                        password: None,
                        password_file: smtp.password_file.clone(),
                        password_inline: smtp.password.is_some(),
                        tls_ca: smtp.tls_ca.clone(),
                        tls_pin: smtp.tls_pin.map(|pin| pin.to_string()),
                    };
                }
                RouteKind::Smtp(smtp) if is_sample(&smtp.host) => {}
                RouteKind::Smtp(_) | RouteKind::Graph(_) | RouteKind::Maildir(_) => {
                    (draft.way, draft.kept) = (Way::Keep, Some(route.name.clone()));
                }
            },
            None if draft.contract.as_ref().is_some_and(|contract| contract.relay.is_some()) => {
                draft.way = Way::Relay;
            }
            None => {}
        }
        draft
    }
}

/// The sample's server, which nobody has (RFC 2606).
fn is_sample(host: &str) -> bool {
    host.ends_with(".example")
}

/// The configuration's text with the draft's decisions; a new password lies in `password_file`.
///
/// # Errors
/// [`NoToml`].
pub fn configured(text: &str, draft: &Draft, password_file: &Path) -> Result<String, NoToml> {
    let mut edit = Edit::of(text)?;
    edit.set("", "locale", draft.locale.as_str());
    let intervals = [
        ("heartbeat_interval_s", draft.heartbeat_interval_s),
        ("system_interval_s", draft.system_interval_s),
    ];
    for (key, seconds) in intervals {
        match seconds {
            Some(seconds) => edit.set("", key, i64::from(seconds)),
            None => edit.remove("", key),
        }
    }
    for item in switched() {
        let on = draft.items.contains(&item);
        if let Some((table, key)) = item.key().split_once('.')
            && (!on || edit.has(table, key))
        {
            edit.set(table, key, on);
        }
    }
    if !draft.watch.is_empty() || edit.has("watch", "include") {
        edit.set("watch", "include", list(&draft.watch));
    }
    route(&mut edit, draft, password_file);
    Ok(edit.text().to_owned())
}

fn route(edit: &mut Edit, draft: &Draft, password_file: &Path) {
    if draft.way == Way::Keep {
        return;
    }
    if draft.way == Way::OAuth {
        return edit.set_first("route", &oauth::keys(&draft.account.from, &draft.sign_in));
    }
    if draft.way == Way::Relay {
        let others = [
            "from",
            "host",
            "port",
            "tls",
            "auth",
            "username",
            "password",
            "password_file",
            "oauth",
            "tls_ca",
            "tls_pin",
            "proxy",
            "helo_name",
            "timeout_s",
            "verdict_timeout_s",
            "path",
        ];
        let mut keys = vec![("type", Some("relay".into()))];
        keys.extend(others.map(|key| (key, None)));
        return edit.set_first("route", &keys);
    }
    let account = &draft.account;
    let tls = answers::tls_word(account.tls);
    let logs_on = !account.username.is_empty();
    let file = match (&account.password, &account.password_file) {
        (Some(_), _) => Some(password_file.display().to_string()),
        (None, file) => file.as_ref().map(|file| file.display().to_string()),
    };
    let mut keys = vec![
        ("type", Some("smtp".into())),
        ("from", Some(account.from.as_str().into())),
        ("host", Some(account.host.as_str().into())),
        ("tls", Some(tls.into())),
        ("port", account.port.map(|port| i64::from(port).into())),
        ("username", logs_on.then(|| account.username.as_str().into())),
        ("password_file", file.filter(|_| logs_on).map(Into::into)),
        ("tls_ca", account.tls_ca.as_ref().map(|file| file.display().to_string().into())),
        ("tls_pin", account.tls_pin.as_ref().map(|pin| pin.as_str().into())),
        ("auth", None),
        ("oauth", None),
        ("path", None),
    ];
    if account.password.is_some() || !logs_on {
        keys.push(("password", None));
    }
    edit.set_first("route", &keys);
}

#[cfg(test)]
mod tests;
