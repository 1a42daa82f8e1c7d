//! DNS for stories: a real dnsmasq with the records of a story, and for all others a server that refuses every question at once, so that
//! no story depends on what the DNS of this machine knows.

use std::net::UdpSocket;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;

use super::process::{Place, Server};
use super::wait_for;
use crate::programs::PATIENCE;

/// A server for names below `.test`; stopped when dropped.
#[derive(Debug)]
pub struct DnsServer {
    port: u16,
    server: Server,
    place: Place,
}

impl DnsServer {
    /// With these records, as dnsmasq's options without the dashes: `mx-host=acme.test,mx.acme.test,10`. A name below `.test` without any
    /// does not exist.
    ///
    /// # Errors
    /// dnsmasq is not installed or does not start.
    pub fn start(records: &[&str]) -> anyhow::Result<Self> {
        let place = Place::make("dns")?;
        let port = place.port(0);
        let mut command: Vec<String> =
            ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"].map(str::to_owned).into();
        command.extend(
            ["--no-resolv", "--no-hosts", "--bind-interfaces", "--user=root", "--local=/test/"]
                .map(str::to_owned),
        );
        command.extend(["--listen-address=127.0.0.1", "--log-facility=-", "--pid-file"].map(str::to_owned));
        command.push(format!("--port={port}"));
        command.extend(records.iter().map(|record| format!("--{record}")));
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let server = Server::new(place.root(), "dns", "dnsmasq-base", &words);
        server.start()?;
        let dns = Self { port, server, place };
        wait_for("dnsmasq to answer", PATIENCE, || {
            anyhow::ensure!(dns.server.is_running(), "dnsmasq ended");
            Ok(dns.answers().ok())
        })?;
        Ok(dns)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Stops it: nobody answers any more.
    ///
    /// # Errors
    /// It had died before.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.server.stop()
    }

    /// The least question there is: the addresses of the root.
    fn answers(&self) -> anyhow::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        socket.send_to(b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01", self.address())?;
        socket.recv(&mut [0; 512]).map(drop).context("no answer")
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.place.close([&self.server]);
    }
}

/// The address of a server that refuses every question (RFC 1035 section 4.1.1, RCODE 5), as long as this process lives.
///
/// # Errors
/// There is no free port.
pub fn refusing_dns() -> anyhow::Result<&'static str> {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    if let Some(address) = ADDRESS.get() {
        return Ok(address);
    }
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?.to_string();
    std::thread::spawn(move || {
        let mut question = [0; 1_500];
        while let Ok((length, asker)) = socket.recv_from(&mut question) {
            if length >= 12 {
                question[2] |= 0x80;
                question[3] = 5;
                // Who does not wait any more is no matter of ours.
                let _ = socket.send_to(&question[..length], asker);
            }
        }
    });
    // Of two at once the first is used, and the other one answers nobody.
    Ok(ADDRESS.get_or_init(|| address))
}
