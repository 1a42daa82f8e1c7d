//! TLS as a client, for SMTP, IMAP, HTTP and checks: rustls with the ring provider, TLS 1.2 and 1.3 only.
//!
//! A certificate is believed because the operating system's trust store vouches for it, because a CA file does, or
//! because it is the very one that was pinned. Everything else fails with a [`Failure`] that names the problem and
//! shows the certificate, so that a person can compare it.

mod certificate;
mod chain;
mod problem;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

pub use certificate::{CertificatePin, PeerCertificate, PinError};
pub use chain::Chain;
pub use tokio_rustls::client::TlsStream;

use super::outcome::{ConnectionProblem, Failure, FailureKind, TlsProblem};
use verify::{Judge, Trust};

/// Whose certificates a client believes. The default is the operating system's trust store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientTls {
    /// Believe only certificates issued under these (PEM file), instead of the system's.
    pub ca: Option<PathBuf>,
    /// Believe exactly this certificate, whatever its name, issuer and dates.
    pub pin: Option<CertificatePin>,
    /// What to show a server that asks who its client is.
    pub client: Option<ClientCertificate>,
}

/// A client's own certificate with its key, PEM files; read for each connection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its key, not encrypted.
    pub key: PathBuf,
}

impl ClientTls {
    /// Reads the CA file or the system's trust store. Done anew for each connection, so that changes are noticed.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] when the file is not readable or holds no certificate, or the system has none.
    pub fn load(&self) -> Result<Connector, Failure> {
        let provider = provider();
        Connector::new(self.trust(&provider)?, provider, self.client.as_ref())
    }

    fn trust(&self, provider: &Arc<CryptoProvider>) -> Result<Trust, Failure> {
        Ok(match (&self.pin, &self.ca) {
            (Some(pin), _) => Trust::Pinned(*pin),
            (None, Some(file)) => Trust::checked(certificates("tls_ca", file)?, provider)
                .map_err(|error| settings(format!("tls_ca {}: {error}", file.display())))?,
            (None, None) => Trust::system(provider)
                .map_err(|error| settings(format!("the system's trust store cannot be used: {error}")))?,
        })
    }

    /// [`ClientTls::load`], then [`Connector::connect`].
    ///
    /// # Errors
    /// As those two.
    pub async fn connect<S>(&self, stream: S, host: &str, limit: Duration) -> Result<TlsStream<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.load()?.connect(stream, host, limit).await
    }
}

/// Makes connections private; cheap to clone.
#[derive(Clone, Debug)]
pub struct Connector(Arc<ClientConfig>);

impl Connector {
    /// Encryption without knowing the other side (RFC 7435), for opportunistic TLS only.
    pub(crate) fn unverified() -> Result<Self, Failure> {
        Self::new(Trust::Anybody, provider(), None)
    }

    fn new(
        trust: Trust,
        provider: Arc<CryptoProvider>,
        client: Option<&ClientCertificate>,
    ) -> Result<Self, Failure> {
        let judge = Judge { trust, provider: provider.clone() };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| settings(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(judge));
        let config = match client {
            None => builder.with_no_client_auth(),
            Some(client) => {
                let chain = certificates("the client's certificate", &client.certificate)?;
                builder.with_client_auth_cert(chain, key(&client.key)?).map_err(|error| {
                    settings(format!("certificate {} with its key: {error}", client.certificate.display()))
                })?
            }
        };
        Ok(Self(Arc::new(config)))
    }

    /// Performs the handshake on a connected stream. `host` is the name (or address) the certificate must be for.
    ///
    /// # Errors
    /// [`FailureKind::Tls`] with the problem, or [`FailureKind::Connection`] when the other side is silent for
    /// `limit` or closes.
    pub async fn connect<S>(&self, stream: S, host: &str, limit: Duration) -> Result<TlsStream<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| settings(format!("{host:?} is neither a host name nor an address")))?;
        match tokio::time::timeout(limit, TlsConnector::from(self.0.clone()).connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(problem::classify(&error, host)),
            Err(_) => Err(Failure::new(
                FailureKind::Connection(ConnectionProblem::TimedOut),
                format!("{host} did not finish the TLS handshake within {} s", limit.as_secs()),
            )),
        }
    }
}

/// What is known about the other side of an established connection.
#[must_use]
pub fn peer_certificate<S>(stream: &TlsStream<S>) -> Option<PeerCertificate> {
    Some(PeerCertificate::read(stream.get_ref().1.peer_certificates()?.first()?))
}

/// `TLS 1.2` or `TLS 1.3`.
#[must_use]
pub fn protocol<S>(stream: &TlsStream<S>) -> &'static str {
    match stream.get_ref().1.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS 1.2",
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn certificates(whose: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unusable = |why: String| settings(format!("{whose} {}: {why}", file.display()));
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() {
        return Err(unusable(
            "no certificate in this file; it must be PEM (-----BEGIN CERTIFICATE-----)".into(),
        ));
    }
    Ok(found)
}

/// What is wrong with a key file is said without showing any of it.
fn key(file: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let unusable = |why: &str| settings(format!("the client's key {}: {why}", file.display()));
    let pem = std::fs::read(file).map_err(|error| unusable(&error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| unusable("no key in this file; it must be PEM and not encrypted"))
}

fn settings(text: String) -> Failure {
    Failure::new(FailureKind::Settings, text)
}

/// Shorthand for the TLS failures made in this room and by STARTTLS.
pub(crate) fn tls_failure(problem: TlsProblem, text: impl AsRef<str>) -> Failure {
    Failure::new(FailureKind::Tls(problem), text)
}
