//! Checks that speak over a network, against real servers on the loopback: healthy, broken, hanging, endless, with certificates
//! that end soon or have ended.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod authority;
mod certificate;
mod http;
mod prometheus;
mod servers;
mod tcp;

use std::time::{Duration, Instant};

use mailbeat_agent::check::probe::{Look, Probe, Sight};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::check::CheckState;
use serde_json::Value as Json;

/// One look of a check with these settings, with a minute to look.
fn look<P: Probe + serde::de::DeserializeOwned>(settings: &str) -> Sight {
    look_within::<P>(settings, Duration::from_secs(60))
}

fn look_within<P: Probe + serde::de::DeserializeOwned>(settings: &str, time: Duration) -> Sight {
    look_again(&mut probe::<P>(settings), &mut Json::Null, time)
}

fn look_again(probe: &mut impl Probe, memory: &mut Json, time: Duration) -> Sight {
    probe.look(&mut Look { now: Clock::system().now(), deadline: Instant::now() + time, memory })
}

fn probe<P: serde::de::DeserializeOwned>(settings: &str) -> P {
    toml::from_str(settings).unwrap_or_else(|error| panic!("{error}\n{settings}"))
}

fn value(sight: &Sight, label: &str) -> Option<f64> {
    sight.values.iter().find(|value| value.label == label).map(|value| value.value)
}

#[track_caller]
fn is(sight: &Sight, state: CheckState, words: &str) {
    assert!(sight.state == state && sight.output.contains(words), "not {state:?} {words:?}: {sight:?}");
}
