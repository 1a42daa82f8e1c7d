//! The shipped profiles against real things: healthy leads to no ticket; each fault, put in one by one, leads through real mail to the
//! right ticket, and back to resolved when it is mended.

mod container_host;
mod control_adapter;
mod database_servers;
mod energy;
mod linux_server;
mod log_server;
mod mail_server;
mod morning;
mod security_server;
mod service_manager;
mod web_server;

use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
