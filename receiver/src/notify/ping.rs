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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::mail::{MaildirSettings, OutgoingSettings, OutgoingTransport};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn settings(toml: &str) -> PingSettings {
        mailbeat_shared::config_file::parse(Path::new("receiver.toml"), toml).unwrap()
    }

    fn sender(path: &Path) -> Sender {
        Sender::new(&OutgoingSettings {
            from: "Mailbeat <mb@vendor.example>".into(),
            transport: OutgoingTransport::Maildir(MaildirSettings { path: path.to_owned() }),
        })
    }

    /// Answers one request with `answer` and gives back its first line.
    async fn watchdog(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ping/secret-token", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "closed within the request");
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request).lines().next().unwrap().to_owned()
        });
        (url, heard)
    }

    #[tokio::test]
    async fn a_round_pings_the_watchdog_and_the_next_one_within_the_interval_does_not() {
        let (url, heard) = watchdog("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let mut pinger = Pinger::new(&settings(&format!("url = '{url}'\ninterval_s = 60"))).unwrap();
        let mut sender = sender(Path::new("/nowhere"));
        assert_eq!(pinger.round_completed(at(0), &mut sender).await, Pinged::Heard);
        assert_eq!(heard.await.unwrap(), "GET /ping/secret-token HTTP/1.1");
        assert_eq!(pinger.round_completed(at(59), &mut sender).await, Pinged::NotDue);
        let refused = pinger.round_completed(at(60), &mut sender).await;
        assert!(
            matches!(&refused, Pinged::Failed(error) if error.contains("refused") && !error.contains("secret-token")),
            "{refused:?}"
        );
        assert_eq!(pinger.round_completed(at(119), &mut sender).await, Pinged::NotDue);
    }

    /// Answers one request over TLS with a certificate of a fresh authority; gives the port and that authority as PEM.
    async fn watchdog_over_tls() -> (u16, String) {
        use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["localhost".into()]).unwrap();
        let server = server.signed_by(&key, &authority).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![server.der().clone()],
                rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not believe the certificate hangs up here.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.read_u8().await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            stream.flush().await.unwrap();
            // Until the client closes: a reset could overtake the answer.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        (port, authority.pem())
    }

    #[tokio::test]
    async fn a_watchdog_with_a_private_certificate_is_believed_only_with_its_authority() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("ca.pem");
        for believed in [true, false] {
            let (port, authority) = watchdog_over_tls().await;
            std::fs::write(&file, authority).unwrap();
            let ca = if believed { format!("tls_ca = '{}'", file.display()) } else { String::new() };
            let settings = settings(&format!("url = 'https://localhost:{port}/geheim'\n{ca}"));
            let pinged =
                Pinger::new(&settings).unwrap().round_completed(at(0), &mut sender(home.path())).await;
            match believed {
                true => assert_eq!(pinged, Pinged::Heard),
                false => assert!(
                    matches!(&pinged, Pinged::Failed(error) if error.contains("certificate") && !error.contains("geheim")),
                    "{pinged:?}"
                ),
            }
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_and_an_error_is_said() {
        for (answer, said) in [
            ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "302"),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "404"),
        ] {
            let (url, heard) = watchdog(answer).await;
            let mut pinger = Pinger::new(&settings(&format!("url = '{url}'\nmethod = 'post'"))).unwrap();
            let pinged = pinger.round_completed(at(0), &mut sender(Path::new("/nowhere"))).await;
            assert!(matches!(&pinged, Pinged::Failed(error) if error.contains(said)), "{pinged:?}");
            assert!(heard.await.unwrap().starts_with("POST /ping/"));
        }
    }

    #[tokio::test]
    async fn a_ping_by_mail_lies_in_the_watchers_mailbox() {
        let home = tempfile::tempdir().unwrap();
        let mut pinger = Pinger::new(&settings("to = 'watch@vendor.example'")).unwrap();
        assert_eq!(pinger.round_completed(at(0), &mut sender(home.path())).await, Pinged::Heard);
        let new = home.path().join("watch@vendor.example/new");
        let mail = std::fs::read_dir(new).unwrap().next().unwrap().unwrap().path();
        let mail = std::fs::read_to_string(mail).unwrap();
        assert!(mail.contains("Round completed  2027-01-15 08:00:00 UTC"), "{mail}");
        assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    }

    #[test]
    fn a_clock_set_back_does_not_silence_the_pings() {
        let minute = SignedDuration::from_mins(1);
        assert!(is_due(None, at(0), minute) && is_due(Some(at(1_000)), at(0), minute));
        assert!(is_due(Some(at(0)), at(60), minute) && !is_due(Some(at(0)), at(59), minute));
    }

    #[test]
    fn settings_that_cannot_work_are_named_and_the_url_stays_hidden() {
        let wrong = |toml: &str| Pinger::new(&settings(toml)).unwrap_err().to_string();
        assert_eq!(wrong(""), "set either `url` or `to`");
        assert_eq!(wrong("url = 'https://x/y'\nto = 'a@b.example'"), "set either `url` or `to`");
        assert!(wrong("url = 'ftp://x/geheim'").starts_with("`url` is not"));
        assert!(wrong("to = 'nobody'").contains("nobody"));
        assert!(wrong("to = 'a@b.example'\ninterval_s = 0").contains("interval_s"));
        assert!(wrong("url = 'https://x/y'\ntls_ca = '/nowhere.pem'").contains("/nowhere.pem"));
        assert!(!format!("{:?}", settings("url = 'https://x/geheim'")).contains("geheim"));
    }
}
