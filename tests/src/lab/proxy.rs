//! An HTTP proxy as sites have it: a private tinyproxy, which asks for a password and lets out to certain ports.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use super::Lab;
use super::process::Server;
use crate::programs::{PATIENCE, wait_for};

const USER: &str = "site";
const PASSWORD: &str = "proxy-pw";

/// A running proxy; it ends with its lab.
#[derive(Debug)]
pub struct HttpProxy {
    server: Server,
    port: u16,
    dir: PathBuf,
}

impl Lab {
    /// Starts a proxy that asks for a password and lets out to these ports only; to any, where there are none.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub fn http_proxy(&self, ports: &[u16]) -> anyhow::Result<HttpProxy> {
        let config = self.dir().join("etc/tinyproxy.conf");
        let command = ["tinyproxy", "-d", "-c", config.to_str().context("the lab's paths are UTF-8")?];
        let server = Server::new(self.dir(), "proxy", "tinyproxy-bin", &command);
        let proxy = HttpProxy { server, port: self.ports().proxy, dir: self.dir().to_owned() };
        fs::write(proxy.dir.join("etc/proxy.password"), format!("{PASSWORD}\n"))?;
        proxy.lets_out_to(ports)?;
        Ok(proxy)
    }
}

impl HttpProxy {
    /// The value of `proxy` in a configuration file: an inline table.
    #[must_use]
    pub fn table(&self) -> String {
        let file = self.dir.join("etc/proxy.password");
        let way = format!("host = \"127.0.0.1\", port = {}", self.port);
        format!("{{ {way}, username = \"{USER}\", password_file = {file:?} }}")
    }

    /// The same for somebody who does not know the user.
    #[must_use]
    pub fn nameless_table(&self) -> String {
        format!("{{ host = \"127.0.0.1\", port = {} }}", self.port)
    }

    /// Starts it, or starts it anew, with other ports.
    ///
    /// # Errors
    /// It does not come up.
    pub fn lets_out_to(&self, ports: &[u16]) -> anyhow::Result<()> {
        let (log, mut config) = (self.dir.join("log/proxy.log"), String::new());
        config += &format!("Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\n", self.port);
        config += &format!("LogFile {log:?}\nLogLevel Connect\nBasicAuth {USER} {PASSWORD}\n");
        config.extend(ports.iter().map(|port| format!("ConnectPort {port}\n")));
        fs::write(self.dir.join("etc/tinyproxy.conf"), config)?;
        self.stop()?;
        self.server.start()?;
        let listens = || Ok(std::net::TcpStream::connect(("127.0.0.1", self.port)).ok().map(drop));
        wait_for("tinyproxy to listen", PATIENCE, listens)
    }

    /// Ends it and every connection through it.
    ///
    /// # Errors
    /// It had died before.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.server.stop()
    }

    /// How often it was asked for the way to this place, `host:port`.
    #[must_use]
    pub fn asked_for(&self, place: &str) -> usize {
        let log = fs::read_to_string(self.dir.join("log/proxy.log")).unwrap_or_default();
        log.matches(&format!("CONNECT {place} ")).count()
    }
}

impl Drop for HttpProxy {
    fn drop(&mut self) {
        let _ = self.server.stop();
    }
}
