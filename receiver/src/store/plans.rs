//! How SQLite finds what is asked each second, or of very many rows: by an index of the few rows it is about, however many others
//! there are. For tests only; a statement that SQLite cannot plan fails the test.

use super::sqlite::{Store, StoreError};
use super::{people, quarantine};

/// The steps in which a statement without parameters is carried out.
fn plan(statement: &str) -> Vec<String> {
    let explain: &'static str = format!("EXPLAIN QUERY PLAN {statement}").leak();
    let mut store = Store::in_memory().unwrap();
    store
        .read(|tx| tx.all(explain, [], |row| row.get(3)))
        .map_err(|error: StoreError| error.to_string())
        .unwrap()
}

fn is_used(index: &str, plan: &[String]) -> bool {
    plan.iter().any(|step| step.contains(&format!("INDEX {index}")))
}

#[test]
fn what_waits_in_quarantine_is_counted_without_its_mails() {
    let plan = plan(quarantine::SUMMARY);
    assert!(is_used("quarantine_by_reason", &plan), "{plan:#?}");
}

#[test]
fn keys_that_a_person_may_name_are_read_without_the_mails_they_signed() {
    let plan = plan(quarantine::KEYS);
    assert!(is_used("quarantine_by_signer", &plan), "{plan:#?}");
}

#[test]
fn what_a_refusing_server_said_is_found_among_refused_mails_alone() {
    let plan = plan(people::REFUSED);
    assert!(is_used("notifications_refused", &plan) && is_used("mailings_refused", &plan), "{plan:#?}");
}
