//! What a customer's applications are to a check: a web service that can break, TLS servers with certificates that end, files with ages.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use crate::programs::{PATIENCE, wait_for};

/// What a web service answers.
#[derive(Clone, Debug)]
struct Page {
    status: u16,
    body: String,
    wait: Duration,
}

#[derive(Debug, Default)]
struct Pages {
    down: bool,
    pages: BTreeMap<String, Page>,
}

/// A web service on the loopback; its thread ends with the story.
#[derive(Clone, Debug)]
pub struct Web {
    port: u16,
    pages: Arc<Mutex<Pages>>,
}

impl Web {
    /// One that answers 404 to everything.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let web = Self { port: listener.local_addr()?.port(), pages: Arc::default() };
        let serving = web.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(&stream));
            }
        });
        Ok(web)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on it answers this at that path.
    pub fn says(&self, path: &str, status: u16, body: &str) {
        let page = Page { status, body: body.to_owned(), wait: Duration::ZERO };
        self.lock().pages.insert(path.to_owned(), page);
    }

    /// From now on it answers there so late.
    pub fn waits(&self, path: &str, wait: Duration) {
        if let Some(page) = self.lock().pages.get_mut(path) {
            page.wait = wait;
        }
    }

    /// Whether it hangs up on everybody.
    pub fn is_down(&self, down: bool) {
        self.lock().down = down;
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: &TcpStream) {
        if self.lock().down {
            return;
        }
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        if reader.read_line(&mut first).is_err() {
            return;
        }
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
            line.clear();
        }
        let path = first.split(' ').nth(1).unwrap_or("/");
        let missing = Page { status: 404, body: String::new(), wait: Duration::ZERO };
        let page = self.lock().pages.get(path).cloned().unwrap_or(missing);
        std::thread::sleep(page.wait);
        let (status, length) = (page.status, page.body.len());
        let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        // A client that went away is its own affair.
        let _ = stream.write_all((head + &page.body).as_bytes());
    }
}

/// An authority and the certificates it issued, by openssl, as PEM files in one directory.
#[derive(Debug)]
pub struct Authority {
    dir: PathBuf,
}

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    /// openssl failed.
    pub fn new(dir: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)?;
        let authority = Self { dir: dir.to_owned() };
        let subject = ["-subj", "/CN=Story Authority", "-keyout", "ca.key", "-out", "ca.crt"];
        authority.openssl(
            &[
                &["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..],
                &["-nodes", "-days", "3650"],
                &subject,
            ]
            .concat(),
        )?;
        Ok(authority)
    }

    /// Its own certificate.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.dir.join("ca.crt")
    }

    /// Issues, or issues anew, `NAME.crt` and `NAME.key` for `localhost`, valid for so many days.
    ///
    /// # Errors
    /// openssl failed.
    pub fn issue(&self, name: &str, days: u32) -> anyhow::Result<()> {
        let (key, request, out) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.crt"));
        let names = self.dir.join("names.ext");
        fs::write(&names, "subjectAltName = DNS:localhost\n")?;
        let new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        self.openssl(&[&new[..], &["-subj", "/CN=localhost", "-keyout", &key, "-out", &request]].concat())?;
        let sign = ["x509", "-req", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"];
        let days = days.to_string();
        let more = ["-in", &request, "-out", &out, "-days", &days, "-extfile", "names.ext"];
        self.openssl(&[&sign[..], &more].concat())
    }

    /// A TLS server with the certificate of this name, which asks its clients for one of this authority's.
    ///
    /// # Errors
    /// openssl does not serve.
    pub fn serve(&self, name: &str) -> anyhow::Result<TlsServer> {
        self.serve_at(name, free_port()?)
    }

    /// The same on this port.
    ///
    /// # Errors
    /// openssl does not serve.
    pub fn serve_at(&self, name: &str, port: u16) -> anyhow::Result<TlsServer> {
        let (certificate, key, at) = (format!("{name}.crt"), format!("{name}.key"), port.to_string());
        let args = ["s_server", "-accept", &at, "-cert", &certificate, "-key", &key, "-quiet"];
        let mut command = Command::new("openssl");
        command.args(args).args(["-CAfile", "ca.crt", "-Verify", "1", "-verify_return_error"]);
        command.current_dir(&self.dir).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().context("openssl s_server")?;
        let server = TlsServer { process, port };
        let connects = || Ok(TcpStream::connect(("127.0.0.1", port)).ok());
        wait_for("openssl to listen", PATIENCE, connects)?;
        Ok(server)
    }

    fn openssl(&self, args: &[&str]) -> anyhow::Result<()> {
        let done = Command::new("openssl").args(args).current_dir(&self.dir).output()?;
        anyhow::ensure!(done.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }
}

/// A running `openssl s_server`.
#[derive(Debug)]
pub struct TlsServer {
    process: Child,
    /// Its port.
    pub port: u16,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Something that only listens, on a port of its own, until it is told not to.
#[derive(Debug)]
pub struct Listener {
    port: u16,
    socket: Mutex<Option<TcpListener>>,
}

impl Listener {
    /// One that listens.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start() -> anyhow::Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0")?;
        Ok(Self { port: socket.local_addr()?.port(), socket: Mutex::new(Some(socket)) })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether connections are refused.
    ///
    /// # Errors
    /// Somebody else listens there meanwhile.
    pub fn is_down(&self, down: bool) -> anyhow::Result<()> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        *socket = None;
        if !down {
            *socket = Some(TcpListener::bind(("127.0.0.1", self.port))?);
        }
        Ok(())
    }
}

/// A port nobody listens on now.
///
/// # Errors
/// There is none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Writes a file that looks as if it had been written so long ago.
///
/// # Errors
/// What the file system said.
pub fn aged(path: &Path, content: &str, age: Duration) -> anyhow::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, content)?;
    #[allow(clippy::disallowed_methods, reason = "a file's age is told from the real clock")]
    let written = SystemTime::now() - age;
    fs::File::options().write(true).open(path)?.set_modified(written)?;
    Ok(())
}
