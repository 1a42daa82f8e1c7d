//! The steps on the receiver's own machine: configuration, rules, database, disk, keys, contacts, templates, time, backups; and
//! the watchdog outside.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::SignedDuration;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::steps::{Seen, Steps};
use mailbeat_shared::wire::contract::EnrollmentSecret;

use super::super::Desk;
use super::words;
use crate::issuing;
use crate::notify::ping::Pinger;
use crate::notify::{Contact, confirmation};
use crate::store::{Reader, StoreError};

/// Free space below which the disk is worth a warning, in bytes.
const SPACE: u64 = 1 << 30;
/// A clock further ahead of the mail server's is worth a warning.
const AHEAD: SignedDuration = SignedDuration::from_secs(120);

pub(super) fn walk(desk: &Desk, steps: &mut Steps) {
    steps.enter("this host");
    rules(desk, steps);
    let database = database(desk, steps);
    disk(desk, steps);
    vendor_key(desk, steps);
    if let Some(mut reader) = database {
        contacts(&mut reader, steps);
        time(desk, &mut reader, steps);
    }
    templates(desk, steps);
    steps.skip("backups", words::NO_BACKUPS, Some(words::backups()));
    steps.skip("own certificate", words::NO_WEB, None);
}

fn rules(desk: &Desk, steps: &mut Steps) {
    match desk.config.load_rules() {
        Ok(rules) => steps.note("rules", format!("{} thresholds", rules.thresholds.len())),
        Err(error) => steps.fail("rules", error.to_string(), words::rules()),
    }
}

/// Opened to write as `run` does, which is what fails first for the wrong user.
fn database(desk: &Desk, steps: &mut Steps) -> Option<Reader> {
    let path = desk.config.database();
    let opened = desk.store().and_then(|mut store| {
        store.write(|tx| Ok::<_, StoreError>(tx.contacts(None)?.len()))?;
        desk.reader()
    });
    match opened {
        Ok(reader) => {
            let size = std::fs::metadata(&path).map_or(0, |file| file.len());
            steps.note("database", format!("{}, {} MiB", path.display(), size >> 20));
            Some(reader)
        }
        Err(error) => {
            steps.fail("database", format!("{error:#}"), words::database());
            None
        }
    }
}

fn disk(desk: &Desk, steps: &mut Steps) {
    let dir = &desk.config.state_dir;
    match rustix::fs::statvfs(dir) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let seen = Seen::from(format!("{}, {} MiB free", dir.display(), free >> 20));
            steps.note("disk", seen.warned((free < SPACE).then(words::disk)));
        }
        Err(error) => steps.fail("disk", format!("{}: {error}", dir.display()), words::database()),
    }
}

fn vendor_key(desk: &Desk, steps: &mut Steps) {
    match issuing::load(&desk.config.vendor_key()) {
        Ok(key) => steps.note("vendor key", key.public().fingerprint()),
        Err(error) => steps.fail("vendor key", error.to_string(), words::vendor_key()),
    }
}

fn contacts(reader: &mut Reader, steps: &mut Steps) {
    let found = reader.read(|tx| {
        let own = tx.contacts(None)?;
        let customers = tx.customers()?;
        let mut without = Vec::new();
        for customer in customers {
            if tx.contacts(Some(customer.id))?.is_empty() {
                without.push(customer.name);
            }
        }
        Ok::<_, StoreError>((own, without))
    });
    match found {
        Ok((own, _)) if own.is_empty() => steps.fail("contacts", words::NOBODY, words::contacts()),
        Ok((own, _)) if own.iter().all(|contact| contact.refused_at.is_some()) => {
            steps.fail("contacts", words::NOBODY_REACHED, words::contacts());
        }
        Ok((own, without)) => {
            let contacts = if own.len() == 1 { "contact" } else { "contacts" };
            let seen = Seen::from(format!("{} default {contacts}", own.len()));
            steps.note("contacts", seen);
            if !without.is_empty() {
                let seen = Seen::from(format!("none for {}", without.join(", ")));
                steps.note("customers' contacts", seen.warned(Some(words::customers_contacts())));
            }
        }
        Err(error) => steps.fail("contacts", error.to_string(), words::database()),
    }
}

/// How far our clock is ahead of the mail servers', as far as mails told.
fn time(desk: &Desk, reader: &mut Reader, steps: &mut Steps) {
    let shown = desk.now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let ahead = reader.read(|tx| {
        let mailboxes = tx.mailboxes()?;
        let read = mailboxes.iter().filter(|mailbox| mailbox.active);
        Ok::<_, StoreError>(read.map(|mailbox| mailbox.ahead).max())
    });
    match ahead {
        Ok(Some(ahead)) if ahead > AHEAD => {
            let seen = format!("{shown}, {} s ahead of the mail server's", ahead.as_secs());
            steps.note("time", Seen::from(seen).warned(Some(words::clock())));
        }
        Ok(_) => steps.note("time", shown),
        Err(error) => steps.fail("time", error.to_string(), words::database()),
    }
}

/// Whether the mails can be made, in every language, from this sender.
fn templates(desk: &Desk, steps: &mut Steps) {
    let facts = confirmation::sample(desk.now);
    let secret = EnrollmentSecret::from_random([0; 32]);
    let make = |locale: Locale| {
        let contact =
            Contact { name: String::new(), email: "nobody@mailbeat.invalid".into(), locale: Some(locale) };
        confirmation::compose(&facts, &secret, &desk.config.outgoing.from, &contact, "mb-test").map(drop)
    };
    let made = catch_unwind(AssertUnwindSafe(|| Locale::ALL.into_iter().try_for_each(make)));
    match made {
        Ok(Ok(())) => steps.note("templates", "en, de"),
        Ok(Err(error)) => steps.fail("templates", error.to_string(), words::templates()),
        Err(_) => steps.fail("templates", "making a mail stopped the program", words::templates()),
    }
}

/// The watchdog outside: reached, and not told that all is well, for that is what `run` says.
pub(super) async fn ping(desk: &Desk, steps: &mut Steps) {
    steps.enter("watchdog");
    let Some(settings) = &desk.config.ping else {
        return steps.skip("ping", words::NO_PING, Some(words::ping()));
    };
    match Pinger::new(settings) {
        Ok(pinger) => match pinger.reach().await {
            Ok(seen) => steps.note("ping", seen),
            Err(failure) => drop(steps.judge("ping", Err::<(), _>(failure), |()| "")),
        },
        Err(error) => steps.fail("ping", error.to_string(), words::ping_settings()),
    }
}
