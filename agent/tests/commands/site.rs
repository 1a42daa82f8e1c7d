//! A customer's host for the commands' stories: configuration, contract, the real program, a Maildir or a small SMTP server.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval};
use mailbeat_shared::wire::signature::SigningKey;
use serde_json::Value;

pub(crate) struct Site {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) contract: Contract,
}

pub(crate) fn vendor() -> SigningKey {
    SigningKey::from_seed(&[7; 32], "vendor")
}

pub(crate) fn contract(now: Timestamp) -> Contract {
    Contract {
        number: "ACME-2026-001".parse().unwrap(),
        revision: 1,
        customer: "ACME".into(),
        vendor: "Example GmbH".into(),
        vendor_key: vendor().public(),
        vendor_succession: vec![],
        issued_at: now,
        valid_from: now,
        valid_until: Some(now + SignedDuration::from_hours(24 * 365)),
        grace_days: 14,
        report_addresses: vec!["reports@vendor.example".into()],
        systems: 5,
        maintenance_max_h: 72,
        heartbeat_interval_s: Interval { default: 3600, min: 1, max: 86_400 },
        system_interval_s: Interval { default: 86_400, min: 1, max: 604_800 },
        locale: None,
        encryption_key: None,
        enrollment_secret: Some(EnrollmentSecret::from_random([9; 32])),
        relay: None,
    }
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { dir: tempfile::tempdir().unwrap(), contract: contract(Clock::system().now()) };
        fs::create_dir(site.path("watched")).unwrap();
        fs::write(site.path("watched/app.conf"), "interval = 5\npassword = hunter2secret\n").unwrap();
        site.configure("");
        site.write_contract(&site.contract);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Sends by SMTP to a server on this port instead of into the Maildir.
    pub(crate) fn configure_smtp(&self, port: u16) {
        let text = format!(
            "state_dir = {:?}\nmachine_id = 'machine-a'\ncc.test = ['admin@acme.example']\n\
             [[route]]\nname = 'office'\ntype = 'smtp'\nfrom = 'Agent <agent@acme.example>'\nhost = '127.0.0.1'\n\
             port = {port}\ntls = 'none'\n",
            self.path("state"),
        );
        fs::write(self.path("agent.toml"), text).unwrap();
    }

    pub(crate) fn configure(&self, more: &str) {
        let text = format!(
            "{more}\nstate_dir = {state:?}\nmachine_id = 'machine-a'\nwatch.include = ['{watched}/**']\n\
             [[route]]\nname = 'office'\ntype = 'maildir'\nfrom = 'agent@acme.example'\npath = {mail:?}\n",
            state = self.path("state"),
            watched = self.path("watched").display(),
            mail = self.path("mail"),
        );
        fs::write(self.path("agent.toml"), text).unwrap();
    }

    pub(crate) fn write_contract(&self, contract: &Contract) {
        fs::write(self.path("contract.toml"), contract.seal(&vendor())).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailbeat-agent"));
        command.arg("--config").arg(self.path("agent.toml")).args(args).stdin(Stdio::null());
        for name in
            ["MAILBEAT_CONFIG", "MAILBEAT_STATE_DIR", "MAILBEAT_LOG", "MAILBEAT_MACHINE_ID", "NOTIFY_SOCKET"]
        {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command that works prints.
    pub(crate) fn works(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{args:?} failed with {:?}\n{out}\n{err}", output.status.code());
        out
    }

    /// The exit code and the words of a command that does not.
    pub(crate) fn fails(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.output(args);
        assert!(!output.status.success(), "{args:?} worked: {:?}", texts(&output));
        (output.status.code(), texts(&output).1)
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.works(args)).unwrap()
    }

    pub(crate) fn activate(&self) -> String {
        let contract = self.path("contract.toml");
        let key = vendor().public().fingerprint();
        self.works(&["activate", contract.to_str().unwrap(), "--vendor-key", &key, "--accept"])
    }

    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.path("mail/new")) else { return vec![] };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }
}

pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Waits for a condition; the loop ends with the test's patience, not with a guess.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed().as_secs() < 60, "{what} did not happen within a minute");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Ended by the handle that was kept, whatever becomes of the test.
pub(crate) struct Running(pub(crate) std::process::Child);

impl Running {
    pub(crate) fn start(site: &Site) -> Self {
        Self::of(site, site.command(&["run"]))
    }

    pub(crate) fn of(site: &Site, mut command: Command) -> Self {
        let child = command.stderr(fs::File::create(site.path("run.log")).unwrap()).spawn().unwrap();
        let running = Self(child);
        wait_for("run", || {
            let status = site.output(&["status", "--json"]);
            serde_json::from_slice::<Value>(&status.stdout).ok()?["runs"].as_bool()?.then_some(())
        });
        running
    }

    /// SIGTERM, as the service manager says it.
    pub(crate) fn stop(mut self) -> Option<i32> {
        Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A mail server of a few lines: what it says to the next recipients, and whom it took mail for.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) answers: Sender<&'static str>,
    pub(crate) taken: Receiver<String>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ((answers, script), (took, taken)) = (channel(), channel());
        // Ends with the test's process; it holds nothing but its port.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = Self::talk(&stream.unwrap(), &script, &took);
            }
        });
        Self { port, answers, taken }
    }

    fn talk(stream: &TcpStream, script: &Receiver<&str>, took: &Sender<String>) -> std::io::Result<()> {
        let mut out = stream;
        out.write_all(b"220 mail.acme.example ready\r\n")?;
        let (mut to, mut in_data) = (String::new(), false);
        for line in BufReader::new(stream).lines() {
            let line = line?;
            let answer = match line.get(..4).unwrap_or_default() {
                _ if in_data && line == "." => {
                    in_data = false;
                    let _ = took.send(std::mem::take(&mut to));
                    "250 2.0.0 queued as 4711"
                }
                _ if in_data => continue,
                "EHLO" => "250-mail.acme.example\r\n250 SIZE 1000000",
                "RCPT" => {
                    to = line;
                    script.try_recv().unwrap_or("250 2.1.5 ok")
                }
                "DATA" => {
                    in_data = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 2.0.0 ok",
            };
            out.write_all(format!("{answer}\r\n").as_bytes())?;
        }
        Ok(())
    }
}

/// Whether ssh-keygen believes a report, as README and mails tell people to ask it.
pub(crate) fn ssh_keygen_believes(
    allowed_signers: &Path,
    system: &str,
    report: &Path,
    signature: &Path,
) -> bool {
    let args = ["-Y", "verify", "-n", "mailbeat-report", "-I", system, "-f"];
    let verified = Command::new("ssh-keygen")
        .args(args)
        .arg(allowed_signers)
        .arg("-s")
        .arg(signature)
        .stdin(fs::File::open(report).unwrap())
        .output()
        .unwrap();
    verified.status.success()
}
