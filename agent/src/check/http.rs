//! `http`: asks for an address and judges status, body, fields of JSON, the certificate and the time it took.
//!
//! Redirects are answers like any other unless the configuration says how many to follow. What the server says is not trusted:
//! it is limited in time and size.

mod json;

use std::collections::BTreeMap;

use jiff::Timestamp;
use mailbeat_shared::transport::http::{Answer, Method, StatusCode};
use mailbeat_shared::transport::proxy::Proxy;
use mailbeat_shared::transport::tls::ClientTls;
use serde::{Deserialize, Deserializer};

use super::errand::{Errand, Login, Url};
use super::net::{self, Pattern};
use super::probe::{Look, Probe, Sight};
use crate::collect::whole;
use json::Field;

/// Settings of an `http` check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// What to ask for.
    url: Url,
    /// How to ask.
    #[serde(default, deserialize_with = "method")]
    method: Method,
    /// Further fields of the request's head.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Who asks.
    #[serde(default)]
    login: Login,
    /// The request's body.
    #[serde(default)]
    send: String,
    /// Status codes that are good; by default all from 200 to 299.
    #[serde(default)]
    status: Vec<u16>,
    /// The body must match this.
    body: Option<Pattern>,
    /// The body must not match this.
    body_without: Option<Pattern>,
    /// The body is JSON, and these are in it.
    #[serde(default)]
    json: Vec<Field>,
    /// Most redirects that are followed.
    #[serde(default)]
    redirects: u8,
    /// Most bytes of the body that are read.
    #[serde(default = "body_limit")]
    body_limit: usize,
    /// Whose certificate is believed, and what to show.
    #[serde(default)]
    tls: ClientTls,
    /// The way out, where it is not direct.
    proxy: Option<Proxy>,
}

fn body_limit() -> usize {
    1 << 20
}

fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
    let written = String::deserialize(deserializer)?;
    match written.parse() {
        Ok(method @ (Method::GET | Method::HEAD | Method::POST | Method::OPTIONS)) => Ok(method),
        _ => Err(serde::de::Error::custom("a check asks by GET, HEAD, POST or OPTIONS")),
    }
}

impl Probe for Http {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let errand = Errand {
            url: &self.url,
            method: &self.method,
            headers: &self.headers,
            login: &self.login,
            body: &self.send,
            tls: &self.tls,
            proxy: self.proxy.as_ref(),
            redirects: self.redirects,
            body_limit: self.body_limit,
        };
        match errand.run(net::patience(look)) {
            Ok(answer) => self.judge(&answer, look.now),
            Err(failure) => net::failed(&failure),
        }
    }
}

impl Http {
    fn judge(&self, answer: &Answer, now: Timestamp) -> Sight {
        let (status, took) = (answer.status, net::seconds(answer.elapsed));
        let size = answer.body.len();
        let mut said =
            format!("{status} in {took} s, {}{size} bytes", if answer.whole { "" } else { "over " });
        let mut sight = Sight::ok("");
        let mut faults = self.faults(answer, &mut sight);
        let until = answer.certificate.as_ref().and_then(|shown| shown.not_after);
        if let Some(until) = until {
            said.push_str(&format!(", certificate until {}", net::day(until)));
        }
        // What cannot be told is only said where nothing is certainly wrong.
        let unclear = faults.iter().all(|fault| matches!(fault, Fault::Unclear(_)));
        faults.sort_by_key(|fault| matches!(fault, Fault::Unclear(_)));
        let lines: Vec<&str> = faults.iter().map(Fault::words).chain([said.as_str()]).collect();
        let judged = match (faults.is_empty(), unclear) {
            (true, _) => Sight::ok(said),
            (_, true) => Sight::unknown(lines.join("\n")),
            _ => Sight::critical(lines.join("\n")),
        };
        // The time comes first: it is what a bare range means.
        let mut all = judged.with("time", answer.elapsed.as_secs_f64(), "s").with(
            "size",
            whole(answer.body.len() as u64),
            "By",
        );
        if let Some(until) = until {
            all = all.with("days_left", net::days_left(until, now), "d");
        }
        all.values.append(&mut sight.values);
        all
    }

    fn faults(&self, answer: &Answer, sight: &mut Sight) -> Vec<Fault> {
        let mut faults = vec![];
        if !self.is_good(answer.status) {
            faults.push(Fault::Wrong(format!("the status is {}, not {}", answer.status, self.good())));
        }
        let text = answer.text();
        if let Some(pattern) = self.body.as_ref().filter(|pattern| !pattern.matches(&text)) {
            let what = format!("the body does not match {:?}", pattern.written);
            faults.push(if answer.whole { Fault::Wrong(what) } else { self.too_long(&what) });
        }
        if let Some(pattern) = self.body_without.as_ref().filter(|pattern| pattern.matches(&text)) {
            faults.push(Fault::Wrong(format!("the body matches {:?}", pattern.written)));
        }
        if !self.json.is_empty() && !answer.whole {
            faults.push(self.too_long("the body cannot be read as JSON"));
        } else if !self.json.is_empty() {
            faults.extend(json::faults(&self.json, &answer.body, sight).into_iter().map(Fault::Wrong));
        }
        faults
    }

    fn too_long(&self, what: &str) -> Fault {
        Fault::Unclear(format!("{what} as far as it was read; `body_limit` is {} bytes", self.body_limit))
    }

    fn is_good(&self, status: StatusCode) -> bool {
        let listed = self.status.contains(&status.as_u16());
        listed || self.status.is_empty() && status.is_success()
    }

    fn good(&self) -> String {
        let listed: Vec<String> = self.status.iter().map(ToString::to_string).collect();
        if listed.is_empty() { "200 to 299".into() } else { listed.join(" or ") }
    }
}

/// What is not as it should be, or cannot be told.
enum Fault {
    Wrong(String),
    Unclear(String),
}

impl Fault {
    fn words(&self) -> &str {
        match self {
            Self::Wrong(words) | Self::Unclear(words) => words,
        }
    }
}
