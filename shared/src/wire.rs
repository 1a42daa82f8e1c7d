//! What both programs agree on: reports, contracts, signatures and the mail that carries them.
//!
//! No I/O, no clock and no randomness in here: ids are made from bytes the caller drew, times are arguments. Only encrypting
//! (`sealed`) draws keys of its own.

mod admit;
pub mod check;
pub mod confirmation;
pub mod contract;
pub mod extract;
pub mod id;
pub mod inventory;
mod layout;
pub mod limits;
pub mod mail;
pub mod observation;
pub mod report;
pub mod sealed;
pub mod signature;
pub mod snapshot;
