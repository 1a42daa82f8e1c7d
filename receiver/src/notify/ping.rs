//! The outgoing dead-man's ping: after each completed round somebody outside hears that the receiver lives.
//!
//! Whoever watches the customers must be watched too. A watchdog service (or a mailbox somebody looks into) raises the alarm
//! when pings stop. A ping that fails is logged and is a value; it never stops a round. The URL is a secret: whoever knows
//! it can feign life, so it is never logged.

use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::locale::Locale;
use mailbeat_shared::steps::Seen;
use mailbeat_shared::transport::http::{self, HttpClient, Request};
use mailbeat_shared::transport::outcome::{Failure, Outcome};
use mailbeat_shared::transport::proxy::Proxy;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::tls::ClientTls;
use mailbeat_shared::wire::mail::{Frame, bare_address, compose_plain};
use serde::{Deserialize, Serialize};

use super::mail::Sender;
use super::{Letter, LetterError, domain};
use crate::render::letters;

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
    /// The HTTP proxy to go through.
    pub proxy: Option<Proxy>,
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
    /// The authorities or the system's trust store cannot be used.
    #[error("{0}")]
    Authorities(String),
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
    locale: Locale,
    last_tried_at: Option<Timestamp>,
}

#[derive(Debug)]
enum Way {
    Http { client: Box<HttpClient>, url: Secret, method: Method },
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
                http::check_url(url.expose()).map_err(|_| PingError::Url)?;
                let tls = ClientTls { ca: settings.tls_ca.clone(), ..ClientTls::default() };
                tls.load().map_err(|error| PingError::Authorities(error.text))?;
                let client = HttpClient {
                    tls,
                    proxy: settings.proxy.clone(),
                    step_limit: TIMEOUT,
                    total_limit: TIMEOUT,
                    ..HttpClient::default()
                };
                Way::Http { client: Box::new(client), url: url.clone(), method: settings.method }
            }
            (None, Some(to)) if bare_address(to).is_some() => Way::Mail { to: to.clone() },
            (None, Some(to)) => return Err(PingError::To(to.clone())),
            _ => return Err(PingError::Ways),
        };
        let interval = SignedDuration::from_secs(settings.interval_s.into());
        Ok(Self { way, interval, locale: Locale::default(), last_tried_at: None })
    }

    /// The same, writing its mails in this language.
    #[must_use]
    pub fn in_language(self, locale: Locale) -> Self {
        Self { locale, ..self }
    }

    /// Whether the other side could be told, without telling it anything: what is seen on the way there.
    ///
    /// # Errors
    /// What happened on the way.
    pub async fn reach(&self) -> Result<Seen, Failure> {
        match &self.way {
            Way::Mail { to } => Ok(format!("by mail to {to}").into()),
            Way::Http { client, url, .. } => {
                let certificate = client.reach(url.expose()).await?;
                let shown = certificate.map(|certificate| format!("reached, {}", certificate.who()));
                Ok(shown.unwrap_or_else(|| "reached; it was told nothing".to_owned()).into())
            }
        }
    }

    /// A round was completed at `now`: pings if it is time. A failed ping is not tried again before its interval either.
    pub async fn round_completed(&mut self, now: Timestamp, sender: &mut Sender) -> Pinged {
        if !is_due(self.last_tried_at, now, self.interval) {
            return Pinged::NotDue;
        }
        self.last_tried_at = Some(now);
        let result = match &self.way {
            Way::Http { client, url, method } => ask(client, url, *method).await,
            Way::Mail { to } => self.write(to, now, sender).await,
        };
        match result {
            Ok(()) => Pinged::Heard,
            Err(error) => {
                tracing::warn!(error, "the outgoing ping failed; the watchdog may raise its alarm");
                Pinged::Failed(error)
            }
        }
    }

    async fn write(&self, to: &str, now: Timestamp, sender: &mut Sender) -> Result<(), String> {
        let letter = letter(to, sender.from(), now, self.interval, self.locale);
        match sender.send(&letter.map_err(|error| error.to_string())?).await {
            Outcome::Sent { .. } => Ok(()),
            outcome => Err(outcome.to_string()),
        }
    }
}

/// A clock that was set back must not silence the pings.
fn is_due(last: Option<Timestamp>, now: Timestamp, interval: SignedDuration) -> bool {
    last.is_none_or(|last| now < last || now.duration_since(last) >= interval)
}

async fn ask(client: &HttpClient, url: &Secret, method: Method) -> Result<(), String> {
    let method = match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    };
    let request = Request::builder().method(method).uri(url.expose()).body(vec![]);
    let request = request.map_err(|_| PingError::Url.to_string())?;
    let answer = client.send(request).await.map_err(|failure| failure.to_string())?;
    if answer.status.is_success() { Ok(()) } else { Err(format!("the watchdog answered {}", answer.status)) }
}

#[derive(Serialize)]
struct Page {
    at: String,
    interval: String,
}

fn letter(
    to: &str,
    from: &str,
    now: Timestamp,
    interval: SignedDuration,
    locale: Locale,
) -> Result<Letter, LetterError> {
    let page = Page { at: locale.second(now), interval: locale.exactly(interval) };
    let templates = letters::of(locale);
    let message_id = format!("mb-ping-{}@{}", now.as_microsecond(), domain(from));
    let frame = Frame {
        from,
        to,
        cc: &[],
        subject: &templates.one_line("ping-subject", &page)?,
        message_id: &message_id,
        date: now,
        text: &templates.text("ping", &page)?,
        html: None,
    };
    let bytes = compose_plain(&frame, &[])?;
    Ok(Letter { to: bare_address(to).unwrap_or_default(), message_id, bytes })
}
