//! `port`: something on this host listens on a port. Looks at the kernel's list; makes no connection that a service would log.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::probe::{Look, Probe, Sight};

/// Settings of a `port` check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The port.
    port: u16,
    /// `tcp` or `udp`.
    #[serde(default)]
    protocol: Protocol,
    /// The address it must be reachable at; by default any.
    address: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    #[default]
    Tcp,
    Udp,
}

impl Protocol {
    fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl Probe for Port {
    fn look(&mut self, _: &mut Look<'_>) -> Sight {
        let name = self.protocol.as_str();
        let lists = [format!("/proc/self/net/{name}"), format!("/proc/self/net/{name}6")];
        let read: Vec<String> = lists.iter().filter_map(|list| std::fs::read_to_string(list).ok()).collect();
        if read.is_empty() {
            return Sight::unknown(format!("{} cannot be read: who listens is not known here", lists[0]));
        }
        self.judge(&read.concat())
    }
}

impl Port {
    fn judge(&self, lists: &str) -> Sight {
        let listeners = lists.lines().filter_map(|line| listener(line, self.protocol));
        let addresses: Vec<IpAddr> =
            listeners.filter(|(_, port)| *port == self.port).map(|(at, _)| at).collect();
        let what = format!("{} port {}", self.protocol.as_str(), self.port);
        let reached = |at: &IpAddr| self.address.is_none_or(|wanted| *at == wanted || is_any(*at, wanted));
        if addresses.iter().any(reached) {
            return Sight::ok(format!("something listens on {what}"));
        }
        match (self.address, addresses.first()) {
            (Some(wanted), Some(at)) => {
                Sight::critical(format!("{what} is listened on at {at}, not at {wanted}"))
            }
            _ => Sight::critical(format!("nothing listens on {what}")),
        }
    }
}

/// Whether a listener at this address hears what is sent to the other. Linux lets one at `::` hear IPv4 as well.
fn is_any(at: IpAddr, wanted: IpAddr) -> bool {
    at.is_unspecified() && (at.is_ipv6() || wanted.is_ipv4())
}

/// Address and port of a line of `/proc/net/tcp` or its kin, if it is one that listens.
fn listener(line: &str, protocol: Protocol) -> Option<(IpAddr, u16)> {
    let mut fields = line.split_whitespace();
    let (local, state) = (fields.nth(1)?, fields.nth(1)?);
    // 0A is TCP_LISTEN; a UDP socket that is bound and talks to nobody in particular is in 07, TCP_CLOSE.
    let listens = match protocol {
        Protocol::Tcp => state == "0A",
        Protocol::Udp => state == "07",
    };
    let (address, port) = local.split_once(':').filter(|_| listens)?;
    Some((ip(address)?, u16::from_str_radix(port, 16).ok()?))
}

/// The kernel prints addresses as words of 32 bits in the host's order, which is little-endian wherever the agent runs.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_le_bytes);
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (at, piece) in bytes.chunks_exact_mut(4).enumerate() {
                piece.copy_from_slice(&word(at * 8)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 20171 1 000000003e72c0d2 100 0 0 10 0
   1: 020200C0:AF6E 507100CB:01BB 01 00000000:00000000 00:00000000 00000000     0        0 1422275 1 000000003dc1c551 20 4 1 82 146
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0 0 1 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0 0 1 1 0 100 0 0 10 0
";
    const UDP: &str = "  614: 00000000:007B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 20011 2 0 0\n";

    fn said(settings: &str, list: &str) -> String {
        toml::from_str::<Port>(settings).unwrap().judge(list).output
    }

    #[test]
    fn a_port_somebody_listens_on_is_found_and_a_connection_from_it_is_no_listener() {
        assert_eq!(said("port = 3306", TCP), "something listens on tcp port 3306");
        assert_eq!(said("port = 44910", TCP), "nothing listens on tcp port 44910");
        assert_eq!(said("port = 123\nprotocol = 'udp'", UDP), "something listens on udp port 123");
    }

    #[test]
    fn listening_on_the_loopback_alone_is_not_listening_for_others() {
        let elsewhere = "tcp port 3306 is listened on at 127.0.0.1, not at 192.0.2.7";
        assert_eq!(said("port = 3306\naddress = '192.0.2.7'", TCP), elsewhere);
        assert_eq!(said("port = 8080\naddress = '192.0.2.7'", TCP), "something listens on tcp port 8080");
        assert_eq!(said("port = 25\naddress = '::1'", TCP), "something listens on tcp port 25");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_real_listener_is_found_while_it_listens() {
        // A port that was let go of may be another program's the next moment.
        let is_missed = || {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = socket.local_addr().unwrap().port();
            let mut probe: Port = toml::from_str(&format!("port = {port}")).unwrap();
            let mut look = || {
                let deadline = std::time::Instant::now() + std::time::Duration::from_secs(9);
                let now = jiff::Timestamp::UNIX_EPOCH;
                probe.look(&mut Look { now, deadline, memory: &mut serde_json::Value::Null }).output
            };
            assert_eq!(look(), format!("something listens on tcp port {port}"));
            drop(socket);
            look() == format!("nothing listens on tcp port {port}")
        };
        assert!((0..5).any(|_| is_missed()), "of five listeners that ended each is said to be there");
    }
}
