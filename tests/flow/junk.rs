//! A report that the vendor's mail server took for junk.

use mailbeat_tests::books::Books;
use mailbeat_tests::office::Office;

use crate::courier::{CALM, Courier};

#[test]
fn a_report_found_in_junk_counts_like_any_other() -> anyhow::Result<()> {
    let office = Office::open(CALM)?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3_600, 86_400)?;
    let courier = Courier::new(&office, "scada-01", &contract)?;
    for mail in courier.mails()? {
        office.lab.deliver("reports", "Junk", &mail)?;
    }
    let _receiver = office.vendor.start()?;
    office.vendor.await_system("scada-01", "alive")?;

    // And while it waits for mail in the INBOX.
    office.lab.deliver("reports", "Junk", &courier.make("heartbeat")?)?;
    let books = Books::open(&office.vendor.dir)?;
    books.until("the third report", "SELECT count(*) = 3 FROM reports")?;
    office.lab.wait_for_mails("reports", "Mailbeat/Processed", 3)?;
    assert!(office.lab.mails("reports", "Junk")?.is_empty(), "what was read is filed, also from Junk");
    Ok(())
}
