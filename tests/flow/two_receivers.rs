//! Two receivers where there should be one.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};
use mailbeat_tests::books::Books;
use mailbeat_tests::office::Office;
use mailbeat_tests::programs::{Build, Installed, PATIENCE, Program, wait_for};

use crate::courier::{CALM, Courier};

#[test]
fn a_second_receiver_on_the_same_state_is_refused_and_told_by_whom() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let first = office.vendor.start()?;
    let lock = office.vendor.dir.join("state/receiver.lock");
    wait_for("the first to hold its lock", PATIENCE, || {
        Ok(fs::read_to_string(&lock)?.contains('\n').then_some(()))
    })?;
    let second = office.vendor.receiver.output(&["run"])?;
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("another mailbeat-receiver (pid {})", first.pid())), "{said}");
    assert!(said.contains("stop it first"), "{said}");
    assert!(first.terminate()?.success());
    Ok(())
}

#[test]
fn two_receivers_on_one_mailbox_lose_no_report_between_them_and_say_what_is_wrong() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    let (state, copy) = (office.vendor.dir.join("state"), office.dir().join("copy"));
    // A stand-by that somebody made by copying everything, and forgot.
    fs::create_dir(&copy)?;
    let copied = Command::new("cp").arg("-r").arg(&state).arg(&copy).status()?;
    ensure!(copied.success(), "cp ended with {copied}");
    let text = fs::read_to_string(office.vendor.dir.join("receiver.toml"))?;
    let config = copy.join("receiver.toml");
    fs::write(&config, text.replace(&format!("{state:?}"), &format!("{:?}", copy.join("state"))))?;
    let standby = Installed::new(Program::Receiver, Build::Ordinary, &config)?;

    let logs = [office.vendor.dir.join("receiver.log"), copy.join("receiver.log")];
    let _first = office.vendor.start()?;
    let _second = standby.start(&["run"], &logs[1])?;
    let mut carried = courier.mails()?.len();
    for mail in courier.mails()? {
        Courier::carry(&office, &mail)?;
    }
    let warned = |log: &std::path::PathBuf| {
        fs::read_to_string(log).is_ok_and(|log| log.contains("does another program or receiver"))
    };
    // The same mails again and again until the two got into each other's way.
    for _ in 0..40 {
        if logs.iter().any(warned) {
            break;
        }
        let mails = vec![courier.make("heartbeat")?; 100];
        carried += 1;
        office.lab.deliver_all("reports", "INBOX", mails.iter().map(Vec::as_slice))?;
        wait_for("both to be done", PATIENCE, || {
            Ok(office.lab.mails("reports", "INBOX")?.is_empty().then_some(()))
        })?;
    }
    ensure!(logs.iter().any(warned), "nobody noticed:\n{}", fs::read_to_string(&logs[0])?);
    let books = [Books::open(&office.vendor.dir)?, Books::open(&copy)?];
    wait_for("every report in one of the two books", PATIENCE, || {
        let mut ids = Vec::new();
        for books in &books {
            ids.extend(books.column("SELECT hex(report_id) FROM reports")?);
        }
        ids.sort();
        ids.dedup();
        Ok((ids.len() == carried).then_some(()))
    })
    .context("a report is in neither")?;
    for log in &logs {
        let log = fs::read_to_string(log)?;
        ensure!(
            !log.contains("panicked") && !log.contains("ERROR") && !log.contains("does not file mails"),
            "{log}"
        );
    }
    Ok(())
}
