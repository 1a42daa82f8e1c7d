//! Which servers a mail domain offers to its own users (RFC 6186, RFC 8314): for proposals that a person decides on.

use super::{DnsError, Resolver, Zone as _, domain_of};
use crate::transport::smtp::TlsMode;

/// One server of a service (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The lowest comes first.
    pub priority: u16,
    /// Of equal priority, the highest first.
    pub weight: u16,
    /// Where it listens.
    pub port: u16,
    /// Its name; empty where the domain says that it does not offer the service.
    pub host: String,
}

/// What a domain offers, as far as the DNS says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Where mail is handed in, and when the connection becomes private.
    pub submission: Option<(Service, TlsMode)>,
    /// Where mail is read, with TLS from the first byte.
    pub imaps: Option<Service>,
    /// Who takes its mail, by which a provider is known.
    pub exchanges: Vec<String>,
}

/// Asks for everything that helps to propose settings for an address. A DNS that does not answer costs one wait, and offers nothing.
pub async fn offer(resolver: &Resolver, address: &str) -> Offer {
    let mut offer = Offer::default();
    if let Some(domain) = domain_of(address.trim_end_matches('>')) {
        // What was found before the silence is kept.
        let _ = ask(resolver, &domain, &mut offer).await;
    }
    offer
}

async fn ask(resolver: &Resolver, domain: &str, offer: &mut Offer) -> Result<(), DnsError> {
    let services = async |name: &str| match resolver.services(&format!("{name}._tcp.{domain}")).await {
        Err(DnsError::NoSuchName) => Ok(None),
        found => found.map(best),
    };
    // RFC 8314 section 5.1: where both are offered, TLS from the first byte is preferred.
    let implicit = services("_submissions").await?.map(|service| (service, TlsMode::Implicit));
    offer.submission = match implicit {
        Some(implicit) => Some(implicit),
        None => services("_submission").await?.map(|service| (service, TlsMode::Starttls)),
    };
    offer.imaps = services("_imaps").await?;
    match resolver.exchanges(domain).await {
        Ok(found) => offer.exchanges = found.into_iter().map(|exchange| exchange.host).collect(),
        Err(DnsError::NoSuchName) => {}
        Err(silent) => return Err(silent),
    }
    Ok(())
}

/// The server to be tried first.
fn best(services: Vec<Service>) -> Option<Service> {
    let first = services.into_iter().min_by_key(|service| (service.priority, u16::MAX - service.weight))?;
    Some(first).filter(|service| !service.host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_priority_and_then_the_highest_weight_comes_first_and_the_root_offers_nothing() {
        let service =
            |priority, weight, host: &str| Service { priority, weight, port: 587, host: host.into() };
        let all = vec![service(10, 9, "c"), service(0, 1, "b"), service(0, 5, "a")];
        assert_eq!(best(all).map(|service| service.host).as_deref(), Some("a"));
        assert_eq!(best(vec![service(0, 0, "")]), None);
        assert_eq!(best(vec![]), None);
    }
}
