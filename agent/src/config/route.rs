//! One `[[route]]` table.

use std::path::PathBuf;

use mailbeat_shared::transport::smtp::SmtpSettings;
use mailbeat_shared::wire::contract::Contract;
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
        let mut text = |key: &str| match table.remove(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(D::Error::custom(format!("`{key}` must be a text, not {}", other.type_str()))),
        };
        let (name, kind, from) = (text("name")?, text("type")?, text("from")?);
        let kind = kind.ok_or_else(|| D::Error::custom("a route needs `type`: smtp, maildir or relay"))?;
        let rest = toml::Value::Table(table);
        let wrong = |error: toml::de::Error| D::Error::custom(error.message());
        let settings = match kind.as_str() {
            "smtp" => RouteKind::Smtp(Box::new(rest.try_into().map_err(wrong)?)),
            "maildir" => RouteKind::Maildir(rest.try_into::<MaildirKeys>().map_err(wrong)?.path),
            "relay" => rest.try_into::<NoKeys>().map(|NoKeys {}| RouteKind::Relay).map_err(wrong)?,
            other => {
                return Err(D::Error::custom(format!(
                    "route type {other:?} is not known; smtp, maildir or relay"
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

impl Config {
    /// The routes in order, under this contract, and what is wrong with those that cannot be used.
    #[must_use]
    pub fn routes(&self, contract: Option<&Contract>) -> (Vec<Route>, Vec<String>) {
        let relay = contract.and_then(|contract| contract.relay.as_ref());
        let implied = relay.filter(|_| self.route.is_empty()).map(Route::relay);
        let configured = self.route.iter().map(|route| {
            let via = match &route.kind {
                RouteKind::Smtp(settings) => Via::Smtp(settings.clone()),
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
