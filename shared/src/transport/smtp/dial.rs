//! From a host name to a connected socket, as steps of a session.

use std::net::SocketAddr;

use super::probe::{StepName, Steps};
use super::settings::SmtpSettings;
use super::socket::Socket;
use crate::transport::dial::{connect, resolve};
use crate::transport::outcome::Failure;

/// Connects to the first address that answers.
pub(super) async fn dial(
    settings: &SmtpSettings,
    steps: &mut Steps,
) -> Result<(Socket, SocketAddr), Failure> {
    let (host, port, limit) = (settings.host.as_str(), settings.port(), settings.step_limit());
    let addresses = steps.judge(StepName::Resolve, resolve(host, port, limit).await, |found| {
        found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
    })?;
    let connected = connect(&addresses, limit).await;
    let (tcp, peer) = steps.judge(StepName::Connect, connected, |(_, peer)| peer.to_string())?;
    let own = tcp.local_addr().map_err(|error| Failure::from_io(&error, host))?;
    Ok((Socket::new(tcp, peer), own))
}
