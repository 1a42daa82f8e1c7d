//! Turns rustls's errors into the few problems a person can do something about.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};
use rustls_pki_types::ServerName;

use super::tls_failure;
use super::verify::Rejected;
use crate::transport::outcome::{Failure, TlsProblem};

/// A failed handshake with `host`. tokio-rustls wraps rustls's error in an [`io::Error`].
pub(super) fn classify(error: &io::Error, host: &str) -> Failure {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return Failure::from_io(error, &format!("TLS handshake with {host}"));
    };
    of_error(error, host)
}

/// An error of rustls itself.
pub(super) fn of_error(error: &Error, host: &str) -> Failure {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) if other.0.is::<Rejected>() => {
            let rejected = other.0.downcast_ref::<Rejected>();
            tls_failure(rejected.map_or(TlsProblem::Other, |rejected| rejected.problem), other.0.to_string())
        }
        Error::InvalidMessage(_) => tls_failure(
            TlsProblem::NotTls,
            format!("{host} answered the TLS handshake with something else: {error}"),
        ),
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => tls_failure(
            TlsProblem::TooOld,
            format!("{host} has no TLS version and cipher in common with us: {error}"),
        ),
        _ => tls_failure(TlsProblem::Other, format!("TLS handshake with {host}: {error}")),
    }
}

/// What is wrong with a certificate shown for `name`.
pub(super) fn of_certificate(error: &CertificateError, name: &ServerName<'_>) -> (TlsProblem, String) {
    let name = name.to_str();
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (TlsProblem::Expired, "the certificate has expired".into())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (TlsProblem::Expired, "the certificate is not valid yet, or this machine's clock is wrong".into())
        }
        CertificateError::NotValidForName => {
            (TlsProblem::WrongName, format!("the certificate is not for {name}"))
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => (
            TlsProblem::WrongName,
            format!("the certificate is not for {name}: it has no alternative names, only a CN"),
        ),
        CertificateError::NotValidForNameContext { .. } => {
            (TlsProblem::WrongName, format!("the certificate is not for {name}"))
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            (TlsProblem::UnknownIssuer, "no authority known here has issued the certificate".into())
        }
        // webpki says this of the usual self-signed certificate, which `openssl req -x509` makes as a CA. Its error
        // type is not public API of rustls, hence the look at the text.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => (
            TlsProblem::UnknownIssuer,
            "the certificate is an authority's own, not one issued to a server".into(),
        ),
        other => (TlsProblem::Other, format!("the certificate is not usable: {other}")),
    }
}
