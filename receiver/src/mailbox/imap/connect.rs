//! From settings to a logged-in session, as steps.

use std::time::Duration;

use async_imap::Client;
use async_imap::imap_proto::{Response, Status};
use mailbeat_shared::steps::{Seen, Steps, name};
use mailbeat_shared::transport::dial;
use mailbeat_shared::transport::outcome::TlsProblem;
use mailbeat_shared::transport::tls::{self, PeerCertificate};

use tokio::io::BufReader;

use super::super::{ErrorKind, ImapSettings, ImapTls, MailboxError};
use super::login::{self, Proof};
use super::session::{self, Session};
use super::wire::{Duplex, Wire};

/// Most bytes taken from the socket at once: a few TLS records.
const READ_BYTES: usize = 64 * 1024;

/// Connects, makes the connection private and logs in.
pub(super) async fn login(settings: &ImapSettings, steps: &mut Steps) -> Result<Session, MailboxError> {
    let checked = settings.check().map_err(MailboxError::from).and_then(|()| Proof::of(settings));
    let proof = steps.judge(name::SETTINGS, checked, |_| "complete")?;
    let (host, limit) = (settings.host.as_str(), Duration::from_secs(settings.timeout_s));
    let resolved = dial::resolve(host, settings.port(), limit).await.map_err(MailboxError::from);
    let addresses = steps.judge(name::RESOLVE, resolved, |found| {
        found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
    })?;
    let connected = dial::connect(&addresses, limit).await.map_err(MailboxError::from);
    let (tcp, _) = steps.judge(name::CONNECT, connected, |(_, peer)| peer.to_string())?;
    let client = prepare(settings, Box::new(tcp), limit, steps).await?;
    let inner = login::authenticate(client, settings, &proof, steps).await?;
    Ok(Session::new(inner, host, limit))
}

/// A client that has read the greeting, over a connection as private as the settings want it.
async fn prepare(
    settings: &ImapSettings,
    socket: Box<dyn Duplex>,
    limit: Duration,
    steps: &mut Steps,
) -> Result<Client<Wire>, MailboxError> {
    let host = settings.host.as_str();
    match settings.tls {
        ImapTls::Implicit => {
            let private = secure(settings, socket, limit, steps).await;
            let (stream, _) = steps.judge(name::TLS, private, |(_, seen)| seen.clone())?;
            let greeted = greeted(Client::new(Wire::new(stream, limit)), host).await;
            steps.judge(name::GREETING, greeted, |_| "* OK")
        }
        ImapTls::Starttls => {
            let greeted = greeted(Client::new(Wire::new(socket, limit)), host).await;
            let client = steps.judge(name::GREETING, greeted, |_| "* OK")?;
            let private = match starttls(client, host).await {
                Ok(socket) => secure(settings, socket, limit, steps).await,
                Err(error) => Err(error),
            };
            let (stream, _) = steps.judge(name::TLS, private, |(_, seen)| seen.clone())?;
            Ok(Client::new(Wire::new(stream, limit)))
        }
        ImapTls::None => {
            let greeted = greeted(Client::new(Wire::new(socket, limit)), host).await;
            steps.judge(name::GREETING, greeted, |_| "* OK")
        }
    }
}

/// TLS over the socket, and what a person wants to know of it.
async fn secure(
    settings: &ImapSettings,
    socket: Box<dyn Duplex>,
    limit: Duration,
    steps: &Steps,
) -> Result<(Box<dyn Duplex>, Seen), MailboxError> {
    // rustls reads 4 KiB at a time. In here, so that nothing said in clear before STARTTLS waits in the buffer.
    let socket = BufReader::with_capacity(READ_BYTES, socket);
    let stream = settings.client_tls().connect(socket, &settings.host, limit).await?;
    let protocol = tls::protocol(&stream);
    let describe = |certificate: PeerCertificate| {
        let (who, pin) = (certificate.who(), certificate.pin);
        match certificate.not_after {
            Some(until) => {
                steps.validity(until).reworded(|valid| format!("{protocol}, {who}, {valid}, {pin}"))
            }
            None => format!("{protocol}, {who}, {pin}").into(),
        }
    };
    let seen = tls::peer_certificate(&stream).map_or_else(|| protocol.into(), describe);
    Ok((Box::new(stream), seen))
}

/// Reads the greeting (RFC 9051 section 7.1).
async fn greeted(mut client: Client<Wire>, host: &str) -> Result<Client<Wire>, MailboxError> {
    let unclear = |what: &str| MailboxError::new(ErrorKind::Protocol, format!("{host}: {what}"));
    let greeting = client.read_response().await.map_err(|error| session::from_io(&error, host))?;
    match greeting.as_ref().map(|greeting| greeting.parsed()) {
        Some(Response::Data { status: Status::Ok, .. }) => Ok(client),
        Some(Response::Data { status: Status::Bye, outcome }) => Err(session::farewell(outcome, host)),
        // Somebody else's session: in clear text this is how a man in the middle avoids STARTTLS.
        Some(Response::Data { status: Status::PreAuth, .. }) => {
            Err(unclear("the server says we are logged in already"))
        }
        Some(_) => Err(unclear("no greeting")),
        None => Err(session::closed(host, "the server closed the connection before greeting")),
    }
}

/// Asks for STARTTLS (RFC 9051 section 6.2.1) and gives the socket back.
async fn starttls(mut client: Client<Wire>, host: &str) -> Result<Box<dyn Duplex>, MailboxError> {
    match client.run_command_and_check_ok("STARTTLS", None).await {
        // The client goes with whatever it had read ahead: nothing said in clear counts after this.
        Ok(()) => Ok(client.into_inner().into_stream()),
        Err(error) => {
            let error = session::from_library(error, host);
            let refused = matches!(error.kind, ErrorKind::Refused | ErrorKind::Protocol);
            let kind = if refused { ErrorKind::Tls(TlsProblem::NotOffered) } else { error.kind };
            Err(MailboxError { kind, ..error })
        }
    }
}
