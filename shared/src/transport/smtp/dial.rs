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
    let resolved = match &settings.proxy {
        Some(proxy) => proxy.resolve(limit).await,
        None => resolve(host, port, limit).await,
    };
    let addresses = steps.judge(name::RESOLVE, resolved, |found| {
        found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
    })?;
    let connected = match &settings.proxy {
        Some(proxy) => proxy.connect(&addresses, limit).await,
        None => connect(&addresses, limit).await,
    };
    let (mut tcp, peer) = steps.judge(name::CONNECT, connected, |(_, peer)| peer.to_string())?;
    if let Some(proxy) = &settings.proxy {
        let opened = proxy.tunnel(&mut tcp, host, port, limit).await;
        steps.judge(name::PROXY, opened, |()| format!("opened the way to {host}:{port}"))?;
    }
    let own = tcp.local_addr().map_err(|error| Failure::from_io(&error, host))?;
    Ok((Socket::new(tcp, peer), own))
}
