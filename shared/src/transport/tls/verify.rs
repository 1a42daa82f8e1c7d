//! Decides whether a server's certificate is believed, and says why not in a way that reaches the caller.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::{CertificatePin, PeerCertificate};
use super::problem;
use crate::transport::outcome::TlsProblem;

/// Whom to believe.
#[derive(Debug)]
pub(super) enum Trust {
    /// Whoever a trust store vouches for, for the name asked for, now.
    Checked(Arc<dyn ServerCertVerifier>),
    /// The holder of exactly this certificate's key.
    Pinned(CertificatePin),
    /// Anybody: encryption against passive listeners only.
    Anybody,
}

impl Trust {
    /// The operating system's trust store.
    pub(super) fn system(provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        Ok(Self::Checked(Arc::new(rustls_platform_verifier::Verifier::new(provider.clone())?)))
    }

    /// These authorities and no others.
    pub(super) fn checked(
        authorities: Vec<CertificateDer<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        authorities.into_iter().try_for_each(|authority| roots.add(authority))?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self::Checked(verifier))
    }
}

impl Trust {
    /// Whether this certificate is believed for that name.
    pub(super) fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        let (problem, why) = match self {
            Self::Anybody => return Ok(()),
            Self::Pinned(pin) if *pin == CertificatePin::of(end_entity) => return Ok(()),
            Self::Pinned(pin) => (TlsProblem::PinMismatch, format!("the pinned certificate is {pin}")),
            Self::Checked(inner) => {
                match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                    Ok(_) => return Ok(()),
                    Err(Error::InvalidCertificate(error)) => problem::of_certificate(&error, server_name),
                    Err(other) => return Err(other),
                }
            }
        };
        let rejected = Rejected { problem, why, certificate: PeerCertificate::read(end_entity) };
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(rejected)))))
    }
}

/// A certificate that was not believed; travels inside rustls's error to [`problem::classify`].
#[derive(Debug, thiserror::Error)]
#[error("{why}; the server showed: {certificate}")]
pub(super) struct Rejected {
    pub(super) problem: TlsProblem,
    why: String,
    certificate: PeerCertificate,
}

/// The verifier handed to rustls. In every case the handshake's signature is checked: the other side holds the key.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) trust: Trust,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.trust.judge(end_entity, intermediates, server_name, ocsp_response, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
