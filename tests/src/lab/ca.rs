//! A certificate authority for one lab, by the `openssl` command: the same certificates an administrator would make.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Which certificate a server shows. Each is shown on an address of its own, on the same ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Signed by the lab's CA, for `localhost` and 127.0.0.1.
    Good,
    /// Signed by the lab's CA, expired yesterday.
    Expired,
    /// Signed by the lab's CA for `other.invalid`.
    WrongName,
    /// Signed by itself, with a common name only: an old internal server.
    SelfSigned,
}

impl Certificate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Good, Self::Expired, Self::WrongName, Self::SelfSigned];

    /// The address at which servers show this certificate.
    #[must_use]
    pub fn address(self) -> &'static str {
        match self {
            Self::Good => "127.0.0.1",
            Self::Expired => "127.0.0.2",
            Self::WrongName => "127.0.0.3",
            Self::SelfSigned => "127.0.0.4",
        }
    }

    /// Name of its files in the lab's `tls` directory: `NAME.pem` and `NAME.key`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Expired => "expired",
            Self::WrongName => "wrong-name",
            Self::SelfSigned => "self-signed",
        }
    }

    fn subject(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Good => ("/CN=localhost", "DNS:localhost,IP:127.0.0.1", "30"),
            Self::Expired => ("/CN=localhost", "DNS:localhost,IP:127.0.0.2", "-1"),
            Self::WrongName => ("/CN=other.invalid", "DNS:other.invalid", "30"),
            Self::SelfSigned => ("/CN=old-mail", "", "30"),
        }
    }
}

const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/// Makes the CA (`ca.pem`) and every certificate in `dir`.
pub(super) fn make(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir)?;
    let ca = ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Lab CA"];
    openssl(dir, ca.into_iter().chain(NEW_KEY).chain(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]))?;
    Certificate::ALL.into_iter().try_for_each(|certificate| issue(dir, certificate, certificate.subject().2))
}

/// Makes one of the certificates, or makes it anew, for so many days from now.
pub(super) fn issue(dir: &Path, certificate: Certificate, days: &str) -> anyhow::Result<()> {
    let (name, (subject, names, _)) = (certificate.name(), certificate.subject());
    let (key, pem, csr, ext) =
        (format!("{name}.key"), format!("{name}.pem"), format!("{name}.csr"), format!("{name}.ext"));
    if certificate == Certificate::SelfSigned {
        let own = ["req", "-x509", "-keyout", &key, "-out", &pem, "-days", days, "-subj", subject];
        return openssl(dir, own.into_iter().chain(NEW_KEY)).map(drop);
    }
    let request = ["req", "-new", "-keyout", &key, "-out", &csr, "-subj", subject];
    openssl(dir, request.into_iter().chain(NEW_KEY))?;
    let extensions = format!(
        "subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
         extendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    );
    fs::write(dir.join(&ext), extensions)?;
    let sign = ["x509", "-req", "-in", &csr, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(dir, sign.into_iter().chain(["-extfile", &ext, "-out", &pem, "-days", days])).map(drop)
}

/// Makes the certificate with which an application proves itself, `application.pem` and `application.key`: RSA, because that
/// is what providers ask for.
pub(super) fn application(dir: &Path) -> anyhow::Result<()> {
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Mailbeat"];
    openssl(dir, new.into_iter().chain(["-keyout", "application.key", "-out", "application.pem"])).map(drop)
}

/// SHA-256 of a PEM certificate's DER bytes as `sha256:` and 64 hexadecimal digits: what `tls_pin` takes.
pub(super) fn pin(pem: &Path) -> anyhow::Result<String> {
    let dir = pem.parent().context("a certificate lies in a directory")?;
    let file = pem.to_str().context("the lab's paths are UTF-8")?;
    let text = openssl(dir, ["x509", "-in", file, "-noout", "-fingerprint", "-sha256"])?;
    let (_, hex) = text.trim().split_once('=').with_context(|| format!("openssl said {text:?}"))?;
    Ok(format!("sha256:{}", hex.replace(':', "").to_lowercase()))
}

fn openssl<'a>(dir: &Path, args: impl IntoIterator<Item = &'a str>) -> anyhow::Result<String> {
    let output = Command::new("openssl").args(args).current_dir(dir).stdin(Stdio::null()).output();
    let output = output.map_err(|error| super::missing("openssl", "openssl", &error))?;
    if !output.status.success() {
        bail!("openssl failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
