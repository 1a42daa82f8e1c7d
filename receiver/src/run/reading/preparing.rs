//! The costly half of reading a mail, on threads of its own: taking it apart, and checking its signature.

use std::num::NonZero;
use std::sync::Arc;

use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::intake::{Mail, Prepared, prepare};
use crate::keyring::Keyring;
use crate::mailbox::Fetched;

/// Mails one worker takes at a time.
pub(super) const CHUNK: usize = 32;

/// More would only get in each other's way, and each keeps memory of its own.
pub(super) fn workers_at_once() -> usize {
    1 + std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Takes these apart on a thread of their own.
pub(super) fn prepare_on_a_worker(fetched: Vec<Fetched>, keyring: Arc<Keyring>) -> JoinHandle<Vec<Mail>> {
    spawn_blocking(move || fetched.into_iter().map(|mail| prepare_one(mail, &keyring)).collect())
}

fn prepare_one(fetched: Fetched, keyring: &Keyring) -> Mail {
    let prepared = match (&fetched.raw, &fetched.withheld) {
        (Some(raw), _) => prepare(raw, keyring),
        (None, Some(words)) => Prepared::not_given(words),
        (None, None) => Prepared::too_large(fetched.size),
    };
    Mail { uid: fetched.uid, internal_date: Some(fetched.internal_date), prepared }
}

/// `prepare` catches panics; a worker that failed all the same has nothing to give, and its mails are read again.
pub(super) fn ended(worker: Result<Vec<Mail>, JoinError>) -> Vec<Mail> {
    worker.unwrap_or_else(|error| {
        tracing::error!(%error, "a worker ended unexpectedly");
        vec![]
    })
}
