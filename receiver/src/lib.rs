//! The receiver: reads report mails, proves them genuine, evaluates them, opens tickets and tells the people responsible.
//!
//! The way of the data is the order of the rooms: `mailbox` -> `intake` -> `store` with `evaluate` and `ticket` inside one
//! transaction -> `filing` on the server and `notify` from the outbox. `run` drives the loops.

pub mod cli;
pub mod commands;
pub mod config;
pub mod evaluate;
pub mod filing;
pub mod history;
pub mod intake;
pub mod issuing;
pub mod keyring;
pub mod mailbox;
pub mod notify;
pub mod relay;
pub mod render;
pub mod run;
pub mod setup;
pub mod store;
pub mod ticket;
