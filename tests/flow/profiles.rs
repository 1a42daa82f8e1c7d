//! The shipped profiles against real things: healthy leads to no ticket; each fault, put in one by one, leads through real mail to the
//! right ticket, and back to resolved when it is mended.

mod control_adapter;
mod log_server;
mod morning;
mod security_server;

use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
