//! `make bench`: how fast the receiver takes in a full mailbox, beside what else could be done with the same mails.
//!
//! 20,000 heartbeat mails of 800 systems, from a private Dovecot over TLS into SQLite, by the shipped `mailbeat-receiver run` with
//! its default rules, from starting the program to its last commit. Nothing is prepared in its database but the contract: the
//! first mail of each system enrolls it by proof. Beside it, in turn and on the same mails: a bare client that drains one
//! UID FETCH (the ceiling), and mbsync without fsync, which downloads them into a Maildir and does nothing else. Processor time
//! of server and verifying shows what is left to a client that wants to be as fast as that.
//! Medians of three rounds after a warm-up. With BENCH_MAILS nothing is measured, only done.

mod contestants;
mod figures;
mod mails;
mod processor;
mod server;
mod smtp;

use std::time::Duration;

use anyhow::Context as _;
use mailbeat_tests::lab::Storage;

use contestants::{Ceiling, Ingest, Mbsync};
use figures::{Round, print, say};
use server::Server;

/// Mails of a whole run.
const MAILS: usize = 20_000;
/// Heartbeats of one system.
const PER_SYSTEM: usize = 25;
/// Mails that are verified and no more, to see what that alone takes.
const SAMPLE: usize = 2_000;
/// Rounds of a whole run.
const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let fewer = std::env::var("BENCH_MAILS")
        .ok()
        .map(|text| text.parse::<usize>().context("BENCH_MAILS"))
        .transpose()?;
    let (mails, rounds) = fewer.map_or((MAILS, ROUNDS), |mails| (mails, 1));
    let mut all = Vec::new();
    for storage in [Storage::Maildir, Storage::Mdbox] {
        all.push((storage, compare(storage, mails, rounds)?));
    }
    let smtp = smtp::mails_per_second()?;
    if fewer.is_some() {
        say(&format!(
            "all {mails} mails were recorded and filed; this was a test of function, nothing was measured"
        ));
        return Ok(());
    }
    print(&all, mails, smtp);
    Ok(())
}

/// All contestants over one kind of storage.
fn compare(storage: Storage, mails: usize, rounds: usize) -> anyhow::Result<Vec<Round>> {
    let server = Server::start(storage)?;
    let vendor = contestants::vendor(&server, "seed")?;
    let contract = contestants::contract(&vendor, mails.div_ceil(PER_SYSTEM))?;
    say(&format!("{storage:?}: composing and delivering {mails} mails"));
    let bytes = mails::compose(&contract, mails, PER_SYSTEM, &server.spool())?;
    server.fill()?;
    say(&format!("{storage:?}: {} bytes a mail", bytes / mails.max(1)));
    let sample = mails::sample(&server.spool(), SAMPLE)?;
    let measure = |round| -> anyhow::Result<Round> {
        let verifying = contestants::verifying(&sample)?;
        let ceiling = Ceiling { server: &server }.run(mails)?;
        let mbsync = Mbsync { server: &server }.run(mails)?;
        let observed = Ingest { server: &server, seed: &vendor, filing: false }.run(mails)?;
        let filed = Ingest { server: &server, seed: &vendor, filing: true }.run(mails)?;
        let s = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        say(&format!(
            "{storage:?} {round}: ceiling {}, mbsync {}, without filing {} (processor {}), with filing {} (recorded {}, processor {}, the server's {})",
            s(ceiling),
            s(mbsync),
            s(observed.last_commit),
            s(observed.cpu),
            s(filed.last_commit),
            s(filed.recorded),
            s(filed.cpu),
            s(filed.server_cpu)
        ));
        Ok(Round { verifying, ceiling, mbsync, observed, filed })
    };
    Ceiling { server: &server }.run(mails)?;
    (1..=rounds).map(measure).collect()
}
