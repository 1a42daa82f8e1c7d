//! What must be installed where tests run, and what is said where it is not.

use std::path::PathBuf;

use anyhow::Context as _;

/// What every such sentence ends with.
pub(super) const INSTALL: &str = "tests/install-deps.sh installs what the tests need";

/// Where `tests/install-deps.sh` puts what it does not install.
pub(super) fn cache() -> anyhow::Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    Ok(cache.context("HOME is not set")?.join("mailbeat-tests"))
}

/// The error of a program that cannot be run.
pub(super) fn missing(program: &str, packages: &str, error: &std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("cannot run {program} (Debian packages: {packages}): {error}; {INSTALL}")
}
