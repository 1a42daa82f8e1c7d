//! The program in a pipe of a shell.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::path::Path;
use std::process::{Command, Stdio};

fn receiver(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailbeat-receiver"));
    command.arg("--config").arg(dir.join("receiver.toml"));
    command
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let mail = dir.path().join("mail");
    let config = format!(
        "state_dir = {:?}\n[contracts]\nvendor = 'V'\nreport_addresses = ['r@vendor.example']\n\
         [[mailbox]]\nname = 'reports'\ntype = 'maildir'\npath = {mail:?}\n\
         [outgoing]\ntype = 'maildir'\nfrom = 'r@vendor.example'\npath = {mail:?}\n",
        dir.path().join("state")
    );
    std::fs::write(dir.path().join("receiver.toml"), config).unwrap();
    let ready =
        receiver(dir.path()).args(["init", "--contact", "Eva <eva@vendor.example>"]).output().unwrap();
    assert!(ready.status.success(), "{ready:?}");
    let mut listing = receiver(dir.path());
    let mut listing =
        listing.args(["contacts", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(listing.stdout.take());
    let listed = listing.wait_with_output().unwrap();
    assert!(listed.status.success() && listed.stderr.is_empty(), "{listed:?}");
}
