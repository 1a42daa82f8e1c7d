//! One `[[route]]` table.

use std::path::{Path, PathBuf};

use mailbeat_shared::clock::Clock;
use mailbeat_shared::transport::graph::GraphSettings;
use mailbeat_shared::transport::oauth::{Kept, OAuthSettings, Purpose};
use mailbeat_shared::transport::smtp::SmtpSettings;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::mail;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Config;
use crate::route::{Route, Via};

/// A route as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteConfig {
    /// Its name; by default its type.
    pub name: String,
    /// The sender.
    pub from: String,
    /// How it sends.
    pub kind: RouteKind,
    /// As written, secrets hidden.
    pub(super) shown: toml::Table,
}

/// The types of routes.
#[derive(Clone, Debug, PartialEq)]
pub enum RouteKind {
    /// By SMTP with these settings.
    Smtp(Box<SmtpSettings>),
    /// By Microsoft Graph.
    Graph(Box<GraphSettings>),
    /// Into a Maildir.
    Maildir(PathBuf),
    /// Through the relay that the contract offers.
    Relay,
}

/// The keys of a Maildir route, and of a relay route with none of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaildirKeys {
    path: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoKeys {}

impl<'de> Deserialize<'de> for RouteConfig {
    /// serde cannot flatten and refuse unknown keys at once, so the common keys are taken out by hand.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let mut shown = table.clone();
        if let Some(password) = shown.get_mut("password") {
            *password = toml::Value::String("(hidden)".into());
        }
        for key in ["password", "password_file"] {
            // serde would repeat the value, and that may be a password that stands there without its quotes.
            if let Some(other) = table.get(key).filter(|value| !value.is_str()) {
                let kind = other.type_str();
                return Err(D::Error::custom(format!("`{key}` must be a text in quotes, not {kind}")));
            }
        }
        let mut text = |key: &str| match table.remove(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(D::Error::custom(format!("`{key}` must be a text, not {}", other.type_str()))),
        };
        let (name, kind, from) = (text("name")?, text("type")?, text("from")?);
        let kind =
            kind.ok_or_else(|| D::Error::custom("a route needs `type`: smtp, graph, maildir or relay"))?;
        let rest = toml::Value::Table(table);
        let wrong = |error: toml::de::Error| D::Error::custom(error.message());
        let settings = match kind.as_str() {
            "smtp" => RouteKind::Smtp(Box::new(rest.try_into().map_err(wrong)?)),
            "graph" => RouteKind::Graph(Box::new(rest.try_into().map_err(wrong)?)),
            "maildir" => RouteKind::Maildir(rest.try_into::<MaildirKeys>().map_err(wrong)?.path),
            "relay" => rest.try_into::<NoKeys>().map(|NoKeys {}| RouteKind::Relay).map_err(wrong)?,
            other => {
                return Err(D::Error::custom(format!(
                    "route type {other:?} is not known; smtp, graph, maildir or relay"
                )));
            }
        };
        let from = match (from, &settings) {
            (Some(from), _) => from,
            (None, RouteKind::Relay) => String::new(),
            (None, _) => return Err(D::Error::custom("a route needs `from`, the sender's mail address")),
        };
        Ok(Self { name: name.unwrap_or(kind), from, kind: settings, shown })
    }
}

impl RouteConfig {
    /// Its account, where it signs in by OAuth.
    #[must_use]
    pub fn oauth(&self) -> Option<&OAuthSettings> {
        match &self.kind {
            RouteKind::Smtp(settings) => settings.oauth.as_deref(),
            RouteKind::Graph(settings) => Some(&settings.oauth),
            RouteKind::Maildir(_) | RouteKind::Relay => None,
        }
    }

    /// Says where its account's tokens lie and whose mailbox it is; the way out is the route's, unless it has its own.
    pub(super) fn keep_tokens(&mut self, dir: &Path, clock: &Clock) {
        let (oauth, proxy, username, purpose) = match &mut self.kind {
            RouteKind::Smtp(settings) => {
                let (username, proxy) = (settings.username.clone(), settings.proxy.clone());
                (settings.oauth.as_mut(), proxy, username, Purpose::Mail)
            }
            RouteKind::Graph(settings) => {
                let (mailbox, proxy) = (settings.mailbox.clone(), settings.proxy.clone());
                (Some(&mut settings.oauth), proxy, mailbox, Purpose::Graph)
            }
            RouteKind::Maildir(_) | RouteKind::Relay => return,
        };
        let Some(oauth) = oauth else { return };
        oauth.proxy = oauth.proxy.take().or(proxy);
        let account = oauth.account.clone().unwrap_or_else(|| self.name.clone());
        let kept = Kept {
            purpose,
            username: username.unwrap_or_else(|| mail::bare_address(&self.from).unwrap_or_default()),
            command: format!("mailbeat-agent oauth login {account}"),
            clock: clock.clone(),
            ..Kept::default()
        };
        oauth.keep(dir, &account, kept);
    }
}

impl Config {
    /// Every account that signs in by OAuth, once, with the name of its first route.
    #[must_use]
    pub fn accounts(&self) -> Vec<(String, OAuthSettings)> {
        let mut accounts: Vec<(String, OAuthSettings)> = Vec::new();
        for route in &self.route {
            let Some(oauth) = route.oauth() else { continue };
            if !accounts.iter().any(|(_, known)| known.kept.file == oauth.kept.file) {
                accounts.push((route.name.clone(), oauth.clone()));
            }
        }
        accounts
    }

    /// The routes in order, under this contract, and what is wrong with those that cannot be used.
    #[must_use]
    pub fn routes(&self, contract: Option<&Contract>) -> (Vec<Route>, Vec<String>) {
        let relay = contract.and_then(|contract| contract.relay.as_ref());
        let implied = relay.filter(|_| self.route.is_empty()).map(Route::relay);
        let configured = self.route.iter().map(|route| {
            let via = match &route.kind {
                RouteKind::Smtp(settings) => Via::Smtp(settings.clone()),
                RouteKind::Graph(settings) => Via::Graph(settings.clone()),
                RouteKind::Maildir(path) => Via::Maildir(path.clone()),
                RouteKind::Relay => {
                    let relay =
                        relay.ok_or_else(|| format!("route {}: the contract offers no relay", route.name))?;
                    return Route::relay(relay).map(|made| Route { name: route.name.clone(), ..made });
                }
            };
            let route = Route { name: route.name.clone(), from: route.from.clone(), via };
            route.check().map(|()| route)
        });
        let (mut routes, mut problems) = (Vec::<Route>::new(), Vec::new());
        for route in configured.chain(implied) {
            match route {
                Ok(route) if routes.iter().any(|other| other.name == route.name) => {
                    problems.push(format!("two routes are named {}; give each its own `name`", route.name));
                }
                Ok(route) => routes.push(route),
                Err(problem) => problems.push(problem),
            }
        }
        if routes.is_empty() && problems.is_empty() {
            problems.push(
                "no route is configured: reports cannot be sent. Add a [[route]] table to agent.toml".into(),
            );
        }
        (routes, problems)
    }
}
