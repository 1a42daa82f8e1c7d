//! What the DNS says of mail domains: who takes their mail (MX), who sends for them (SPF), which servers they offer (SRV).
//!
//! Hints for people only: nothing that is sent or believed depends on an answer, which anybody on the way can forge. Every question
//! has a limit; a DNS that does not answer, or knows inside names only, is an ordinary thing and never a failure.

pub mod hints;
mod resolver;
pub mod services;
pub mod spf;
mod words;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

pub use resolver::Resolver;
pub use words::BEHIND_PROXY;
pub(crate) use words::phrases;

/// The `dns` table of both programs' configuration files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DnsSettings {
    /// Whom to ask; those of `/etc/resolv.conf` if empty.
    pub servers: Vec<Server>,
}

/// A DNS server, as `192.0.2.53` or with a port as `192.0.2.53:5353`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Server(pub SocketAddr);

impl TryFrom<String> for Server {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let address = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
        let address = address.or_else(|_| text.parse::<SocketAddr>());
        address.map(Self).map_err(|_| {
            format!("{text:?} is no address of a DNS server; write 192.0.2.53 or 192.0.2.53:5353")
        })
    }
}

impl From<Server> for String {
    fn from(server: Server) -> Self {
        if server.0.port() == 53 { server.0.ip().to_string() } else { server.0.to_string() }
    }
}

/// Why there is no answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsError {
    /// The name does not exist.
    NoSuchName,
    /// Nobody answered, or not with an answer; what was seen.
    Silent(String),
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchName => "the name does not exist",
            Self::Silent(seen) => seen,
        })
    }
}

/// A server that takes a domain's mail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exchange {
    /// The lowest is tried first.
    pub preference: u16,
    /// Its name; empty where the domain takes no mail (RFC 7505).
    pub host: String,
}

/// Who can be asked; names come and go without the dot at the end. Nothing found is an empty list, not an error.
pub(crate) trait Zone {
    /// The servers that take a domain's mail, the preferred first.
    async fn exchanges(&self, domain: &str) -> Result<Vec<Exchange>, DnsError>;
    /// Its texts, the parts of each joined.
    async fn texts(&self, domain: &str) -> Result<Vec<String>, DnsError>;
    /// The addresses of a name.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError>;
}

/// The domain of a bare mail address, in lower case.
#[must_use]
pub fn domain_of(address: &str) -> Option<String> {
    address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).filter(|domain| !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_address_with_or_without_a_port_and_a_name_is_refused() {
        let settings: DnsSettings =
            toml::from_str("servers = [\"192.0.2.53\", \"[2001:db8::53]:5353\", \"2001:db8::53\"]").unwrap();
        let again = toml::to_string(&settings).unwrap();
        assert_eq!(again, "servers = [\"192.0.2.53\", \"[2001:db8::53]:5353\", \"2001:db8::53\"]\n");
        let refused = toml::from_str::<DnsSettings>("servers = [\"dns.acme.test\"]").unwrap_err();
        assert!(refused.message().contains("\"dns.acme.test\" is no address"), "{refused}");
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A zone in memory.

    use std::collections::BTreeMap;

    use super::*;

    /// What each name says: `MX 10 host`, `TXT text`, `A address`. A name that is not there does not exist; `SILENT` answers nothing.
    pub(crate) struct Book(BTreeMap<&'static str, Vec<&'static str>>);

    impl Book {
        pub(crate) fn of(lines: &[(&'static str, &'static str)]) -> Self {
            let mut book = BTreeMap::<_, Vec<_>>::new();
            lines.iter().for_each(|(name, record)| book.entry(*name).or_default().push(*record));
            Self(book)
        }

        fn all(&self, name: &str, kind: &str) -> Result<Vec<&'static str>, DnsError> {
            let records = self.0.get(name).ok_or(DnsError::NoSuchName)?;
            if records.contains(&"SILENT") {
                return Err(DnsError::Silent("no answer".into()));
            }
            Ok(records.iter().filter_map(|record| record.strip_prefix(kind)).collect())
        }
    }

    impl Zone for Book {
        async fn exchanges(&self, domain: &str) -> Result<Vec<Exchange>, DnsError> {
            let exchange = |record: &str| {
                let (preference, host) = record.split_once(' ').unwrap();
                Exchange { preference: preference.parse().unwrap(), host: host.to_owned() }
            };
            Ok(self.all(domain, "MX ")?.into_iter().map(exchange).collect())
        }

        async fn texts(&self, domain: &str) -> Result<Vec<String>, DnsError> {
            Ok(self.all(domain, "TXT ")?.into_iter().map(str::to_owned).collect())
        }

        async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
            Ok(self.all(host, "A ")?.into_iter().map(|address| address.parse().unwrap()).collect())
        }
    }

    pub(crate) fn now<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }
}
