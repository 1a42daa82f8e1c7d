//! Windows one after the other, each in three stages that go on side by side: fetched, prepared, recorded.
//!
//! The server is kept busy, and so are the processors; nothing waits for the slower half but what needs its answer. Order is that of
//! the mailbox throughout.

use tokio::sync::{mpsc, oneshot};

use super::super::{SessionError, filing};
use super::folder::{Begun, FolderReader, IN_FLIGHT, Ready};
use crate::intake::window::{Step, Window};
use crate::mailbox::{Mailbox, Outlet, Room};
use crate::store::StoreError;

/// A begun step on its way to be recorded.
enum Flight {
    Here(Ready),
    /// The mails as they come, and at the end, if all of them came, the UID up to which they leave no gap.
    Coming(Outlet, oneshot::Receiver<u32>),
}

impl FolderReader<'_> {
    /// The server's half and ours go on side by side: while one window is fetched or moved away, those before it are prepared
    /// and recorded.
    pub(super) async fn read(&self, mailbox: &mut Mailbox, steps: Vec<Step>) -> Result<(), SessionError> {
        let (flights, coming) = mpsc::channel(1);
        let mut broken = None;
        let fetching = self.fetch_all(mailbox, steps, flights, &mut broken);
        let (fetched, recorded) = tokio::join!(fetching, self.record_all(coming));
        recorded?;
        if let Some(window) = broken {
            self.abandon(window).await?;
        }
        fetched
    }

    /// Fetches window after window, and files in between. The window during which the connection broke is noted in `broken`.
    async fn fetch_all(
        &self,
        mailbox: &mut Mailbox,
        steps: Vec<Step>,
        flights: mpsc::Sender<Flight>,
        broken: &mut Option<Window>,
    ) -> Result<(), SessionError> {
        let (room, mut unfiled) = (Room::new(IN_FLIGHT), 0);
        for step in steps {
            // Nobody records any more: the reason is the recorder's to tell.
            let Ok(place) = flights.reserve().await else { break };
            let (window, mails) = match self.begin(mailbox, step).await? {
                None => break,
                Some(Begun::Here(ready)) => {
                    place.send(Flight::Here(ready));
                    continue;
                }
                Some(Begun::Window(window, mails)) => (window, mails),
            };
            let ((inlet, outlet), (complete, completed)) = (room.channel(), oneshot::channel());
            place.send(Flight::Coming(outlet, completed));
            let fetched = mailbox.fetch(&mails, &inlet).await;
            let report = fetched.inspect_err(|error| {
                *broken = (!error.kind.may_be_a_mails_fault()).then_some(window);
            })?;
            self.warn_of_vanished(&report);
            let _ = complete.send(window.last); // nobody records any more, see above
            drop(inlet);
            unfiled += report.delivered;
            if unfiled >= filing::AT_ONCE as usize {
                filing::file_next(self.receiver, mailbox, self.folder, self.view.uidvalidity).await?;
                unfiled = 0;
            }
        }
        Ok(())
    }

    /// Prepares one window while the one before it is recorded.
    async fn record_all(&self, mut flights: mpsc::Receiver<Flight>) -> Result<(), StoreError> {
        let mut ready = Ready::default();
        while let Some(flight) = flights.recv().await {
            let (recorded, landed) = tokio::join!(self.record(ready), self.land(flight));
            recorded?;
            ready = landed?;
        }
        self.record(ready).await
    }

    /// What came, prepared. Where not all of it came, it is read again.
    async fn land(&self, flight: Flight) -> Result<Ready, StoreError> {
        match flight {
            Flight::Here(ready) => Ok(ready),
            Flight::Coming(mails, completed) => {
                let mails = self.take_in(mails).await?;
                let whole = completed.await.ok().map(|covers| Ready { mails, covers });
                Ok(whole.unwrap_or_default())
            }
        }
    }
}
