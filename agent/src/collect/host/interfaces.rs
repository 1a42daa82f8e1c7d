//! Network interfaces: bytes and errors since the host started, and what came through since the last report. Of a host with many
//! those are told that carry most.

use std::time::{Duration, Instant};

use mailbeat_shared::text;
use mailbeat_shared::wire::observation::{Metric, Observation, attributes, names};
use sysinfo::{NetworkData, Networks};

use super::whole;

/// Most interfaces that are told.
const INTERFACES: usize = 8;

/// The interfaces, and when they were looked at.
pub(super) struct Interfaces {
    networks: Networks,
    looked_at: Option<Instant>,
}

impl Interfaces {
    pub(super) fn new() -> Result<Self, sysinfo::Error> {
        Ok(Self { networks: Networks::new()?, looked_at: None })
    }

    /// All interfaces but the loopback, the host's ends of containers' cables (`veth`), which come and go, and those that never
    /// carried a byte.
    pub(super) fn measure(&mut self) -> Vec<Observation> {
        self.networks.refresh(true);
        let now = Instant::now();
        let passed = self.looked_at.replace(now).map(|at| now.duration_since(at));
        let reported = |name: &str| name != "lo" && name != "lo0" && !name.starts_with("veth");
        let used = |data: &NetworkData| data.total_received() > 0 || data.total_transmitted() > 0;
        let named = self.networks.iter().map(|(name, data)| (name.to_string_lossy().into_owned(), data));
        let mut told: Vec<_> = named.filter(|(name, data)| reported(name) && used(data)).collect();
        told.sort_by_key(|(_, data)| {
            std::cmp::Reverse(data.total_received().saturating_add(data.total_transmitted()))
        });
        told.truncate(INTERFACES);
        told.sort_by(|a, b| a.0.cmp(&b.0));
        told.into_iter().flat_map(|(name, data)| observations(&name, data, passed)).collect()
    }
}

fn observations(name: &str, data: &NetworkData, passed: Option<Duration>) -> Vec<Observation> {
    let named = |metric: &Metric, direction: &str, value| {
        Observation::new(metric, value)
            .with(attributes::INTERFACE, text::one_line(name, 64))
            .with(attributes::DIRECTION, direction)
    };
    let mut told = vec![
        named(&names::NETWORK_IO, "receive", whole(data.total_received())),
        named(&names::NETWORK_IO, "transmit", whole(data.total_transmitted())),
        named(&names::NETWORK_ERRORS, "receive", whole(data.total_errors_on_received())),
        named(&names::NETWORK_ERRORS, "transmit", whole(data.total_errors_on_transmitted())),
    ];
    if let Some(passed) = passed.filter(|passed| !passed.is_zero()) {
        let rate = |bytes| whole(bytes) / passed.as_secs_f64();
        told.push(named(&names::NETWORK_THROUGHPUT, "receive", rate(data.received())));
        told.push(named(&names::NETWORK_THROUGHPUT, "transmit", rate(data.transmitted())));
        told.push(named(&names::NETWORK_RECENT_ERRORS, "receive", whole(data.errors_on_received())));
        told.push(named(&names::NETWORK_RECENT_ERRORS, "transmit", whole(data.errors_on_transmitted())));
    }
    told
}
