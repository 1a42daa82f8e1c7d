//! `redact`: what redaction leaves of a file, so that the administrator can try it. The result goes to the standard output, how
//! much was hidden to the standard error.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::{Setup, print};
use crate::identity::Identity;
use crate::os;
use crate::redact::Redactor;
use crate::watch;

/// Largest input read, in bytes; larger ones are not watched either.
const LARGEST: u64 = 64 * 1024 * 1024;

pub(super) fn redact(setup: &Setup, file: &Path) -> anyhow::Result<ExitCode> {
    let name = file.display();
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes).context("standard input")?;
    } else {
        let opened = fs::File::open(file).with_context(|| name.to_string())?;
        opened.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| name.to_string())?;
    }
    if bytes.len() as u64 > LARGEST {
        bail!("{name} is larger than {LARGEST} bytes");
    }
    let Some(text) = watch::text_of(&bytes) else {
        bail!("{name} is no text; of a watched binary file only a digest is sent")
    };
    let identity = Identity::load(&setup.home)?;
    let key = identity.as_ref().map_or([0; 32], |identity| *identity.fingerprint_key());
    let redacted = Redactor::new(key, &setup.config.redact, os::known_names())?.redact(&text);
    print(&redacted);
    let count =
        |opening: &str| redacted.matches(opening).count().saturating_sub(text.matches(opening).count());
    let pseudonyms: usize = ["<ip:", "<host:", "<user:", "<mail:"].into_iter().map(count).sum();
    let and = if pseudonyms == 0 { String::new() } else { format!(", {pseudonyms} pseudonyms put") };
    eprintln!("{} places redacted{and} in {name}", count("<redacted:"));
    if identity.is_none() {
        eprintln!("not activated: these fingerprints are not the ones a report would show");
    }
    Ok(ExitCode::SUCCESS)
}
