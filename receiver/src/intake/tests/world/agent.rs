//! Agents as far as their reports go: real keys, real reports, real mails.

use jiff::Timestamp;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::id::{Digest, Incarnation, ReportId, SystemId};
use mailbeat_shared::wire::mail::{Frame, ReportParts, compose_report, message_id};
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::report::{
    AgentInfo, Body, Enrollment, Heartbeat, Identity, Promise, Report, SpoolInfo, SystemReport, VERSION,
};
use mailbeat_shared::wire::signature::{Namespace, SigningKey};
use mailbeat_shared::wire::snapshot::{Encoding, FileEntry, FileState, Snapshot, WatchedFile, diff};

use super::{at, contract};

/// An agent, as far as its reports go. A clone is a cloned host, or a backup.
#[derive(Clone)]
pub(in super::super) struct Agent {
    pub(in super::super) key: SigningKey,
    pub(in super::super) system: SystemId,
    pub(in super::super) contract: Contract,
    pub(in super::super) incarnation: u64,
    pub(in super::super) sequence: u64,
    pub(in super::super) previous: Option<Digest>,
    pub(in super::super) succession: Vec<String>,
    pub(in super::super) superseded: Vec<(u64, u64)>,
    pub(in super::super) interval: u32,
    pub(in super::super) system_interval: u32,
    pub(in super::super) host: &'static str,
    /// Makes ids of clones differ.
    pub(in super::super) salt: u8,
    reported: Snapshot,
    baseline: Option<Digest>,
}

/// A report as it was made.
#[derive(Clone)]
pub(in super::super) struct Made {
    pub(in super::super) mail: Vec<u8>,
    pub(in super::super) report: Report,
}

impl Agent {
    pub(in super::super) fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_seed(&[seed; 32], "agent"),
            system: SystemId::from_random([seed; 16]),
            contract: contract(|_| {}).contract,
            incarnation: 1,
            sequence: 0,
            previous: None,
            succession: vec![],
            superseded: vec![],
            interval: 3600,
            system_interval: 86400,
            host: "scada-01",
            salt: 0,
            reported: Snapshot::new(),
            baseline: None,
        }
    }

    pub(in super::super) fn enrollment(&mut self, made_at: Timestamp) -> Made {
        let enrollment = Enrollment { activated_by: "root".into(), consented: vec![], revision: 1 };
        self.make(Body::Enrollment { enrollment }, made_at)
    }

    pub(in super::super) fn heartbeat(&mut self, made_at: Timestamp) -> Made {
        self.heartbeat_with(made_at, 0.5)
    }

    /// A heartbeat whose root filesystem is this full.
    pub(in super::super) fn heartbeat_with(&mut self, made_at: Timestamp, full: f64) -> Made {
        let disk = Observation::new(&names::FILESYSTEM_UTILIZATION, full)
            .with(attributes::MOUNTPOINT, "/")
            .with(attributes::FILESYSTEM_TYPE, "ext4");
        let heartbeat = Heartbeat {
            spool: SpoolInfo { queued: 0, oldest: None, route: None },
            maintenance: None,
            observations: vec![disk],
            checks: vec![],
            problems: vec![],
        };
        self.make(Body::Heartbeat { heartbeat }, made_at)
    }

    /// A system report: what differs from the last one, or everything.
    pub(in super::super) fn system_report(
        &mut self,
        files: &[(&str, &str)],
        full: bool,
        made_at: Timestamp,
    ) -> Made {
        let now: Snapshot = files.iter().map(|(path, text)| ((*path).to_owned(), file(path, text))).collect();
        let nothing = Snapshot::new();
        let (base, baseline) = if full { (&nothing, None) } else { (&self.reported, self.baseline) };
        let system_report = SystemReport {
            baseline,
            files: now.values().map(|file| file.entry.clone()).collect(),
            changes: diff(base, &now, |_| false),
            ..SystemReport::default()
        };
        let made = self.make(Body::System { system_report }, made_at);
        (self.reported, self.baseline) = (now, self.previous);
        made
    }

    pub(in super::super) fn make(&mut self, body: Body, made_at: Timestamp) -> Made {
        self.sequence += 1;
        let secret = self.contract.enrollment_secret.clone().unwrap();
        let public = self.key.public();
        let mut random = [self.salt; 10];
        random[..8].copy_from_slice(&self.sequence.to_be_bytes());
        let report = Report {
            mailbeat: VERSION,
            id: ReportId::new(made_at, &random),
            system: self.system,
            contract: self.contract.number.clone(),
            contract_revision: self.contract.revision,
            sequence: self.sequence,
            incarnation: Incarnation(self.incarnation),
            identity: Identity {
                public_key: public.to_string(),
                proof: secret.proof(&self.contract.number, self.system, &public),
                succession: self.succession.clone(),
            },
            previous: self.previous,
            superseded: self.superseded.clone(),
            lost: vec![],
            created_at: made_at,
            uptime_s: u64::try_from(made_at.duration_since(at(0)).as_secs()).unwrap(),
            boot_id: "boot".into(),
            agent: AgentInfo {
                version: "0.1.0".into(),
                host: self.host.into(),
                locale: "en".into(),
                config_digest: Digest::of(b"config"),
            },
            promise: Promise { heartbeat_interval_s: self.interval, system_interval_s: self.system_interval },
            body,
        };
        let made = self.sign(report);
        self.previous = Some(Digest::of(&made.report.encode()));
        made
    }

    /// The report as this agent signs and mails it, whatever it says.
    pub(in super::super) fn sign(&self, report: Report) -> Made {
        let bytes = report.encode();
        let signature = self.key.sign(Namespace::Report, &bytes);
        Made { mail: framed(&report, &bytes, &signature), report }
    }
}

/// A report mail as the agent's route frames it.
pub(in super::super) fn framed(report: &Report, bytes: &[u8], signature: &str) -> Vec<u8> {
    let frame = Frame {
        from: "agent@acme.example",
        to: "reports@vendor.example",
        cc: &[],
        subject: "[Mailbeat] report",
        message_id: &message_id(report.id, "vendor.example"),
        date: report.created_at.clamp(at(0), at(1_000_000)),
        text: "A report.\n",
        html: None,
    };
    let parts = ReportParts {
        id: report.id,
        system: report.system,
        kind: report.kind(),
        sequence: report.sequence,
        report: bytes,
        sealed: None,
        signature,
    };
    compose_report(&frame, &parts).unwrap()
}

fn file(path: &str, text: &str) -> WatchedFile {
    let entry = FileEntry {
        path: path.to_owned(),
        size: text.len() as u64,
        state: FileState::Text,
        encoding: Some(Encoding::Utf8),
        digest: Some(Digest::of(text.as_bytes())),
        owner: None,
        mode: None,
        detail: None,
        muted: false,
    };
    WatchedFile { entry, text: Some(text.to_owned()) }
}
