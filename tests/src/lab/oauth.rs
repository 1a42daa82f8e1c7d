//! A real OAuth server: oidc-provider (npm) in Node.js, which `tests/install-deps.sh` puts into a cache of ours.
//!
//! Dovecot asks it about tokens, Postfix asks Dovecot. Applications are `agent1` and `reports` with a secret, `agent2` with a
//! certificate, and `mailbeat`, with which people sign in. A person is [`Browser`].

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use super::process::Server;
use super::{INSTALL, Lab, Ports, wait_for};
use crate::programs::PATIENCE;

const SERVER: &str = include_str!("../../fixtures/lab/oauth/server.mjs");
const BROWSER: &str = include_str!("../../fixtures/lab/oauth/browse.mjs");

/// Somebody at a browser, who signs in as a user of the lab and agrees to everything.
#[derive(Clone, Debug)]
pub struct Browser {
    script: PathBuf,
    ca: PathBuf,
}

impl Browser {
    /// Opens an address and goes on to the end; gives the address it ended at.
    ///
    /// # Errors
    /// The script failed, with its words.
    pub fn open(&self, address: &str, login: &str) -> anyhow::Result<String> {
        let output = Command::new("node")
            .arg(&self.script)
            .args([address, login])
            .env("NODE_EXTRA_CA_CERTS", &self.ca)
            .stdin(Stdio::null())
            .output()
            .context("node")?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        ensure!(
            output.status.success(),
            "browsing {address}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }
}

/// Puts the server together: its script beside the packages, and the certificate `agent2` proves itself by.
pub(super) fn configure(root: &Path, ports: &Ports, seconds: u32) -> anyhow::Result<Server> {
    let modules = modules()?;
    let dir = root.join("oauth");
    fs::create_dir(&dir)?;
    fs::write(dir.join("server.mjs"), SERVER)?;
    fs::write(dir.join("browse.mjs"), BROWSER)?;
    std::os::unix::fs::symlink(modules, dir.join("node_modules"))?;
    super::ca::application(&root.join("tls"))?;
    let script = dir.join("server.mjs");
    let (script, root_text) =
        (script.to_str().context("a path in UTF-8")?, root.to_str().context("a path in UTF-8")?);
    let (http, https, seconds) =
        (ports.oauth_http.to_string(), ports.oauth_https.to_string(), seconds.to_string());
    Ok(Server::new(root, "oauth", "nodejs npm", &["node", script, root_text, &http, &https, &seconds]))
}

/// Where the packages lie.
fn modules() -> anyhow::Result<PathBuf> {
    let modules = super::cache()?.join("oauth/node_modules");
    ensure!(modules.join("oidc-provider").is_dir(), "{} is not there; {INSTALL}", modules.display());
    Ok(modules)
}

impl Lab {
    /// The OAuth server's address, for `issuer`.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("https://localhost:{}", self.ports().oauth_https)
    }

    /// Somebody at a browser.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser { script: self.dir().join("oauth/browse.mjs"), ca: self.ca() }
    }

    /// The secret of an application, in a file; `agent1` and `reports` have one.
    ///
    /// # Errors
    /// What the file system said.
    pub fn secret_file(&self, application: &str) -> anyhow::Result<PathBuf> {
        let file = self.dir().join(format!("etc/{application}.secret"));
        fs::write(&file, format!("{application}-secret\n"))?;
        Ok(file)
    }

    /// Every consent and every token is void from now on.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn revoke_everything(&self) -> anyhow::Result<()> {
        self.tell_oauth("/lab/revoke")
    }

    /// Every access token is void from now on, refresh tokens are not.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn expire_access_tokens(&self) -> anyhow::Result<()> {
        self.tell_oauth("/lab/expire")
    }

    /// Stops the OAuth server; what it remembers is lost with it.
    ///
    /// # Errors
    /// It had died before, or there is none.
    pub fn stop_oauth(&self) -> anyhow::Result<()> {
        self.oauth.as_ref().context("this lab has no OAuth server")?.stop()
    }

    /// Starts it again and waits until it answers.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_oauth(&self) -> anyhow::Result<()> {
        self.oauth.as_ref().context("this lab has no OAuth server")?.start()?;
        self.wait_for_oauth()
    }

    pub(super) fn wait_for_oauth(&self) -> anyhow::Result<()> {
        let Some(server) = &self.oauth else { return Ok(()) };
        let waited = wait_for("the OAuth server to listen", PATIENCE, || {
            ensure!(server.is_running(), "the OAuth server did not start:\n{}", self.logs());
            let both = [self.ports().oauth_http, self.ports().oauth_https];
            Ok(both.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()).then_some(()))
        });
        waited.with_context(|| self.logs())
    }

    fn tell_oauth(&self, what: &str) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.ports().oauth_http))?;
        write!(
            stream,
            "POST {what} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        if said.starts_with("HTTP/1.1 200") { Ok(()) } else { bail!("the OAuth server said {said:?}") }
    }
}
