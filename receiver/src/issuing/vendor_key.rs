//! The vendor's key: it seals contracts, and whoever has it can bind every customer's agent.
//!
//! Made once, at the first start; agents pin it. A key file that others may read is refused rather than used: by then it may
//! have been copied, and somebody should decide.

use std::path::{Path, PathBuf};

use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::text;
use mailbeat_shared::wire::signature::{PublicKey, SignatureError, SigningKey};

/// A vendor key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VendorKeyError {
    /// The file cannot be read or written.
    #[error("vendor key {path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Others may read it.
    #[error(
        "vendor key {path} can be read by others (mode {mode:03o}). If nobody copied it, run: chmod 600 '{path}'",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a key.
    #[error("vendor key {path}: {error}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong; never holds key material.
        error: SignatureError,
    },
}

/// Reads the vendor's key, or makes it from `random` and writes it durably with mode 0600 where there is none.
///
/// # Errors
/// [`VendorKeyError`]. A key that is there is never replaced.
pub fn load_or_create(path: &Path, random: [u8; 32]) -> Result<SigningKey, VendorKeyError> {
    match load(path) {
        Err(VendorKeyError::File { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = SigningKey::from_seed(&random, "mailbeat vendor key");
            let file = |error| VendorKeyError::File { path: path.to_owned(), error };
            durable::replace(path, key.to_openssh().as_bytes(), Access::Private).map_err(file)?;
            Ok(key)
        }
        loaded => loaded,
    }
}

/// Reads the vendor's key.
///
/// # Errors
/// [`VendorKeyError`].
pub fn load(path: &Path) -> Result<SigningKey, VendorKeyError> {
    let file = |error| VendorKeyError::File { path: path.to_owned(), error };
    check_mode(path, &std::fs::metadata(path).map_err(file)?)?;
    let text = std::fs::read_to_string(path).map_err(file)?;
    SigningKey::from_openssh(&text).map_err(|error| VendorKeyError::Invalid { path: path.to_owned(), error })
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &std::fs::Metadata) -> Result<(), VendorKeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(VendorKeyError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &std::fs::Metadata) -> Result<(), VendorKeyError> {
    Ok(())
}

/// The text of `vendor.pub`, which customers put beside `agent.toml`: one line in OpenSSH's format whose comment names the
/// vendor and the fingerprint to compare on the telephone.
#[must_use]
pub fn vendor_pub(vendor: &str, key: &PublicKey) -> String {
    format!("{key} {} {}\n", text::one_line(vendor.trim(), 200), key.fingerprint())
}
