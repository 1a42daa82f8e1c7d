//! The outgoing dead-man's ping: after each completed round somebody outside hears that the receiver lives.
//!
//! Whoever watches the customers must be watched too. A watchdog service (or a mailbox somebody looks into) raises the alarm
//! when pings stop. A ping that fails is logged and is a value; it never stops a round. The URL is a secret: whoever knows
//! it can feign life, so it is never logged.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::wire::mail::{Frame, bare_address, compose_plain};
use serde::{Deserialize, Serialize};

use super::mail::Sender;
use super::{Letter, LetterError, domain};
use crate::render::{self, template};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Whom to tell: exactly one of `url` and `to`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PingSettings {
    /// An address a watchdog gave us, `https://...`.
    pub url: Option<Secret>,
    /// How the URL is asked for.
    #[serde(default)]
    pub method: Method,
    /// A mail address instead.
    pub to: Option<String>,
    /// Shortest time between two pings, in seconds.
    #[serde(default = "default_interval")]
    pub interval_s: u32,
    /// Believe only certificates issued under these authorities (PEM file), instead of the system's.
    pub tls_ca: Option<PathBuf>,
}

/// How a watchdog wants to be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// HTTP GET.
    #[default]
    Get,
    /// HTTP POST with an empty body.
    Post,
}

fn default_interval() -> u32 {
    60
}

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// None or both of the two ways.
    #[error("set either `url` or `to`")]
    Ways,
    /// Not a URL we can ask for. The URL itself is not shown.
    #[error("`url` is not an http:// or https:// address")]
    Url,
    /// Not a mail address.
    #[error("`to` is {0:?}, which is not a mail address")]
    To(String),
    /// Nobody can be told all the time.
    #[error("`interval_s` must be at least 1")]
    Interval,
    /// The authorities cannot be used.
    #[error("`tls_ca` {path}: {error}", path = path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: String,
    },
    /// The HTTP client cannot be made.
    #[error("the system's trust store cannot be used: {0}")]
    Client(String),
}

/// What became of a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pinged {
    /// The last one is less than the interval ago.
    NotDue,
    /// It was heard.
    Heard,
    /// It was not, and why.
    Failed(String),
}

/// Pings after rounds, not more often than the interval allows.
#[derive(Debug)]
pub struct Pinger {
    way: Way,
    interval: SignedDuration,
    last_tried_at: Option<Timestamp>,
}

#[derive(Debug)]
enum Way {
    Http { client: reqwest::Client, url: Secret, method: Method },
    Mail { to: String },
}

impl Pinger {
    /// Checks the settings and reads the authorities. Connects to nothing.
    ///
    /// # Errors
    /// [`PingError`].
    pub fn new(settings: &PingSettings) -> Result<Self, PingError> {
        if settings.interval_s == 0 {
            return Err(PingError::Interval);
        }
        let way = match (&settings.url, &settings.to) {
            (Some(url), None) => {
                let parsed = reqwest::Url::parse(url.expose()).map_err(|_| PingError::Url)?;
                if !matches!(parsed.scheme(), "http" | "https") {
                    return Err(PingError::Url);
                }
                let client = client(settings.tls_ca.as_deref())?;
                Way::Http { client, url: url.clone(), method: settings.method }
            }
            (None, Some(to)) if bare_address(to).is_some() => Way::Mail { to: to.clone() },
            (None, Some(to)) => return Err(PingError::To(to.clone())),
            _ => return Err(PingError::Ways),
        };
        let interval = SignedDuration::from_secs(settings.interval_s.into());
        Ok(Self { way, interval, last_tried_at: None })
    }

    /// A round was completed at `now`: pings if it is time. A failed ping is not tried again before its interval either.
    pub async fn round_completed(&mut self, now: Timestamp, sender: &mut Sender) -> Pinged {
        if !is_due(self.last_tried_at, now, self.interval) {
            return Pinged::NotDue;
        }
        self.last_tried_at = Some(now);
        let result = match &self.way {
            Way::Http { client, url, method } => ask(client, url, *method).await,
            Way::Mail { to } => write(to, now, self.interval, sender).await,
        };
        match result {
            Ok(()) => Pinged::Heard,
            Err(error) => {
                tracing::warn!(error, "the outgoing ping failed; the watchdog may raise its alarm");
                Pinged::Failed(error)
            }
        }
    }
}

/// A clock that was set back must not silence the pings.
fn is_due(last: Option<Timestamp>, now: Timestamp, interval: SignedDuration) -> bool {
    last.is_none_or(|last| now < last || now.duration_since(last) >= interval)
}

fn client(tls_ca: Option<&Path>) -> Result<reqwest::Client, PingError> {
    // reqwest asks for the process's provider; another part of the program may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT);
    if let Some(path) = tls_ca {
        let unusable = |error: String| PingError::Authorities { path: path.to_owned(), error };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let found =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
        if found.is_empty() {
            return Err(unusable("no certificate in this file; it must be PEM".into()));
        }
        builder = builder.tls_certs_only(found);
    }
    builder.build().map_err(|error| PingError::Client(reasons(&error)))
}

async fn ask(client: &reqwest::Client, url: &Secret, method: Method) -> Result<(), String> {
    let request = match method {
        Method::Get => client.get(url.expose()),
        Method::Post => client.post(url.expose()),
    };
    let answer = request.send().await.map_err(|error| reasons(&error.without_url()))?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(format!("the watchdog answered {status}")) }
}

/// An error with what lies beneath it: reqwest's own text says little.
fn reasons(error: &dyn std::error::Error) -> String {
    let beneath = std::iter::successors(error.source(), |error| error.source());
    beneath.fold(error.to_string(), |text, error| format!("{text}: {error}"))
}

#[derive(Serialize)]
struct Page {
    at: String,
    interval: String,
}

async fn write(
    to: &str,
    now: Timestamp,
    interval: SignedDuration,
    sender: &mut Sender,
) -> Result<(), String> {
    let letter = letter(to, sender.from(), now, interval).map_err(|error| error.to_string())?;
    match sender.send(&letter).await {
        Outcome::Sent { .. } => Ok(()),
        outcome => Err(outcome.to_string()),
    }
}

fn letter(to: &str, from: &str, now: Timestamp, interval: SignedDuration) -> Result<Letter, LetterError> {
    let page = Page { at: render::time(now), interval: render::exactly(interval) };
    let message_id = format!("mb-ping-{}@{}", now.as_microsecond(), domain(from));
    let frame = Frame {
        from,
        to,
        cc: &[],
        subject: "[Mailbeat] The receiver is alive",
        message_id: &message_id,
        date: now,
        text: &template::text("ping", &page)?,
        html: None,
    };
    let bytes = compose_plain(&frame, &[])?;
    Ok(Letter { to: bare_address(to).unwrap_or_default(), message_id, bytes })
}
