//! What people and servers do to a mailbox: copies, mails moved back, a mailbox made anew. Every report counts once.

use mailbeat_tests::books::Books;
use mailbeat_tests::office::Office;

use crate::courier::{CALM, Courier};

const PROCESSED: &str = "Mailbeat/Processed";

/// Moves everything back into the INBOX, as a person does by hand.
fn move_back(office: &Office) -> anyhow::Result<()> {
    office.lab.imap("reports", &["SELECT Mailbeat/Processed", "UID MOVE 1:* INBOX"]).map(drop)
}

fn all_is_filed(office: &Office, mails: usize) -> anyhow::Result<()> {
    office.lab.wait_for_mails("reports", PROCESSED, mails)?;
    assert_eq!(office.lab.mails("reports", PROCESSED)?.len(), mails);
    assert_eq!(office.lab.mails("reports", "INBOX")?.len(), 0, "nothing is left in the INBOX");
    Ok(())
}

#[test]
fn the_same_mail_twice_and_mails_moved_back_by_hand_count_once_and_are_filed_again() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    let mails = courier.mails()?;
    let twice = mails.iter().chain(&mails).map(Vec::as_slice);
    office.lab.deliver_all("reports", "INBOX", twice)?;
    let _receiver = office.vendor.start()?;
    let books = Books::open(&office.vendor.dir)?;
    all_is_filed(&office, 2 * mails.len())?;
    assert_eq!(books.number("SELECT count(*) FROM reports")?, 2);

    move_back(&office)?;
    all_is_filed(&office, 2 * mails.len())?;
    assert_eq!(books.number("SELECT count(*) FROM reports")?, 2);
    assert_eq!(books.number("SELECT sum(n) FROM counters WHERE reason = 'accepted'")?, 2);
    assert_eq!(books.number("SELECT sum(n) FROM counters WHERE reason = 'duplicate'")?, 6);
    assert_eq!(books.number("SELECT count(*) FROM quarantine")?, 0);
    Ok(())
}

#[test]
fn a_mailbox_made_anew_is_read_from_its_beginning_and_nothing_counts_twice() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    office.lab.deliver_all("reports", "INBOX", courier.mails()?.iter().map(Vec::as_slice))?;
    let receiver = office.vendor.start()?;
    all_is_filed(&office, 2)?;
    assert!(receiver.terminate()?.success());
    let books = Books::open(&office.vendor.dir)?;
    let uidvalidity = "SELECT uidvalidity FROM folders WHERE name = 'INBOX'";
    let before = books.number(uidvalidity)?;

    // The same mails lie in another mailbox of the same name, with UIDs from 1, and a new one behind them.
    move_back(&office)?;
    Courier::carry(&office, &courier.make("heartbeat")?)?;
    office.lab.recreate_mailbox("reports", "INBOX")?;
    let _receiver = office.vendor.start()?;
    all_is_filed(&office, 3)?;
    assert_ne!(books.number(uidvalidity)?, before);
    assert_eq!(books.number("SELECT count(*) FROM reports")?, 3);
    assert_eq!(
        books.number("SELECT count(*) FROM quarantine")? + books.number("SELECT count(*) FROM tickets")?,
        0
    );
    Ok(())
}
