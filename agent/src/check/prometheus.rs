//! `prometheus`: asks an exporter for its metrics and measures some of them: by value, by rate since the last look, or one against
//! another. What is too much is said by the ranges of the configuration and the vendor's rules, over the values under their labels.

mod metric;
mod text;

use std::collections::BTreeMap;

use mailbeat_shared::transport::http::{Answer, Method};
use mailbeat_shared::transport::proxy::Proxy;
use mailbeat_shared::transport::tls::ClientTls;
use serde::{Deserialize, Deserializer};

use super::errand::{Errand, Login, Url};
use super::net;
use super::probe::{Look, Probe, Sight};
use metric::{Memory, Metric};

/// Settings of a `prometheus` check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prometheus {
    /// Where the metrics are, often ending in `/metrics`.
    url: Url,
    /// Who asks.
    #[serde(default)]
    login: Login,
    /// What to measure.
    #[serde(deserialize_with = "metrics")]
    metric: Vec<Metric>,
    /// Most bytes that are read.
    #[serde(default = "body_limit")]
    body_limit: usize,
    /// Whose certificate is believed, and what to show.
    #[serde(default)]
    tls: ClientTls,
    /// The way out, where it is not direct.
    proxy: Option<Proxy>,
}

fn body_limit() -> usize {
    8 << 20
}

fn metrics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Metric>, D::Error> {
    let metrics = Vec::<Metric>::deserialize(deserializer)?;
    metric::faults(&metrics).map_or(Ok(metrics), |fault| Err(serde::de::Error::custom(fault)))
}

impl Probe for Prometheus {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let headers = BTreeMap::from([("accept".to_owned(), "text/plain;version=0.0.4".to_owned())]);
        let errand = Errand {
            url: &self.url,
            method: &Method::GET,
            headers: &headers,
            login: &self.login,
            body: "",
            tls: &self.tls,
            proxy: self.proxy.as_ref(),
            redirects: 0,
            body_limit: self.body_limit,
        };
        match errand.run(net::patience(look)) {
            Ok(answer) if !answer.status.is_success() => {
                Sight::critical(format!("the exporter answers {}", answer.status))
            }
            Ok(answer) if !answer.whole => {
                Sight::unknown(format!("the exporter shows more than {} bytes", self.body_limit))
            }
            Ok(answer) => self.measure(&answer, look),
            Err(failure) => net::failed(&failure),
        }
    }
}

impl Prometheus {
    fn measure(&self, answer: &Answer, look: &mut Look<'_>) -> Sight {
        let text = answer.text();
        let samples = match text::samples(&text) {
            Ok(samples) => samples,
            Err(why) => return Sight::unknown(format!("what the exporter shows cannot be read: {why}")),
        };
        // What was remembered by another version or another configuration is as good as nothing.
        let before: Option<Memory> = serde_json::from_value(look.memory.clone()).unwrap_or_default();
        let mut after = Memory::at(look.now);
        let mut sight = Sight::ok("");
        let (mut said, mut unclear) = (vec![], vec![]);
        for metric in &self.metric {
            match metric.measure(&samples, before.as_ref(), &mut after) {
                Ok(Some(value)) => {
                    said.push(format!("{} {}", metric.label, metric::short(value)));
                    sight = match metric.counts() {
                        true => sight.counting(&metric.label, value, &metric.unit),
                        false => sight.with(&metric.label, value, &metric.unit),
                    };
                }
                Ok(None) => said.push(format!("{} from the next look on", metric.label)),
                Err(why) => unclear.push(format!("{}: {why}", metric.label)),
            }
        }
        // Last: a bare range means the first metric.
        sight = sight.with("time", answer.elapsed.as_secs_f64(), "s");
        *look.memory = serde_json::to_value(&after).unwrap_or_default();
        let summary =
            format!("{}; {} values in {} s", said.join(", "), samples.len(), net::seconds(answer.elapsed));
        if unclear.is_empty() {
            return Sight { output: summary, ..sight };
        }
        unclear.push(summary);
        Sight { values: sight.values, ..Sight::unknown(unclear.join("\n")) }
    }
}
