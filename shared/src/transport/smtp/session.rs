//! One SMTP session: opened as far as the settings ask for, spoken on command by command, closed. Who we are
//! is said in `auth`, what is said about a message is in `transaction`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Ehlo, Quit, Starttls};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::dial::dial;
use super::reply::{Capabilities, Reply, Stage, failure_without_reply};
use super::settings::{SmtpSettings, TlsMode};
use super::socket::Socket;
use crate::steps::{Seen, Steps, name};
use crate::transport::dial::too_late;
use crate::transport::outcome::{Failure, FailureKind, TlsProblem};
use crate::transport::tls::{ClientTls, Connector, PeerCertificate, tls_failure};

/// How long to wait for last words, and for the answer to a goodbye.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// A greeted, private and authenticated connection, as far as the settings ask for it.
pub(super) struct Session {
    pub(super) connection: AsyncSmtpConnection,
    pub(super) socket: Socket,
    pub(super) offers: Capabilities,
    pub(super) settings: SmtpSettings,
    hello: ClientId,
    /// A transaction was begun and not finished: RSET comes before the next.
    pub(super) unfinished: bool,
    /// The dialogue is in a state nobody knows: never use it again.
    pub(super) broken: bool,
}

impl Session {
    /// Walks from the host name to the point where a message may be sent.
    pub(super) async fn open(settings: &SmtpSettings, steps: &mut Steps) -> Result<Self, Failure> {
        let checked =
            settings.check().map_err(|error| Failure::new(FailureKind::Settings, error.to_string()));
        steps.judge(name::SETTINGS, checked, |()| format!("{}:{}", settings.host, settings.port()))?;
        let (socket, own) = dial(settings, steps).await?;
        if settings.tls == TlsMode::Implicit {
            let private = make_private(&socket, settings).await;
            let validity = |until| steps.validity(until);
            let seen = private.as_ref().map(|private| private.seen(validity)).map_err(Clone::clone);
            steps.judge(name::TLS, seen, Clone::clone)?;
        }
        let mut session = Self::greet(settings, socket, own, steps).await?;
        session.starttls(steps).await?;
        steps.note(name::CAPABILITIES, session.offers.to_string());
        session.authenticate(steps).await?;
        Ok(session)
    }

    /// Waits for the greeting and says EHLO.
    async fn greet(
        settings: &SmtpSettings,
        socket: Socket,
        own: SocketAddr,
        steps: &mut Steps,
    ) -> Result<Self, Failure> {
        let hello = hello_name(settings, own);
        let limit = settings.step_limit();
        // Two answers in one call, each with its own limit: what was said tells how far it came. After a refused EHLO
        // lettre still says QUIT and waits.
        let greeted = {
            let mut greeting =
                pin!(AsyncSmtpConnection::connect_with_transport(Box::new(socket.clone()), &hello));
            match timeout(limit, &mut greeting).await {
                Err(_) if socket.reply(0).is_some() => timeout(limit, &mut greeting).await,
                done => done,
            }
        };
        let missing = |what: &str| match &greeted {
            Ok(Err(error)) => failure_without_reply(error, &format!("{} at {what}", settings.host)),
            _ => too_late(&settings.host, what, limit),
        };
        let accepted = |reply: Option<Reply>, what: &str| match reply {
            Some(reply) if (200..300).contains(&reply.code) => Ok(reply),
            Some(reply) => Err(reply.failure(Stage::Opening)),
            None => Err(missing(what)),
        };
        steps.judge(name::GREETING, accepted(socket.reply(0), "the greeting"), Reply::shown)?;
        let offered = steps.judge(name::HELLO, accepted(socket.reply(1), "EHLO"), Reply::shown)?;
        let offers = Capabilities::read(&offered);
        match greeted {
            Ok(Ok(connection)) => Ok(Self {
                connection,
                socket,
                offers,
                settings: settings.clone(),
                hello,
                unfinished: false,
                broken: false,
            }),
            Ok(Err(error)) => Err(failure_without_reply(&error, &settings.host)),
            Err(_) => Err(too_late(&settings.host, "EHLO", limit)),
        }
    }

    /// STARTTLS where the settings ask for it (RFC 3207).
    async fn starttls(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        let required = match self.settings.tls {
            TlsMode::Implicit | TlsMode::None => return Ok(()),
            TlsMode::Starttls => true,
            TlsMode::Opportunistic => false,
        };
        let begun = match self.begin_tls().await {
            Err(Failure {
                kind: FailureKind::Tls(TlsProblem::NotOffered) | FailureKind::Temporary,
                text,
                ..
            }) if !required => Ok(format!("the connection stays in clear: {text}").into()),
            begun => begun.map(|private| private.seen(|until| steps.validity(until))),
        };
        steps.judge(name::TLS, begun, Clone::clone)?;
        if !self.socket.is_private() {
            return Ok(());
        }
        // What was offered in clear may have been anybody's (RFC 3207 section 4.2).
        let again = self.expect(Ehlo::new(self.hello.clone()), "EHLO after STARTTLS", 200..300).await?;
        self.offers = Capabilities::read(&again);
        Ok(())
    }

    async fn begin_tls(&mut self) -> Result<Private, Failure> {
        if !self.offers.starttls {
            let text =
                format!("{} does not offer STARTTLS on port {}", self.settings.host, self.settings.port());
            return Err(tls_failure(TlsProblem::NotOffered, text));
        }
        self.expect(Starttls, "STARTTLS", 220..221).await?;
        make_private(&self.socket, &self.settings).await
    }

    /// One command and its reply, whatever it says.
    pub(super) async fn ask(&mut self, command: impl fmt::Display, what: &str) -> Result<Reply, Failure> {
        let limit = self.settings.step_limit();
        self.socket.begin();
        let result = timeout(limit, self.connection.command(command)).await;
        let failure = match (self.socket.reply(0), result) {
            (Some(reply), Ok(_)) => {
                self.broken |= reply.code == 421;
                return Ok(reply);
            }
            (_, Ok(Err(error))) => {
                failure_without_reply(&error, &format!("{} at {what}", self.settings.host))
            }
            (_, Ok(Ok(_))) => {
                Failure::new(FailureKind::ProtocolUnclear, format!("{} at {what}", self.settings.host))
            }
            (_, Err(_)) => too_late(&self.settings.host, what, limit),
        };
        self.broken = true;
        Err(failure)
    }

    /// A command without which the session is of no use.
    pub(super) async fn expect(
        &mut self,
        command: impl fmt::Display,
        what: &str,
        good: std::ops::Range<u16>,
    ) -> Result<Reply, Failure> {
        let reply = self.ask(command, what).await?;
        if good.contains(&reply.code) {
            return Ok(reply);
        }
        Err(reply.failure(Stage::Opening))
    }

    /// Says goodbye and does not wait long for the answer.
    pub(super) async fn quit(mut self) {
        if !self.broken {
            let _ = timeout(FAREWELL.min(self.settings.step_limit()), self.connection.command(Quit)).await;
        }
    }

    /// Whether the session must not be used again.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// The largest message the server takes, if it says.
    pub(super) fn size_limit(&self) -> Option<u64> {
        self.offers.size
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({:?})", self.socket)
    }
}

/// How a connection became private.
struct Private {
    protocol: &'static str,
    certificate: Option<PeerCertificate>,
    verified: bool,
}

impl Private {
    /// What a person compares: version, certificate, until when it is valid.
    fn seen(&self, validity: impl FnOnce(jiff::Timestamp) -> Seen) -> Seen {
        let anybody = if self.verified { "" } else { " (not verified)" };
        let Some(certificate) = &self.certificate else {
            return format!("{}{anybody}", self.protocol).into();
        };
        let before = format!("{}{anybody}, {}", self.protocol, certificate.who());
        match certificate.not_after {
            Some(until) => {
                validity(until).reworded(|valid| format!("{before}, {valid}, {}", certificate.pin))
            }
            None => format!("{before}, {}", certificate.pin).into(),
        }
    }
}

/// TLS now, as the settings want it.
async fn make_private(socket: &Socket, settings: &SmtpSettings) -> Result<Private, Failure> {
    let trust = settings.client_tls();
    let anybody = settings.tls == TlsMode::Opportunistic && trust == ClientTls::default();
    let tls = if anybody { Connector::unverified()? } else { trust.load()? };
    let (protocol, certificate) = socket.make_private(&tls, &settings.host, settings.step_limit()).await?;
    Ok(Private { protocol, certificate, verified: !anybody })
}

/// The name set, or our own address on this connection: always true, and without asking the system for a name.
fn hello_name(settings: &SmtpSettings, own: SocketAddr) -> ClientId {
    match (&settings.helo_name, own.ip().to_canonical()) {
        (Some(name), _) => ClientId::Domain(name.clone()),
        (None, IpAddr::V4(address)) => ClientId::Ipv4(address),
        (None, IpAddr::V6(address)) => ClientId::Ipv6(address),
    }
}
