//! The receiver's database is lost and an older copy put in its place: what people entered since then is entered again as the manual
//! says, and everything is as it was. Mail travels through Maildirs; no server has a part in this.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use mailbeat_tests::books::Books;
use mailbeat_tests::maildirs;
use mailbeat_tests::office::RULES;
use mailbeat_tests::world::{Host, Vendor};
use serde_json::Value;

/// Puts the copy in place of the database, as the manual says.
fn restore(copy: &Path, state: &Path) -> anyhow::Result<()> {
    for beside in ["receiver.db-wal", "receiver.db-shm"] {
        let _ = fs::remove_file(state.join(beside)); // after a clean end there is none
    }
    fs::copy(copy, state.join("receiver.db"))?;
    Ok(())
}

/// A host with this contract that sends until it is alive, and stops.
fn host(dir: &Path, name: &str, vendor: &Vendor, contract: &Path) -> anyhow::Result<Host> {
    let host = Host::new(&dir.join(name), name, &maildirs::route(dir))?;
    host.write("app.conf", "workers = 4\n")?;
    host.activate(vendor, contract)?;
    let agent = host.start()?;
    vendor.await_system(name, "alive")?;
    ensure!(agent.terminate()?.success());
    Ok(host)
}

fn contract(vendor: &Vendor, customer: &str) -> anyhow::Result<Value> {
    let listed = vendor.receiver.json(&["contracts", "list"])?;
    let found = listed.as_array().into_iter().flatten().find(|row| row["customer"] == customer);
    found.cloned().with_context(|| format!("{customer} has no contract in {listed:#}"))
}

#[test]
fn after_a_restore_contracts_come_back_from_their_files_and_a_revocation_by_its_day() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let vendor = Vendor::new(&dir.path().join("vendor"), &maildirs::transport(dir.path()), RULES)?;
    let acme = vendor.issue("ACME", 1, 3_600)?;
    let receiver = vendor.start()?;
    let old = host(dir.path(), "scada-01", &vendor, &acme)?;
    ensure!(receiver.terminate()?.success());
    let (state, copy) = (vendor.dir.join("state"), dir.path().join("copy.db"));
    fs::copy(state.join("receiver.db"), &copy)?;

    // Since then a customer came and another one left.
    let beta = vendor.issue("BETA", 1, 3_600)?;
    let receiver = vendor.start()?;
    let new = host(dir.path(), "pump-01", &vendor, &beta)?;
    let number = contract(&vendor, "ACME")?["number"].as_str().context("a number")?.to_owned();
    vendor.receiver.run(&["contracts", "revoke", &number])?;
    ensure!(receiver.terminate()?.success());
    let made = fs::read_dir(dir.path().join("reports/.Mailbeat.Processed/cur"))?.count();

    restore(&copy, &state)?;
    assert_eq!(contract(&vendor, "ACME")?["state"], "valid", "the copy knows of no revocation");
    assert!(contract(&vendor, "BETA").is_err(), "nor of the new customer");
    let files = acme.parent().and_then(Path::to_str).context("a path in UTF-8")?;
    let taken = vendor.receiver.json(&["contracts", "import", files])?;
    let results: Vec<&Value> = taken.as_array().into_iter().flatten().map(|row| &row["result"]).collect();
    assert_eq!(results, ["held already", "taken up"], "{taken:#}");
    let today = jiff::Timestamp::try_from(fs::metadata(&copy)?.modified()?)?.strftime("%Y-%m-%d").to_string();
    vendor.receiver.run(&["contracts", "revoke", &number, "--since", &today])?;
    // What was filed since then is moved back, as with any mail program.
    let filed = dir.path().join("reports/.Mailbeat.Processed/cur");
    for entry in fs::read_dir(&filed)? {
        let entry: PathBuf = entry?.path();
        fs::rename(&entry, dir.path().join("reports/new").join(entry.file_name().context("a name")?))?;
    }

    let _receiver = vendor.start()?;
    let (_old, _new) = (old.start()?, new.start()?);
    vendor.await_system("pump-01", "alive")?;
    assert_eq!(contract(&vendor, "ACME")?["state"], "revoked");
    assert_eq!(contract(&vendor, "BETA")?["enrolled"], 1);
    let books = Books::open(&vendor.dir)?;
    let all = format!(
        "SELECT sum(n) >= {made} FROM counters WHERE reason IN ('accepted', 'duplicate', 'contract_ended')"
    );
    books.until("every mail to be judged again", &all)?;
    let of_the_old = "SELECT sum(n) > 0 FROM counters WHERE reason = 'contract_ended'";
    books.until("mails of the customer who left to be counted and not kept", of_the_old)?;
    let holes = "SELECT count(*) = 0 FROM holes h JOIN branches b ON b.id = h.branch JOIN systems s ON s.id = b.system WHERE s.host = 'pump-01'";
    books.until("no report of the new customer to be missing", holes)?;
    Ok(())
}

#[test]
fn a_file_of_another_vendor_or_one_that_was_changed_takes_up_nothing() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let at = |name: &str| Vendor::new(&dir.path().join(name), &maildirs::transport(dir.path()), RULES);
    let (ours, theirs) = (at("ours")?, at("theirs")?);
    let (foreign, changed) = (theirs.issue("ACME", 1, 3_600)?, ours.issue("BETA", 1, 3_600)?);
    let import =
        |file: &Path| ours.receiver.output(&["contracts", "import", file.to_str().unwrap_or_default()]);
    let refused = import(&foreign)?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("not sealed with this vendor's key"), "{said}");
    let text = fs::read_to_string(&changed)?;
    fs::write(&changed, text.replace("BETA", "BETA Group"))?;
    let refused = import(&changed)?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("BETA.contract"), "{said}");
    assert!(contract(&ours, "ACME").is_err() && contract(&ours, "BETA Group").is_err());
    Ok(())
}
