//! The mail of a report for one route, and the copies that the customer's people get of it.
//!
//! The same report makes the same bytes by the same route each time, so that the receiver knows one that was sent twice. Copies never
//! delay the report: what goes wrong with one is in the log.

use jiff::Timestamp;
use mailbeat_shared::wire::mail::{self, Frame, ReportParts};

use super::{Agent, Standing};
use crate::route::{Route, Via};
use crate::spool::Parcel;

impl Agent {
    /// Copies for the customer's people, each a transaction of its own; one that fails is logged and not tried again.
    pub(super) fn copies(
        &mut self,
        standing: &Standing,
        route: &Route,
        parcel: &Parcel,
        mail: &[u8],
        now: Timestamp,
    ) {
        if matches!(route.via, Via::Maildir(_)) {
            return;
        }
        let people = self.config.cc.of(parcel.meta.kind).to_vec();
        for (n, to) in people.iter().enumerate() {
            if to == standing.activation.contract.report_address(standing.identity.system) {
                continue;
            }
            // Graph sends to whom the header names, so everybody's copy has a header of its own.
            let own = matches!(route.via, Via::Graph(_)).then(|| frame_to(standing, route, parcel, to, &[]));
            let copy = match &own {
                None => mail,
                Some(Ok(own)) => own.as_slice(),
                Some(Err(error)) => {
                    tracing::warn!("#{}: the copy for {to} cannot be made: {error}", parcel.meta.sequence);
                    continue;
                }
            };
            let outcome = self.post.send(route, to, copy, &format!("{}.cc{n}", parcel.meta.id));
            self.state.pace = self.pace(standing).after(self.state.pace, now);
            if let Some(failure) = outcome.failure() {
                tracing::warn!("#{}: the copy for {to} was not accepted: {failure}", parcel.meta.sequence);
            }
        }
    }
}

/// The mail of a report for one route: the same bytes each time.
pub(super) fn frame(
    standing: &Standing,
    route: &Route,
    parcel: &Parcel,
    cc: &[String],
) -> Result<Vec<u8>, mail::ComposeError> {
    let to = standing.activation.contract.report_address(standing.identity.system);
    // Only by SMTP is a name in the header one thing and a recipient another.
    let cc = if matches!(route.via, Via::Smtp(_)) { cc } else { &[] };
    frame_to(standing, route, parcel, to, cc)
}

fn frame_to(
    standing: &Standing,
    route: &Route,
    parcel: &Parcel,
    to: &str,
    cc: &[String],
) -> Result<Vec<u8>, mail::ComposeError> {
    let (contract, meta) = (&standing.activation.contract, &parcel.meta);
    let frame = Frame {
        from: &route.from,
        to,
        cc,
        subject: &meta.subject,
        message_id: &mail::message_id(meta.id, contract.domain(standing.identity.system)),
        date: meta.created_at,
        text: parcel.sealed.as_ref().map_or(&parcel.text, |sealed| &sealed.text),
        html: parcel.html.as_deref().filter(|_| parcel.sealed.is_none()),
    };
    let parts = ReportParts {
        id: meta.id,
        system: meta.system,
        kind: meta.kind,
        sequence: meta.sequence,
        report: &parcel.report,
        sealed: parcel.sealed.as_ref().map(|sealed| sealed.report.as_slice()),
        signature: &parcel.signature,
    };
    mail::compose_report(&frame, &parts)
}
