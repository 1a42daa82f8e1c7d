//! Asking the DNS, by NLnet Labs' stub resolver: UDP, then TCP where an answer does not fit, of every server at once if one is slow.

use std::net::IpAddr;
use std::time::Duration;

use domain::base::iana::{Rcode, Rtype};
use domain::base::name::{Name, ParsedName};
use domain::rdata::{A, Aaaa, Mx, Srv, Txt};
use domain::resolv::stub::conf::{ResolvConf, ServerConf, Transport};
use domain::resolv::stub::{Answer, StubResolver};
use tokio::time::timeout;

use super::services::Service;
use super::{DnsError, DnsSettings, Exchange, Server, Zone};

/// Longest wait for one answer.
const LIMIT: Duration = Duration::from_secs(3);
/// Most records of one answer that are looked at.
const RECORDS: usize = 100;

/// Asks the servers of this machine, or those that were configured. Opens no connection before the first question.
#[derive(Debug)]
pub struct Resolver {
    stub: StubResolver,
    servers: String,
}

impl Resolver {
    /// By `/etc/resolv.conf`, or by the servers configured.
    #[must_use]
    pub fn new(settings: &DnsSettings) -> Self {
        let mut conf = ResolvConf::default();
        if !settings.servers.is_empty() {
            let server = |server: &Server| ServerConf::new(server.0, Transport::UdpTcp);
            conf.servers = settings.servers.iter().map(server).collect();
        }
        conf.options.timeout = LIMIT;
        conf.servers.iter_mut().for_each(|server| server.request_timeout = LIMIT);
        let names: Vec<String> = conf.servers.iter().map(|server| server.addr.to_string()).collect();
        Self { stub: StubResolver::from_conf(conf), servers: names.join(", ") }
    }

    /// The servers of a service, as `_submission._tcp.acme.example`, in no order.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn services(&self, name: &str) -> Result<Vec<Service>, DnsError> {
        let answer = self.ask(name, Rtype::SRV).await?;
        let service = |srv: Srv<ParsedName<_>>| Service {
            priority: srv.priority(),
            weight: srv.weight(),
            port: srv.port(),
            host: shown(srv.target()),
        };
        let records = answer.answer().map_err(|error| self.unreadable(&error))?.limit_to_in::<Srv<_>>();
        Ok(records.flatten().take(RECORDS).map(|record| service(record.into_data())).collect())
    }

    async fn ask(&self, name: &str, rtype: Rtype) -> Result<Answer, DnsError> {
        let servers = &self.servers;
        // What no name can be does not exist; names in other scripts are written otherwise in the DNS, and are left alone.
        let parsed: Name<Vec<u8>> = name.parse().map_err(|error| match name.is_ascii() {
            true => DnsError::NoSuchName,
            false => DnsError::Silent(format!("{name} cannot be asked for: {error}")),
        })?;
        let answer = timeout(LIMIT, self.stub.query((parsed, rtype))).await;
        let late = || DnsError::Silent(format!("no answer from {servers} within {} s", LIMIT.as_secs()));
        let answer = answer.map_err(|_| late())?.map_err(|error| match error.kind() {
            std::io::ErrorKind::TimedOut => late(),
            _ => DnsError::Silent(format!("no answer from {servers}: {error}")),
        })?;
        match answer.header().rcode() {
            Rcode::NOERROR => Ok(answer),
            Rcode::NXDOMAIN => Err(DnsError::NoSuchName),
            other => Err(DnsError::Silent(format!("{servers} cannot answer for {name}: {other}"))),
        }
    }

    fn unreadable(&self, error: &domain::base::wire::ParseError) -> DnsError {
        DnsError::Silent(format!("the answer of {} cannot be read: {error}", self.servers))
    }
}

impl Zone for Resolver {
    async fn exchanges(&self, domain: &str) -> Result<Vec<Exchange>, DnsError> {
        let answer = self.ask(domain, Rtype::MX).await?;
        let records =
            answer.answer().map_err(|error| self.unreadable(&error))?.limit_to_in::<Mx<ParsedName<_>>>();
        let exchange = |mx: &Mx<_>| Exchange { preference: mx.preference(), host: shown(mx.exchange()) };
        let mut all: Vec<Exchange> =
            records.flatten().take(RECORDS).map(|record| exchange(record.data())).collect();
        all.sort();
        Ok(all)
    }

    async fn texts(&self, domain: &str) -> Result<Vec<String>, DnsError> {
        let answer = self.ask(domain, Rtype::TXT).await?;
        let records = answer.answer().map_err(|error| self.unreadable(&error))?.limit_to_in::<Txt<_>>();
        let text = |txt: &Txt<_>| String::from_utf8_lossy(&txt.text::<Vec<u8>>()).into_owned();
        Ok(records.flatten().take(RECORDS).map(|record| text(record.data())).collect())
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let answer = self.ask(host, Rtype::A).await?;
        let records = answer.answer().map_err(|error| self.unreadable(&error))?.limit_to_in::<A>();
        let mut all: Vec<IpAddr> =
            records.flatten().take(RECORDS).map(|record| record.data().addr().into()).collect();
        match self.ask(host, Rtype::AAAA).await {
            Ok(answer) => {
                let records = answer.answer().map_err(|error| self.unreadable(&error))?.limit_to_in::<Aaaa>();
                all.extend(records.flatten().take(RECORDS).map(|record| IpAddr::from(record.data().addr())));
            }
            // Some servers know the one kind of address only.
            Err(silent) if all.is_empty() => return Err(silent),
            Err(_) => {}
        }
        Ok(all)
    }
}

/// A name without the dot at its end; the root is empty.
fn shown(name: &impl std::fmt::Display) -> String {
    name.to_string().trim_end_matches('.').to_lowercase()
}
