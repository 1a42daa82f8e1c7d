//! Mail that overtakes, comes late, or never.

use mailbeat_tests::books::Books;
use mailbeat_tests::office::Office;

use crate::courier::{CALM, Courier};

#[test]
fn a_system_enrolls_by_its_first_report_when_the_enrollment_is_lost() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    let mails = courier.mails()?;
    assert!(String::from_utf8_lossy(&mails[0]).contains("Mailbeat-Kind: enrollment"));
    Courier::carry(&office, &mails[1])?;
    let _receiver = office.vendor.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    // It was not lost, only late.
    Courier::carry(&office, &mails[0])?;
    let books = Books::open(&office.vendor.dir)?;
    books.until("the enrollment", "SELECT count(*) = 2 FROM reports")?;
    assert_eq!(books.number("SELECT count(*) FROM systems")?, 1);
    assert_eq!(books.number("SELECT count(*) FROM holes")?, 0);
    assert_eq!(books.number("SELECT count(*) FROM quarantine")?, 0);
    Ok(())
}

#[test]
fn reports_in_reverse_order_come_to_the_same_end() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    courier.make("system")?;
    courier.host.write("app.conf", "listen = 0.0.0.0:502\nworkers = 8\n")?;
    courier.make("system")?;
    courier.host.write("new.conf", "added = later\n")?;
    courier.make("system")?;
    courier.make("heartbeat")?;
    let mails = courier.mails()?;

    let _receiver = office.vendor.start()?;
    let books = Books::open(&office.vendor.dir)?;
    for (carried, mail) in mails.iter().rev().enumerate() {
        Courier::carry(&office, mail)?;
        // One by one: in one batch the receiver would see them as they are sorted in the mailbox all the same.
        books.until("the next report", &format!("SELECT count(*) = {} FROM reports", carried + 1))?;
    }
    office.vendor.await_system("scada-01", "alive")?;
    let changes = office.vendor.receiver.run(&["systems", "changes", "scada-01"])?;
    assert!(changes.contains("+workers = 8") && changes.contains("added"), "{changes}");
    let files = "SELECT count(*) FROM snapshot_files WHERE path LIKE '%app.conf' OR path LIKE '%new.conf'";
    books.until("the files as they are", &format!("SELECT ({files}) = 2"))?;
    assert_eq!(books.number("SELECT count(*) FROM branches WHERE unknown_since IS NOT NULL")?, 0);
    for (nothing, sql) in [
        ("holes", "SELECT count(*) FROM holes"),
        ("further branches", "SELECT count(*) - 1 FROM branches"),
        ("quarantine", "SELECT count(*) FROM quarantine"),
        ("tickets", "SELECT count(*) FROM tickets"),
    ] {
        assert_eq!(books.number(sql)?, 0, "{nothing}");
    }
    Ok(())
}
