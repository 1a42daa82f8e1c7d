//! Certificates to look at rather than to rely on: from a file, or as a server shows them.
//!
//! They come from outside and are believed only where [`Chain::doubt`] finds nothing.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{ClientTls, Connector, PeerCertificate, Trust, problem, provider, settings};
use crate::transport::outcome::Failure;

/// Most certificates of one file or server; authorities' bundles have some two hundred.
const MOST: usize = 500;

/// A certificate, and those that came with it: what issued it, what issued that.
#[derive(Clone, Debug)]
pub struct Chain(Vec<CertificateDer<'static>>);

impl Chain {
    /// Reads a file's content: PEM, with anything else in between, or one certificate as DER.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
        let found: Vec<CertificateDer<'static>> = if pem {
            CertificateDer::pem_slice_iter(bytes)
                .take(MOST)
                .collect::<Result<_, _>>()
                .map_err(|error| format!("not readable as PEM: {error}"))?
        } else {
            vec![CertificateDer::from(bytes.to_vec())]
        };
        let is_readable = |der: &CertificateDer<'_>| X509Certificate::from_der(der.as_ref()).is_ok();
        match found.iter().position(|der| !is_readable(der)) {
            _ if found.is_empty() => Err("no certificate in it".into()),
            Some(_) if !pem => Err("neither PEM nor a certificate as DER".into()),
            Some(at) => Err(format!("its certificate number {} is not readable", at + 1)),
            None => Ok(Self(found)),
        }
    }

    /// What they say of themselves, the first one first; never empty.
    #[must_use]
    pub fn certificates(&self) -> Vec<PeerCertificate> {
        self.0.iter().map(PeerCertificate::read).collect()
    }

    /// Why a client with these settings would not believe the first of them at `now`, when asking for `host`.
    ///
    /// # Errors
    /// [`crate::transport::outcome::FailureKind::Settings`]: the trust store or CA file cannot be used, or `host` is no name.
    pub fn doubt(&self, tls: &ClientTls, host: &str, now: Timestamp) -> Result<Option<Failure>, Failure> {
        let provider = provider();
        let trust = tls.trust(&provider)?;
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| settings(format!("{host:?} is neither a host name nor an address")))?;
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let Some((first, others)) = self.0.split_first() else { return Ok(None) };
        Ok(trust.judge(first, others, &name, &[], now).err().map(|error| problem::of_error(&error, host)))
    }
}

impl ClientTls {
    /// Makes a connection private with whoever it is, to look at the certificates it shows; then it is of no further use.
    ///
    /// # Errors
    /// As [`Connector::connect`], but never because of the certificate.
    pub async fn look<S>(&self, stream: S, host: &str, limit: Duration) -> Result<Chain, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = Connector::new(Trust::Anybody, provider(), self.client.as_ref())?;
        let stream = connector.connect(stream, host, limit).await?;
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        Ok(Chain(shown.iter().take(MOST).map(|der| der.clone().into_owned()).collect()))
    }
}
