//! From a host name to a connected socket, as steps of a session.

use std::net::SocketAddr;

use super::settings::SmtpSettings;
use super::socket::Socket;
use crate::steps::{Steps, name};
use crate::transport::dial::{connect, resolve};
use crate::transport::outcome::Failure;

/// Connects to the first address that answers, or asks the proxy for the way.
pub(super) async fn dial(
    settings: &SmtpSettings,
    steps: &mut Steps,
) -> Result<(Socket, SocketAddr), Failure> {
    let (host, port, limit) = (settings.host.as_str(), settings.port(), settings.step_limit());
    let next = settings.proxy.as_ref().map_or((host, port), |proxy| (proxy.host.as_str(), proxy.port));
    let addresses = steps.judge(name::RESOLVE, resolve(next.0, next.1, limit).await, |found| {
        found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
    })?;
    let mut connected = connect(&addresses, limit).await;
    if let (Ok((tcp, _)), Some(proxy)) = (&mut connected, &settings.proxy) {
        let opened = proxy.tunnel(tcp, host, port, limit).await;
        connected = opened.and(connected);
    }
    let (tcp, peer) = steps.judge(name::CONNECT, connected, |(_, peer)| peer.to_string())?;
    let own = tcp.local_addr().map_err(|error| Failure::from_io(&error, host))?;
    Ok((Socket::new(tcp, peer), own))
}
