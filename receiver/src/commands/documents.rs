//! `man` and `completions`: what the command line itself can tell about it. Neither reads a configuration.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;

/// What the manual page says besides: files, environment, exit status, examples.
const MORE: &str = include_str!("../../../packaging/man/mailbeat-receiver.roff");

/// Prints the manual page, or writes it and one for each command into a directory.
pub(super) fn man(dir: Option<&Path>) -> anyhow::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    page.extend_from_slice(MORE.as_bytes());
    let Some(dir) = dir else { return put(&page) };
    let unwritable = || dir.display().to_string();
    std::fs::create_dir_all(dir).with_context(unwritable)?;
    clap_mangen::generate_to(Cli::command(), dir).with_context(unwritable)?;
    std::fs::write(dir.join(concat!(env!("CARGO_PKG_NAME"), ".1")), page).with_context(unwritable)
}

/// Prints what makes a shell complete commands and options.
pub(super) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    put(&script)
}

/// A reader that went away (`| head`) is no failure.
pub(super) fn put(text: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("writing to standard output")
        }
        _ => Ok(()),
    }
}
