//! What the DNS says of the domains mail goes between: ours, and the one reports are sent to.

use mailbeat_shared::dns::hints::{self, Question};
use mailbeat_shared::dns::{BEHIND_PROXY, Resolver};
use mailbeat_shared::steps::{Steps, name};
use mailbeat_shared::wire::mail::bare_address;

use super::super::Desk;
use crate::notify::mail::OutgoingTransport;

/// Walks MX and SPF of the sender's domain, and MX of the report address' one. Behind a proxy only servers somebody named are asked.
pub(super) async fn walk(desk: &Desk, steps: &mut Steps) {
    let (server, proxy) = match &desk.config.outgoing.transport {
        OutgoingTransport::Smtp(smtp) => (Some(smtp.host.as_str()), smtp.proxy.is_some()),
        OutgoingTransport::Graph(graph) => (None, graph.proxy.is_some()),
        OutgoingTransport::Maildir(_) => return,
    };
    if proxy && desk.config.dns.servers.is_empty() {
        return steps.skip(name::SENDER_MX, BEHIND_PROXY, None);
    }
    let from = bare_address(&desk.config.outgoing.from).unwrap_or_default();
    let to = desk.config.contracts.report_addresses.first().and_then(|address| bare_address(address));
    let question = Question { from: &from, to: to.as_deref(), server };
    hints::walk(&Resolver::new(&desk.config.dns), question, steps).await;
}
