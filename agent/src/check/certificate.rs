//! `certificate`: days left of certificates in files and behind addresses, and whether a client would believe them.
//!
//! The certificate itself is public; keys are never read. A server is looked at whatever its certificate is worth, so that one that
//! has run out says since when.

mod files;

use std::path::PathBuf;

use jiff::Timestamp;
use mailbeat_shared::text;
use mailbeat_shared::transport::dial;
use mailbeat_shared::transport::outcome::Failure;
use mailbeat_shared::transport::tls::{Chain, ClientTls, PeerCertificate};
use mailbeat_shared::wire::check::CheckState;
use serde::{Deserialize, Deserializer};

use super::net;
use super::probe::{Look, Probe, Sight};
use crate::collect::whole;

/// Settings of a `certificate` check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Files, PEM or DER; `*` and `?` stand for any part of a name.
    #[serde(default)]
    files: Vec<PathBuf>,
    /// Servers that speak TLS from the first byte: `mail.example:993`.
    #[serde(default)]
    servers: Vec<Server>,
    /// The name the certificates must be for; by default the server's own, and for files any.
    server_name: Option<String>,
    /// Whether somebody believed must have issued them; by default only those of servers.
    verify: Option<bool>,
    /// Whom to believe, and what to show to a server that asks.
    #[serde(default)]
    tls: ClientTls,
}

/// `host:port`.
#[derive(Clone, Debug)]
struct Server {
    host: String,
    port: u16,
}

impl<'de> Deserialize<'de> for Server {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let Some((host, port)) = parts.filter(|(host, _)| !host.is_empty()) else {
            return Err(serde::de::Error::custom("a server is written host:port, as in mail.example:993"));
        };
        Ok(Self { host: host.trim_start_matches('[').trim_end_matches(']').to_owned(), port })
    }
}

/// One certificate with where it was found, and what is wrong with it.
struct Seen {
    place: String,
    days_left: f64,
    until: Timestamp,
    fault: Option<String>,
}

/// What a look gathers.
#[derive(Default)]
struct Gathered {
    seen: Vec<Seen>,
    /// What could not be looked at, one sentence each.
    unclear: Vec<String>,
    /// Servers that cannot be reached.
    broken: Vec<String>,
}

impl Probe for Certificate {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let mut gathered = Gathered::default();
        let (files, problems) = files::find(&self.files);
        gathered.unclear.extend(problems);
        for file in files {
            let place = file.display().to_string();
            match files::read(&file).and_then(|bytes| Chain::parse(&bytes)) {
                Ok(chain) => self.judge(&place, &chain, None, look.now, &mut gathered),
                Err(why) => gathered.unclear.push(format!("{place}: {why}")),
            }
        }
        for server in &self.servers {
            match self.meet(server, look) {
                Ok(chain) => {
                    let place = format!("{}:{}", server.host, server.port);
                    self.judge(&place, &chain, Some(&server.host), look.now, &mut gathered);
                }
                Err(failure) => gathered.broken.push(failure.text),
            }
        }
        gathered.sight()
    }
}

impl Certificate {
    fn meet(&self, server: &Server, look: &Look<'_>) -> Result<Chain, Failure> {
        let patience = net::patience(look);
        net::converse(patience, async {
            let addresses = dial::resolve(&server.host, server.port, patience).await?;
            let (stream, _) = dial::connect(&addresses, patience).await?;
            self.tls.look(stream, &server.host, patience).await
        })
    }

    /// Judges what stands in one place: the first certificate for its name and issuer, and it and those above it by their time.
    fn judge(
        &self,
        place: &str,
        chain: &Chain,
        asked: Option<&str>,
        now: Timestamp,
        gathered: &mut Gathered,
    ) {
        let certificates = chain.certificates();
        for (at, certificate) in certificates.iter().enumerate() {
            // An authority's own certificate is believed for being known, not for its dates.
            if at > 0 && certificate.is_self_signed() {
                continue;
            }
            let place = if at == 0 { place.to_owned() } else { format!("{place}, issuer {at}") };
            match seen(place, certificate, now) {
                Ok(seen) => gathered.seen.push(seen),
                Err(why) => gathered.unclear.push(why),
            }
        }
        let Some(name) = self.name_of(&certificates, asked) else { return };
        match chain.doubt(&self.tls, &name, now) {
            Ok(None) => {}
            Ok(Some(failure)) => gathered.broken.push(format!("{place}: {}", failure.text)),
            Err(failure) => gathered.unclear.push(failure.text),
        }
    }

    /// The name to verify the first certificate for; `None` if it is not to be verified.
    fn name_of(&self, certificates: &[PeerCertificate], asked: Option<&str>) -> Option<String> {
        let verify = self.verify.unwrap_or(asked.is_some() || self.server_name.is_some());
        let own = || certificates.first()?.names.first().map(|name| name.replace('*', "any"));
        let name = self.server_name.clone().or_else(|| asked.map(str::to_owned)).or_else(own);
        // One without any name is verified for one that it has not, and is said to have none.
        verify.then(|| name.unwrap_or_else(|| "any.invalid".into()))
    }
}

fn seen(place: String, certificate: &PeerCertificate, now: Timestamp) -> Result<Seen, String> {
    let (Some(from), Some(until)) = (certificate.not_before, certificate.not_after) else {
        return Err(format!("{place}: the certificate does not say until when it is valid"));
    };
    let names = certificate.names.first().unwrap_or(&certificate.subject);
    let place = format!("{} ({place})", text::one_line(names, 120));
    let fault = if until < now {
        Some(format!("{place} ended on {}", net::day(until)))
    } else if from > now {
        Some(format!("{place} is not valid before {}", net::day(from)))
    } else {
        None
    };
    Ok(Seen { place, days_left: net::days_left(until, now), until, fault })
}

impl Gathered {
    fn sight(mut self) -> Sight {
        self.seen.sort_by(|a, b| a.days_left.total_cmp(&b.days_left));
        let mut lines: Vec<String> = self.seen.iter().filter_map(|seen| seen.fault.clone()).collect();
        lines.append(&mut self.broken);
        let wrong = !lines.is_empty();
        lines.append(&mut self.unclear);
        let state = match (wrong, lines.is_empty()) {
            (true, _) => CheckState::Critical,
            (false, true) if self.seen.is_empty() => {
                return Sight::unknown("no certificate was found to look at");
            }
            (false, true) => CheckState::Ok,
            (false, false) => CheckState::Unknown,
        };
        let count = self.seen.len();
        if let Some(first) = self.seen.first() {
            let more = if count > 1 { format!("; {count} certificates looked at") } else { String::new() };
            let (place, days, until) = (&first.place, first.days_left, net::day(first.until));
            lines.push(format!("{place} has {days} days left, until {until}{more}"));
        }
        let sight = Sight { state, ..Sight::ok(lines.join("\n")) };
        let sight = match self.seen.first() {
            Some(first) => sight.with("days_left", first.days_left, "d"),
            None => sight,
        };
        sight.with("certificates", whole(count as u64), "{certificate}")
    }
}
