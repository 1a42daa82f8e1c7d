//! From a host name to a connected socket, every wait limited.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::probe::{StepName, Steps};
use super::settings::SmtpSettings;
use super::socket::Socket;
use crate::transport::outcome::{ConnectionProblem, Failure, FailureKind};

/// Most addresses of one name that are tried.
const ADDRESSES: usize = 6;

/// Connects to the first address that answers.
pub(super) async fn dial(settings: &SmtpSettings, steps: &mut Steps) -> Result<(Socket, SocketAddr), Failure> {
    let (host, port, limit) = (settings.host.as_str(), settings.port(), settings.step_limit());
    let addresses = steps.judge(StepName::Resolve, resolve(host, port, limit).await, |found| {
        found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
    })?;
    let connected = connect(&addresses, limit).await;
    let (tcp, peer) = steps.judge(StepName::Connect, connected, |(_, peer)| peer.to_string())?;
    let own = tcp.local_addr().map_err(|error| Failure::from_io(&error, host))?;
    Ok((Socket::new(tcp, peer), own))
}

async fn resolve(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, Failure> {
    let unresolved = |why: &str| {
        Failure::new(FailureKind::Connection(ConnectionProblem::Unresolved), format!("{host} has no address: {why}"))
    };
    let found: Vec<_> = timeout(limit, lookup_host((host, port)))
        .await
        .map_err(|_| unresolved("no answer from DNS in time"))?
        .map_err(|error| unresolved(&error.to_string()))?
        .take(ADDRESSES)
        .collect();
    if found.is_empty() { Err(unresolved("the name exists without one")) } else { Ok(found) }
}

async fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<(TcpStream, SocketAddr), Failure> {
    let mut last = None;
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // Commands are small writes that wait for an answer; delaying them costs 40 ms each.
                tcp.set_nodelay(true).map_err(|error| Failure::from_io(&error, &address.to_string()))?;
                return Ok((tcp, *address));
            }
            Ok(Err(error)) => last = Some(Failure::from_io(&error, &format!("connecting to {address}"))),
            Err(_) => last = Some(too_late(&address.to_string(), "the connection", limit)),
        }
    }
    Err(last.unwrap_or_else(|| Failure::new(FailureKind::Connection(ConnectionProblem::Unresolved), "no address")))
}

/// A step that took longer than its limit.
pub(super) fn too_late(whom: &str, what: &str, limit: Duration) -> Failure {
    let text = format!("{whom}: no answer to {what} within {} s", limit.as_secs());
    Failure::new(FailureKind::Connection(ConnectionProblem::TimedOut), text)
}
