//! A certification authority of our own, and what it signs: certificates with so many days left.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mailbeat_shared::clock::Clock;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    own: CertificateDer<'static>,
    home: TempDir,
}

/// A certificate with its key.
pub(crate) struct Issued {
    pub(crate) certificate: Certificate,
    key: KeyPair,
    /// Between it and the authority.
    above: Vec<CertificateDer<'static>>,
}

/// Params of a certificate that ends so many days from now, and an hour: long enough for the test to say so.
fn ending_in(name: &str, days: i64) -> CertificateParams {
    let names = if name.is_empty() { vec![] } else { vec![name.to_owned()] };
    let mut params = CertificateParams::new(names).unwrap();
    let until = Clock::system().now().as_second() + days * 86_400 + 3_600;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(until).unwrap());
    params
}

fn authority(days: i64, name: &str) -> CertificateParams {
    let mut params = ending_in("", days);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

impl Authority {
    pub(crate) fn new() -> Self {
        let (key, params) = (KeyPair::generate().unwrap(), authority(3_650, "Test Root"));
        let own = params.self_signed(&key).unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("ca.pem"), own.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), own: own.der().clone(), home }
    }

    /// A line for `agent.toml`: believe this authority.
    pub(crate) fn tls(&self) -> String {
        format!("tls = {{ ca = '{}' }}", self.pem().display())
    }

    pub(crate) fn pem(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    pub(crate) fn issue(&self, name: &str, days: i64) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = ending_in(name, days).signed_by(&key, &self.issuer).unwrap();
        Issued { certificate, key, above: vec![] }
    }

    /// The same by an authority below this one, which has so many days left itself.
    pub(crate) fn issue_below(&self, name: &str, days: i64, issuer_days: i64) -> Issued {
        let (own_key, params) = (KeyPair::generate().unwrap(), authority(issuer_days, "Test Issuing"));
        let between = params.signed_by(&own_key, &self.issuer).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = ending_in(name, days).signed_by(&key, &Issuer::new(params, own_key)).unwrap();
        Issued { certificate, key, above: vec![between.der().clone()] }
    }

    /// Writes a client's certificate and key; the line for `agent.toml` that shows them.
    pub(crate) fn client(&self, issued: &Issued) -> String {
        let (certificate, key) = (self.home.path().join("client.pem"), self.home.path().join("client.key"));
        std::fs::write(&certificate, issued.certificate.pem()).unwrap();
        std::fs::write(&key, issued.key.serialize_pem()).unwrap();
        format!(
            "tls = {{ ca = '{}', client = {{ certificate = '{}', key = '{}' }} }}",
            self.pem().display(),
            certificate.display(),
            key.display()
        )
    }

    /// Serves with this certificate, to clients of this authority alone.
    pub(crate) fn serving_its_own(&self, issued: &Issued) -> Arc<ServerConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.own.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let (chain, key) = issued.parts();
        Arc::new(builder.with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap())
    }
}

impl Issued {
    fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = [vec![self.certificate.der().clone()], self.above.clone()].concat();
        (chain, PrivateKeyDer::try_from(self.key.serialize_der()).unwrap())
    }

    /// Serves with this certificate, to anybody.
    pub(crate) fn serving(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let (chain, key) = self.parts();
        Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())
    }
}
