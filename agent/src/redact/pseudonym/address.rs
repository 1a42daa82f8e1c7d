//! IP addresses in a text, by their shape.
//!
//! Addresses that name nobody stay: loopback, unspecified, broadcast, multicast, and netmasks. A version of four numbers looks like an
//! address and is taken for one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Kind, Named};

pub(super) fn find(text: &str, named: &mut Vec<Named>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let fresh = at == 0 || !is_part(bytes[at - 1]);
        if !fresh || !(bytes[at].is_ascii_hexdigit() || bytes[at] == b':') {
            at += 1;
            continue;
        }
        let end =
            at + bytes[at..].iter().take_while(|c| c.is_ascii_hexdigit() || matches!(c, b':' | b'.')).count();
        match address(text, at, end) {
            Some((address, length)) => {
                if names_somebody(address) {
                    named.push(Named { at: at..at + length, kind: Kind::Ip, parts: parts(address) });
                }
                at += length;
            }
            None => at = end,
        }
    }
}

fn is_part(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b':' | b'_' | b'-')
}

/// The longest address that starts at `at`, and its length.
fn address(text: &str, at: usize, end: usize) -> Option<(IpAddr, usize)> {
    let run = &text[at..end];
    let whole = run.trim_end_matches(['.', ':']);
    // `::` at the end belongs to the address: `2001:db8::`.
    let candidates = [run, whole, run.split(':').next().unwrap_or_default().trim_end_matches('.')];
    let followed = |length: usize| {
        text.as_bytes().get(at + length).is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_')
    };
    candidates.into_iter().find_map(|candidate| {
        let address: IpAddr = candidate.parse().ok()?;
        // `dead::beef` may be a name in a program; an address without a digit is rarer than that.
        let plausible = candidate.bytes().any(|c| c.is_ascii_digit()) && !followed(candidate.len());
        plausible.then_some((address, candidate.len()))
    })
}

fn names_somebody(address: IpAddr) -> bool {
    let quiet = address.is_loopback() || address.is_unspecified() || address.is_multicast();
    !quiet
        && match address {
            IpAddr::V4(v4) => !v4.is_broadcast() && !is_netmask(v4),
            IpAddr::V6(_) => true,
        }
}

/// `255.255.255.0` and its reverse `0.0.0.255`.
fn is_netmask(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    let is_mask = |bits: u32| bits.leading_ones() + bits.trailing_zeros() == 32;
    (bits.leading_ones() >= 8 && is_mask(bits)) || (bits.leading_zeros() >= 8 && is_mask(!bits))
}

/// The network and the address: two of one /24 or /64 show that they are neighbours.
fn parts(address: IpAddr) -> Vec<String> {
    let network = match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00)),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    };
    vec![network.to_string(), address.to_string()]
}
