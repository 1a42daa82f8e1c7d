//! Whether a domain says that an address may send for it (SPF, RFC 7208), as far as that can be told before a mail is sent.
//!
//! `a`, `mx`, `ip4`, `ip6`, `include`, `exists`, `redirect` and `all` are followed within the limits of section 4.6.4. Macros depend
//! on the mail, and `ptr` on the address' own names: where one of them would decide, the verdict is [`Verdict::Open`].

use std::net::IpAddr;

use super::{DnsError, Zone};

/// Most terms that ask the DNS (section 4.6.4).
const LOOKUPS: u8 = 10;
/// Most of them that find nothing.
const VOID: u8 = 2;
/// Most servers of one `mx`.
const EXCHANGES: usize = 10;

/// What a domain says about an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It sends for the domain; the term that says so.
    Pass(String),
    /// It does not (`-`).
    Fail,
    /// Probably it does not (`~`).
    SoftFail,
    /// The domain does not say (`?`, or no term fits).
    Neutral,
    /// The domain has no SPF record.
    Unsaid,
    /// The record cannot be used; why.
    Broken(String),
    /// The DNS gave no answer; what was seen.
    Silent(String),
    /// It depends on the mail, or on names of the address.
    Open,
}

/// What a domain says about an address.
pub(crate) async fn judge(zone: &impl Zone, domain: &str, address: IpAddr) -> Verdict {
    let mut inquiry = Inquiry { zone, address: address.to_canonical(), lookups: 0, void: 0, open: false };
    match inquiry.domain(domain).await {
        Ok(Verdict::Pass(term)) => Verdict::Pass(term),
        Ok(_) if inquiry.open => Verdict::Open,
        Ok(verdict) | Err(verdict) => verdict,
    }
}

/// The SPF record of a domain; `None`: it has none.
///
/// # Errors
/// [`Verdict::Broken`] where there is more than one, [`Verdict::Silent`].
pub(crate) async fn record(zone: &impl Zone, domain: &str) -> Result<Option<String>, Verdict> {
    let texts = match zone.texts(domain).await {
        Ok(texts) => texts,
        Err(DnsError::NoSuchName) => return Ok(None),
        Err(DnsError::Silent(seen)) => return Err(Verdict::Silent(seen)),
    };
    let is_spf = |text: &String| {
        let mut words = text.split(' ');
        words.next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
    };
    let mut records = texts.into_iter().filter(is_spf);
    match (records.next(), records.next()) {
        (_, Some(_)) => Err(Verdict::Broken(format!("{domain} has more than one SPF record"))),
        (record, None) => Ok(record),
    }
}

/// One evaluation with its counters.
struct Inquiry<'a, Z> {
    zone: &'a Z,
    address: IpAddr,
    lookups: u8,
    void: u8,
    /// A term that cannot be judged here might have fitted.
    open: bool,
}

impl<Z: Zone> Inquiry<'_, Z> {
    /// The verdict of a domain's record; `Err` ends the whole evaluation.
    async fn domain(&mut self, domain: &str) -> Result<Verdict, Verdict> {
        let Some(record) = record(self.zone, domain).await? else { return Ok(Verdict::Unsaid) };
        let mut redirect = None;
        for term in record.split_ascii_whitespace().skip(1) {
            if let Some((name, value)) = modifier(term) {
                redirect = redirect.or(name.eq_ignore_ascii_case("redirect").then(|| value.to_owned()));
                continue;
            }
            let (sign, mechanism) = match term.split_at_checked(1) {
                Some((sign @ ("+" | "-" | "~" | "?"), rest)) => (sign, rest),
                _ => ("+", term),
            };
            if self.fits(mechanism, domain).await? {
                return Ok(match sign {
                    "-" => Verdict::Fail,
                    "~" => Verdict::SoftFail,
                    "?" => Verdict::Neutral,
                    _ => Verdict::Pass(term.to_owned()),
                });
            }
        }
        let Some(next) = redirect else { return Ok(Verdict::Neutral) };
        self.count()?;
        if self.has_macro(&next) {
            return Ok(Verdict::Neutral);
        }
        match Box::pin(self.domain(&next)).await? {
            Verdict::Unsaid => {
                Err(Verdict::Broken(format!("it is redirected to {next}, which has no SPF record")))
            }
            verdict => Ok(verdict),
        }
    }

    async fn fits(&mut self, mechanism: &str, domain: &str) -> Result<bool, Verdict> {
        let (name, argument) = match mechanism.find([':', '/']) {
            Some(at) => (&mechanism[..at], mechanism[at..].strip_prefix(':').unwrap_or(&mechanism[at..])),
            None => (mechanism, ""),
        };
        match name.to_ascii_lowercase().as_str() {
            "all" => Ok(true),
            "ip4" | "ip6" => self.network(mechanism, argument),
            "include" => self.include(argument).await,
            "a" => {
                let (host, lengths) = Lengths::split(mechanism, argument, domain)?;
                self.count()?;
                Ok(!self.has_macro(host) && self.is_one_of(host, lengths).await?)
            }
            "mx" => self.exchanges(mechanism, argument, domain).await,
            "exists" => {
                self.count()?;
                Ok(!self.has_macro(argument) && !self.addresses(argument).await?.is_empty())
            }
            "ptr" => {
                self.open = true;
                self.count().map(|()| false)
            }
            _ => Err(Verdict::Broken(format!("{mechanism:?} is no SPF term"))),
        }
    }

    async fn include(&mut self, domain: &str) -> Result<bool, Verdict> {
        self.count()?;
        if self.has_macro(domain) {
            return Ok(false);
        }
        match Box::pin(self.domain(domain)).await? {
            Verdict::Pass(_) => Ok(true),
            Verdict::Unsaid => Err(Verdict::Broken(format!("it includes {domain}, which has no SPF record"))),
            _ => Ok(false),
        }
    }

    async fn exchanges(&mut self, mechanism: &str, argument: &str, domain: &str) -> Result<bool, Verdict> {
        let (host, lengths) = Lengths::split(mechanism, argument, domain)?;
        self.count()?;
        if self.has_macro(host) {
            return Ok(false);
        }
        let found = self.found(self.zone.exchanges(host).await)?;
        if found.len() > EXCHANGES {
            return Err(Verdict::Broken(format!("{host} has more than {EXCHANGES} MX")));
        }
        for exchange in found {
            if self.is_one_of(&exchange.host, lengths).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn network(&self, mechanism: &str, argument: &str) -> Result<bool, Verdict> {
        let broken = || Verdict::Broken(format!("{mechanism:?} is no SPF term"));
        let (network, length) =
            argument.split_once('/').map_or((argument, None), |(net, len)| (net, Some(len)));
        let network: IpAddr = network.parse().map_err(|_| broken())?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(most), |length| length.parse().ok().filter(|length| *length <= most));
        Ok(within(self.address, network, length.ok_or_else(broken)?))
    }

    async fn is_one_of(&mut self, host: &str, lengths: Lengths) -> Result<bool, Verdict> {
        let found = self.addresses(host).await?;
        Ok(found.into_iter().any(|network| within(self.address, network, lengths.of(network))))
    }

    async fn addresses(&mut self, host: &str) -> Result<Vec<IpAddr>, Verdict> {
        self.found(self.zone.addresses(host).await)
    }

    /// What was found, where nothing counts as void.
    fn found<T>(&mut self, answer: Result<Vec<T>, DnsError>) -> Result<Vec<T>, Verdict> {
        let found = match answer {
            Ok(found) => found,
            Err(DnsError::NoSuchName) => vec![],
            Err(DnsError::Silent(seen)) => return Err(Verdict::Silent(seen)),
        };
        self.void += u8::from(found.is_empty());
        if self.void > VOID {
            return Err(Verdict::Broken(format!("more than {VOID} of its names do not exist")));
        }
        Ok(found)
    }

    fn count(&mut self) -> Result<(), Verdict> {
        self.lookups += 1;
        if self.lookups > LOOKUPS {
            return Err(Verdict::Broken(format!("it needs more than {LOOKUPS} look-ups")));
        }
        Ok(())
    }

    fn has_macro(&mut self, text: &str) -> bool {
        let has = text.contains('%');
        self.open |= has;
        has
    }
}

/// `name=value` before any `:` or `/`.
fn modifier(term: &str) -> Option<(&str, &str)> {
    term.split_once('=').filter(|(name, _)| !name.contains([':', '/']))
}

/// How much of an address counts, for each family.
#[derive(Clone, Copy)]
struct Lengths {
    v4: u8,
    v6: u8,
}

impl Lengths {
    /// Host and lengths of `a` and `mx`: `[host][/v4][//v6]`; without a host, the record's own domain.
    fn split<'a>(mechanism: &str, argument: &'a str, own: &'a str) -> Result<(&'a str, Self), Verdict> {
        let broken = || Verdict::Broken(format!("{mechanism:?} is no SPF term"));
        let (rest, v6) = argument.split_once("//").map_or((argument, None), |(rest, v6)| (rest, Some(v6)));
        let (host, v4) = rest.split_once('/').map_or((rest, None), |(host, v4)| (host, Some(v4)));
        let length = |text: Option<&str>, most: u8| match text {
            None => Ok(most),
            Some(text) => text.parse().ok().filter(|length| *length <= most).ok_or_else(broken),
        };
        let lengths = Self { v4: length(v4, 32)?, v6: length(v6, 128)? };
        Ok((if host.is_empty() { own } else { host }, lengths))
    }

    fn of(self, network: IpAddr) -> u8 {
        if network.is_ipv4() { self.v4 } else { self.v6 }
    }
}

/// Whether the first bits of both are equal.
fn within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let kept = |all: u32| all.saturating_sub(u32::from(length));
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(kept(32)).unwrap_or(0) == 0,
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(kept(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
