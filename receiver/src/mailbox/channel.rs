//! The way from a mailbox to those who read the mails: bounded by bytes in flight, not by their count.
//!
//! A mail's bytes count until it is dropped, wherever it was handed on to. A mail larger than the whole bound is let
//! through alone. Who waits for room says so: whoever collects mails before doing something with them must not wait for more then.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

/// Least bytes a mail counts, so that many empty ones are bounded as well.
const LEAST_BYTES: u32 = 1_024;

/// One mail as it came from the server.
#[derive(Debug)]
pub struct Fetched {
    /// Its number in its folder.
    pub uid: u32,
    /// When the mail server took it in.
    pub internal_date: Timestamp,
    /// RFC822.SIZE as the server said, in bytes.
    pub size: u64,
    /// The mail; none if it is over the limit, or not given.
    pub raw: Option<Vec<u8>>,
    /// Why the server does not give it, in its words.
    pub withheld: Option<String>,
    pub(super) in_flight: Option<OwnedSemaphorePermit>,
}

impl Fetched {
    /// The same mail, no longer counted as in flight: for somebody who bounds what is kept in another way.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.in_flight = None;
        self
    }
}

/// Where a mailbox puts mails.
#[derive(Clone, Debug)]
pub struct Inlet {
    room: Room,
    sender: mpsc::UnboundedSender<Fetched>,
}

/// Where mails are taken out.
#[derive(Debug)]
pub struct Outlet {
    room: Room,
    receiver: mpsc::UnboundedReceiver<Fetched>,
}

/// Room for `bound` bytes of mail, shared by all ways that are opened in it.
#[derive(Clone, Debug)]
pub struct Room {
    free: Arc<Semaphore>,
    bound: u32,
    /// A mail came for which there was no room.
    crowded: Arc<Notify>,
}

impl Room {
    /// A room for at most `bound` bytes.
    #[must_use]
    pub fn new(bound: u32) -> Self {
        let bound = bound.max(LEAST_BYTES);
        Self { free: Arc::new(Semaphore::new(bound as usize)), bound, crowded: Arc::default() }
    }

    /// Another way. Whoever reads several has to empty the earlier ones first.
    #[must_use]
    pub fn channel(&self) -> (Inlet, Outlet) {
        // The semaphore bounds what this channel holds.
        let (sender, receiver) = mpsc::unbounded_channel();
        (Inlet { room: self.clone(), sender }, Outlet { room: self.clone(), receiver })
    }
}

/// A way on which at most `bound` bytes of mail are at a time.
#[must_use]
pub fn channel(bound: u32) -> (Inlet, Outlet) {
    Room::new(bound).channel()
}

impl Inlet {
    /// Waits for room and hands the mail over; false when nobody takes mails out any more.
    pub(super) async fn send(&self, mut mail: Fetched) -> bool {
        let bytes = mail.raw.as_ref().map_or(0, Vec::len);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(LEAST_BYTES, self.room.bound);
        let free = || Arc::clone(&self.room.free);
        let room = match free().try_acquire_many_owned(bytes) {
            Ok(room) => room,
            Err(_) => {
                self.room.crowded.notify_one();
                tokio::select! {
                    room = free().acquire_many_owned(bytes) => room.expect("the semaphore is never closed"),
                    () = self.sender.closed() => return false,
                }
            }
        };
        mail.in_flight = Some(room);
        self.sender.send(mail).is_ok()
    }
}

impl Outlet {
    /// The next mail; none when every [`Inlet`] is gone and all was taken out.
    pub async fn next(&mut self) -> Option<Fetched> {
        self.receiver.recv().await
    }

    /// Notifies when a mail waits for room, which only mails that are dropped make.
    #[must_use]
    pub fn crowded(&self) -> Arc<Notify> {
        Arc::clone(&self.room.crowded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(uid: u32, bytes: usize) -> Fetched {
        let raw = Some(vec![0; bytes]);
        Fetched {
            uid,
            internal_date: Timestamp::UNIX_EPOCH,
            size: bytes as u64,
            raw,
            withheld: None,
            in_flight: None,
        }
    }

    /// Whether a send comes to its end by itself: every task that can run has run.
    async fn passes(inlet: &Inlet, mail: Fetched) -> bool {
        let inlet = inlet.clone();
        let sent = tokio::spawn(async move { inlet.send(mail).await });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let passed = sent.is_finished();
        sent.abort();
        passed
    }

    #[tokio::test]
    async fn bytes_are_bounded_until_the_mails_are_dropped_and_one_giant_passes_alone() {
        let (inlet, mut outlet) = channel(10_000);
        assert!(passes(&inlet, mail(1, 6_000)).await);
        assert!(!passes(&inlet, mail(2, 6_000)).await, "the first is still on its way");
        let first = outlet.next().await.unwrap();
        assert!(!passes(&inlet, mail(3, 6_000)).await, "the first is still in use");
        drop(first);
        assert!(passes(&inlet, mail(4, 1_000_000)).await, "a giant passes when nothing else is there");
        assert_eq!(outlet.next().await.unwrap().uid, 4);
    }

    #[tokio::test]
    async fn ways_in_one_room_share_its_bound() {
        let room = Room::new(10_000);
        let ((first, mut outlet), (second, _later)) = (room.channel(), room.channel());
        assert!(passes(&first, mail(1, 6_000)).await);
        assert!(!passes(&second, mail(2, 6_000)).await, "the other way holds too much");
        drop(outlet.next().await);
        assert!(passes(&second, mail(2, 6_000)).await);
    }

    #[tokio::test]
    async fn a_mailbox_learns_that_nobody_reads_any_more_even_while_it_waits() {
        let (inlet, outlet) = channel(10_000);
        assert!(inlet.send(mail(1, 10_000)).await);
        let waiting = tokio::spawn(async move { inlet.send(mail(2, 10_000)).await });
        tokio::task::yield_now().await;
        drop(outlet);
        assert!(!waiting.await.unwrap());
    }
}
