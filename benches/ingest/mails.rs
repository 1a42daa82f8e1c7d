//! Heartbeat mails as many agents would have sent them over the last day, made by the agent's own composer.
//!
//! Every system has a key, a history of hourly heartbeats that build on each other, and numbers of its own, measured on this host
//! and varied. They lie in a Maildir in the order in which they would have come, dated accordingly.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use mailbeat_agent::activation::{Activation, Consent};
use mailbeat_agent::collect::collect;
use mailbeat_agent::collect::host::HostProbe;
use mailbeat_agent::compose::{self, Desk};
use mailbeat_agent::identity::{self, Identity};
use mailbeat_agent::item::Item;
use mailbeat_agent::redact::pseudonym::Pseudonyms;
use mailbeat_agent::render::{Renderer, SubjectStyle};
use mailbeat_agent::sense::{Found, HostFacts};
use mailbeat_agent::state::State;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::contract::{Contract, SealedContract};
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::mail::{self, Frame, ReportParts};
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::report::Promise;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// From composing to arriving.
const TRAVEL: SignedDuration = SignedDuration::from_secs(5);

/// Writes `count` mails, `per_system` of each system, into a Maildir; gives their bytes.
pub(crate) fn compose(
    contract: &Path,
    count: usize,
    per_system: usize,
    into: &Path,
) -> anyhow::Result<usize> {
    let contract = SealedContract::open(&fs::read(contract)?)?.contract;
    for dir in ["cur", "new", "tmp"] {
        fs::create_dir_all(into.join(dir))?;
    }
    let (now, measured) = (Clock::system().now(), measure()?);
    let systems = count.div_ceil(per_system);
    let workers = std::thread::available_parallelism()?.get();
    let write = |worker: usize| -> anyhow::Result<usize> {
        let renderer = Renderer::new(SubjectStyle::Full, false);
        let mut bytes = 0;
        for number in (worker..systems).step_by(workers) {
            let mut agent = Agent::new(&contract, number, now)?;
            let reports = per_system.min(count - number * per_system);
            for nth in 0..reports {
                // The last of each system came within the last hour, each at its own minute.
                let hours = i32::try_from(reports - 1 - nth)?;
                let slot =
                    SignedDuration::from_secs(3_500 * i64::try_from(number)? / i64::try_from(systems)?);
                let at = now - HOUR + slot - HOUR * hours;
                bytes += deliver(
                    &agent.beat(&renderer, at, vary(&measured, number, nth))?,
                    at + TRAVEL,
                    number,
                    into,
                )?;
            }
        }
        Ok(bytes)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|worker| scope.spawn(move || write(worker))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a worker panicked"))?)
            .sum()
    })
}

/// What this host's collectors find, but with the filesystems and the network of a small server: about thirty numbers.
fn measure() -> anyhow::Result<Vec<Observation>> {
    let mut found = collect(&Item::ALL, &mut HostProbe::new()?, Duration::from_millis(250)).observations;
    let elsewhere = ["system.filesystem", "mailbeat.filesystem", "system.network", "mailbeat.network"];
    found.retain(|observation| !elsewhere.iter().any(|group| observation.name.starts_with(group)));
    for mount in ["/", "/var"] {
        let numbers = [
            (&names::FILESYSTEM_LIMIT, 64e9),
            (&names::FILESYSTEM_UTILIZATION, 0.4),
            (&names::FILESYSTEM_INODES, 0.1),
            (&names::FILESYSTEM_WRITING, 0.0),
        ];
        found.extend(numbers.map(|(metric, value)| {
            Observation::new(metric, value)
                .with(attributes::MOUNTPOINT, mount)
                .with(attributes::FILESYSTEM_TYPE, "ext4")
        }));
    }
    for direction in ["receive", "transmit"] {
        for (metric, value) in [(&names::NETWORK_IO, 9e9), (&names::NETWORK_ERRORS, 0.0)] {
            found.push(
                Observation::new(metric, value)
                    .with(attributes::INTERFACE, "eth0")
                    .with(attributes::DIRECTION, direction),
            );
        }
    }
    Ok(found)
}

/// Every system and hour measures something else, and nothing that a rule would find fault with.
fn vary(measured: &[Observation], system: usize, nth: usize) -> Vec<Observation> {
    let share = ((system * 7_919 + nth * 104_729) % 9_973) as f64 / 9_973.0;
    let varied = |observation: &Observation| {
        let mut observation = observation.clone();
        observation.value =
            if observation.unit == "1" { 0.7 * share } else { (observation.value * (0.5 + share)).round() };
        observation
    };
    measured.iter().map(varied).collect()
}

struct Agent {
    identity: Identity,
    activation: Activation,
    state: State,
    host: HostFacts,
    started_at: Timestamp,
}

impl Agent {
    fn new(contract: &Contract, number: usize, now: Timestamp) -> anyhow::Result<Self> {
        let mut entropy = identity::system_entropy();
        let identity = Identity::create(None, None, &mut entropy);
        let secret = contract.enrollment_secret.as_ref().context("a first contract has its secret")?;
        let proof = secret.proof(&contract.number, identity.system, &identity.key.public());
        let consent = Consent {
            contract: contract.number.clone(),
            activated_at: now,
            activated_by: "bench".into(),
            consented: Item::ALL.map(|item| item.name().to_owned()).to_vec(),
            added: vec![],
            withdrawn_at: None,
        };
        let host = HostFacts {
            name: format!("scada-{number:03}"),
            uptime_s: 0,
            boot_id: format!("7c1f2a90-5d3e-4c7b-9a51-{number:012x}"),
            ..HostFacts::default()
        };
        let activation = Activation { contract: contract.clone(), proof, consent };
        Ok(Self { identity, activation, state: State::default(), host, started_at: now - HOUR * 1_000 })
    }

    /// The next heartbeat as a mail, the way the agent composes and frames it.
    fn beat(
        &mut self,
        renderer: &Renderer,
        at: Timestamp,
        value: Vec<Observation>,
    ) -> anyhow::Result<Vec<u8>> {
        self.host.uptime_s = u64::try_from(at.duration_since(self.started_at).as_secs())?;
        let body = compose::heartbeat(&self.state, &[], Found { value, problems: vec![] }, vec![], vec![]);
        let pseudonyms = Pseudonyms::default();
        let desk = Desk {
            identity: &self.identity,
            activation: &self.activation,
            state: &self.state,
            host: &self.host,
            pseudonyms: &pseudonyms,
            promise: Promise { heartbeat_interval_s: 3_600, system_interval_s: 86_400 },
            locale: Locale::En,
            config_digest: Digest::of(b"agent.toml"),
            now: at,
        };
        let report = compose::report(&desk, &identity::draw(&mut identity::system_entropy()), body);
        let parcel = compose::parcel(&desk, renderer, &report)?;
        self.state = self.state.after(&report, Digest::of(&parcel.report));
        let (meta, contract) = (&parcel.meta, &self.activation.contract);
        let frame = Frame {
            from: "Monitoring <agent@acme.example>",
            to: contract.report_address(meta.system),
            cc: &[],
            subject: &meta.subject,
            message_id: &mail::message_id(meta.id, contract.domain(meta.system)),
            date: meta.created_at,
            text: &parcel.text,
            html: parcel.html.as_deref(),
        };
        let parts = ReportParts {
            id: meta.id,
            system: meta.system,
            kind: meta.kind,
            sequence: meta.sequence,
            report: &parcel.report,
            sealed: None,
            signature: &parcel.signature,
        };
        Ok(mail::compose_report(&frame, &parts)?)
    }
}

/// One file, as Dovecot itself would have written it: LF as line end, its sizes and its date in the name.
fn deliver(mail: &[u8], at: Timestamp, number: usize, into: &Path) -> anyhow::Result<usize> {
    let stored: Vec<u8> = mail.iter().copied().filter(|byte| *byte != b'\r').collect();
    let name = format!("{}.M{number:06}P1.bench,S={},W={}:2,", at.as_second(), stored.len(), mail.len());
    let path = into.join("cur").join(name);
    fs::write(&path, stored)?;
    File::options().write(true).open(&path)?.set_modified(SystemTime::from(at))?;
    Ok(mail.len())
}

/// Some of the mails, read again.
pub(crate) fn sample(from: &Path, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    fs::read_dir(from.join("cur"))?.take(count).map(|entry| Ok(fs::read(entry?.path())?)).collect()
}
