//! What every report says whatever is switched on.

/// What every report says whatever is switched on; agreed to with the activation itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Always {
    /// Its name in the data sheet's words.
    pub name: &'static str,
    /// Where it stands in `report.json`; empty for what is in the mail around it.
    pub fields: &'static [&'static str],
}

/// All of [`Always`].
pub const ALWAYS: [Always; 6] = [
    Always {
        name: "system",
        fields: &[
            "system",
            "incarnation",
            "contract",
            "contract_revision",
            "identity.public_key",
            "identity.proof",
            "identity.succession",
        ],
    },
    Always {
        name: "chain",
        fields: &[
            "mailbeat",
            "id",
            "kind",
            "sequence",
            "previous",
            "superseded",
            "lost",
            "created_at",
            "promise.heartbeat_interval_s",
            "promise.system_interval_s",
            "enrollment.consented",
            "enrollment.revision",
            "notice.event",
            "notice.until",
            "test.route",
        ],
    },
    Always { name: "host", fields: &["agent.host", "boot_id", "uptime_s"] },
    Always {
        name: "condition",
        fields: &[
            "agent.version",
            "agent.locale",
            "agent.config_digest",
            "heartbeat.spool",
            "heartbeat.problems",
            "system_report.truncated",
        ],
    },
    Always {
        name: "people",
        fields: &["enrollment.activated_by", "test.requested_by", "notice.reason", "heartbeat.maintenance"],
    },
    Always { name: "mail", fields: &[] },
];
