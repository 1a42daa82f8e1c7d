//! English.

use mailbeat_shared::locale::Locale;
use mailbeat_shared::phrases::Phrase;

use super::Words;
use crate::evaluate::Severity;
use crate::ticket::TicketState;

pub(super) struct English;

impl Words for English {
    fn locale(&self) -> Locale {
        Locale::En
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Low => "Low",
            Severity::Medium => "Medium",
            Severity::High => "High",
            Severity::Critical => "Critical",
        }
    }

    fn state(&self, state: TicketState) -> &'static str {
        match state {
            TicketState::Open => "Open",
            TicketState::Acknowledged => "Acknowledged",
            TicketState::Resolved => "Resolved",
            TicketState::Closed => "Closed",
        }
    }

    fn opened(&self, at: &str) -> String {
        format!("opened {at}")
    }

    fn phrases(&self) -> &'static [Phrase] {
        &[]
    }
}
