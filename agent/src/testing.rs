//! What the tests of several rooms build from.

use jiff::Timestamp;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval};
use mailbeat_shared::wire::id::{ReportId, SystemId};
use mailbeat_shared::wire::report::Kind;
use mailbeat_shared::wire::signature::SigningKey;

use crate::spool::{Meta, Parcel};

pub(crate) fn vendor() -> SigningKey {
    SigningKey::from_seed(&[7; 32], "vendor")
}

pub(crate) fn contract() -> Contract {
    Contract {
        number: "ACME-2026-001".parse().unwrap(),
        revision: 1,
        customer: "ACME".into(),
        vendor: "Example GmbH".into(),
        vendor_key: vendor().public(),
        vendor_succession: vec![],
        issued_at: "2026-01-01T12:00:00Z".parse().unwrap(),
        valid_from: "2026-01-01T12:00:00Z".parse().unwrap(),
        valid_until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        grace_days: 14,
        report_addresses: vec!["reports@vendor.example".into()],
        systems: 5,
        maintenance_max_h: 72,
        heartbeat_interval_s: Interval { default: 3600, min: 60, max: 86_400 },
        system_interval_s: Interval { default: 86_400, min: 60, max: 604_800 },
        locale: None,
        encryption_key: None,
        enrollment_secret: Some(EnrollmentSecret::from_random([9; 32])),
        relay: None,
    }
}

pub(crate) fn parcel(sequence: u64, kind: Kind) -> Parcel {
    let created_at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    Parcel {
        meta: Meta {
            id: ReportId::new(created_at, &[1; 10]),
            system: SystemId::from_random([1; 16]),
            contract: contract().number,
            vendor: Some(vendor().public().fingerprint()),
            sequence,
            kind,
            created_at,
            subject: format!("[Mailbeat] #{sequence}"),
            title: "all well".into(),
        },
        report: format!("{{\"sequence\": {sequence}}}\n").into_bytes(),
        signature: "signature".into(),
        text: format!("{sequence}\n"),
        html: (kind != Kind::Heartbeat).then(|| format!("<p>{sequence}</p>")),
        sealed: None,
    }
}
