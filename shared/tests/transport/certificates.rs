//! Certificates made at test time: one authority, and what it or nobody signed.

use std::path::PathBuf;
use std::sync::Arc;

use mailbeat_shared::transport::tls::CertificatePin;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

/// A certificate with its key, ready to serve.
pub(crate) struct Served {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) pin: CertificatePin,
}

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    home: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(home.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), home }
    }

    pub(crate) fn pem(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    /// A certificate for `name`, valid until the end of 2100 or already expired.
    pub(crate) fn issue(&self, name: &str, expired: bool) -> Served {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = if expired { date_time_ymd(2021, 1, 1) } else { date_time_ymd(2100, 1, 1) };
        serve(params.signed_by(&key, &self.issuer).unwrap().der(), &key)
    }
}

/// What an administrator makes for an internal server: nobody signed it, it has only a CN, calls itself a CA, and ran
/// out unnoticed.
pub(crate) fn self_signed_long_ago() -> Served {
    self_signed(2021)
}

/// The same, valid until that year.
pub(crate) fn self_signed(until: i32) -> Served {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    serve(params.self_signed(&key).unwrap().der(), &key)
}

fn serve(certificate: &CertificateDer<'static>, key: &KeyPair) -> Served {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    Served { config: Arc::new(config), pin: CertificatePin::of(certificate) }
}
