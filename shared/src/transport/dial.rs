//! From a host name to a connected socket, every wait limited; for SMTP and IMAP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::outcome::{ConnectionProblem, Failure, FailureKind};

/// Most addresses of one name that are tried.
const ADDRESSES: usize = 6;

/// The slowest upload that is waited for, in bytes a second, beside the wait for the answer to it.
pub(super) const SLOWEST_UPLOAD: u64 = 1024;

/// Whether a host is this machine itself, where a password in clear meets nobody.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The addresses of a name, at most six.
///
/// # Errors
/// [`ConnectionProblem::Unresolved`] when there is none or DNS does not answer within `limit`.
pub async fn resolve(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, Failure> {
    let unresolved = |why: &str| {
        Failure::new(
            FailureKind::Connection(ConnectionProblem::Unresolved),
            format!("{host} has no address: {why}"),
        )
    };
    let found: Vec<_> = timeout(limit, lookup_host((host, port)))
        .await
        .map_err(|_| unresolved("no answer from DNS in time"))?
        .map_err(|error| unresolved(&error.to_string()))?
        .take(ADDRESSES)
        .collect();
    if found.is_empty() { Err(unresolved("the name exists without one")) } else { Ok(found) }
}

/// Connects to the first address that answers, waiting at most `limit` for each.
///
/// # Errors
/// What happened with the last address.
pub async fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<(TcpStream, SocketAddr), Failure> {
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
    Err(last.unwrap_or_else(|| {
        Failure::new(FailureKind::Connection(ConnectionProblem::Unresolved), "no address")
    }))
}

/// A step that took longer than its limit.
#[must_use]
pub fn too_late(whom: &str, what: &str, limit: Duration) -> Failure {
    let text = format!("{whom}: no answer to {what} within {} s", limit.as_secs());
    Failure::new(FailureKind::Connection(ConnectionProblem::TimedOut), text)
}
