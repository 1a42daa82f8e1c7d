//! The store: what the receiver knows, and the only place that knows it for good.
//!
//! It speaks in domain transactions: named functions with literal SQL, each statement headed by its function's name. Nothing
//! in memory is truth; a commit is what survives. It trusts its own rows as far as they parse, and nothing that came by
//! mail is used but as a value. rusqlite stays inside this room.

mod actions;
mod branches;
mod content;
mod contracts;
mod counters;
#[cfg(test)]
mod damage;
mod fetch_windows;
mod filings;
mod fills;
mod findings;
mod handle;
mod hearing;
mod history;
mod judgement;
mod keys;
mod mailboxes;
mod mailings;
mod migrate;
mod notification_view;
mod outbox;
mod people;
#[cfg(test)]
mod plans;
mod quarantine;
mod reported;
mod reports;
mod snapshots;
mod sqlite;
mod systems;
mod terms;
mod tickets;

pub use branches::{Branch, Hole};
pub use content::{PackedReport, pack, unpack};
pub use contracts::{ContractRefused, ContractRow};
pub use handle::StoreHandle;
pub use keys::{AdmittedBy, SystemKey};
pub use mailboxes::{Folder, MailboxRow};
pub use mailings::Mailing;
#[cfg(test)]
pub(crate) use migrate::as_before_mailings;
pub use outbox::{Ended, HELD_BACK, Notification, Refusal};
pub use people::{Contact, Customer};
pub use quarantine::{Claimed, Kept, NewQuarantined, Place, QuarantineState, Quarantined};
pub use reports::{NewReport, ReportRow};
pub use sqlite::{Reader, Store, StoreError, Tx};
pub use systems::{NewSystem, Registered, System, SystemState};
pub use terms::{EnrollmentMode, Terms};
pub use tickets::{Owner, TicketRow};
