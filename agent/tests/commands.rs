//! The commands as a person types them: the real program, a Maildir as the mail server, ssh-keygen as the judge.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval};
use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_shared::wire::signature::SigningKey;
use serde_json::Value;

struct Site {
    dir: tempfile::TempDir,
    contract: Contract,
}

fn vendor() -> SigningKey {
    SigningKey::from_seed(&[7; 32], "vendor")
}

fn contract(now: Timestamp) -> Contract {
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
        enrollment_secret: Some(EnrollmentSecret::from_random([9; 32])),
        relay: None,
    }
}

impl Site {
    fn new() -> Self {
        let site = Self { dir: tempfile::tempdir().unwrap(), contract: contract(Clock::system().now()) };
        fs::create_dir(site.path("watched")).unwrap();
        fs::write(site.path("watched/app.conf"), "interval = 5\npassword = hunter2secret\n").unwrap();
        site.configure("");
        site.write_contract(&site.contract);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Sends by SMTP to a server on this port instead of into the Maildir.
    fn configure_smtp(&self, port: u16) {
        let text = format!(
            "state_dir = {:?}\nmachine_id = 'machine-a'\ncc.test = ['admin@acme.example']\n\
             [[route]]\nname = 'office'\ntype = 'smtp'\nfrom = 'Agent <agent@acme.example>'\nhost = '127.0.0.1'\n\
             port = {port}\ntls = 'none'\n",
            self.path("state"),
        );
        fs::write(self.path("agent.toml"), text).unwrap();
    }

    fn configure(&self, more: &str) {
        let text = format!(
            "{more}\nstate_dir = {state:?}\nmachine_id = 'machine-a'\nwatch.include = ['{watched}/**']\n\
             [[route]]\nname = 'office'\ntype = 'maildir'\nfrom = 'agent@acme.example'\npath = {mail:?}\n",
            state = self.path("state"),
            watched = self.path("watched").display(),
            mail = self.path("mail"),
        );
        fs::write(self.path("agent.toml"), text).unwrap();
    }

    fn write_contract(&self, contract: &Contract) {
        fs::write(self.path("contract.toml"), contract.seal(&vendor())).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailbeat-agent"));
        command.arg("--config").arg(self.path("agent.toml")).args(args).stdin(Stdio::null());
        for name in
            ["MAILBEAT_CONFIG", "MAILBEAT_STATE_DIR", "MAILBEAT_LOG", "MAILBEAT_MACHINE_ID", "NOTIFY_SOCKET"]
        {
            command.env_remove(name);
        }
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command that works prints.
    fn works(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{args:?} failed with {:?}\n{out}\n{err}", output.status.code());
        out
    }

    /// The exit code and the words of a command that does not.
    fn fails(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.output(args);
        assert!(!output.status.success(), "{args:?} worked: {:?}", texts(&output));
        (output.status.code(), texts(&output).1)
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.works(args)).unwrap()
    }

    fn activate(&self) -> String {
        let contract = self.path("contract.toml");
        let key = vendor().public().fingerprint();
        self.works(&["activate", contract.to_str().unwrap(), "--vendor-key", &key, "--accept"])
    }

    fn mails(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.path("mail/new")) else { return vec![] };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Waits for a condition; the loop ends with the test's patience, not with a guess.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
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
struct Running(std::process::Child);

impl Running {
    fn start(site: &Site) -> Self {
        let child =
            site.command(&["run"]).stderr(fs::File::create(site.path("run.log")).unwrap()).spawn().unwrap();
        let running = Self(child);
        wait_for("run", || {
            let status = site.output(&["status", "--json"]);
            serde_json::from_slice::<Value>(&status.stdout).ok()?["runs"].as_bool()?.then_some(())
        });
        running
    }

    /// SIGTERM, as the service manager says it.
    fn stop(mut self) -> Option<i32> {
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
struct Server {
    port: u16,
    answers: Sender<&'static str>,
    taken: Receiver<String>,
}

impl Server {
    fn start() -> Self {
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

#[test]
fn by_smtp_the_servers_own_words_reach_status_and_trail() {
    let (site, server) = (Site::new(), Server::start());
    site.configure_smtp(server.port);
    site.activate();
    let taken: Vec<String> = server.taken.try_iter().collect();
    assert_eq!(taken, ["RCPT TO:<reports@vendor.example>"; 2]);

    server.answers.send("450 4.2.0 greylisted, come back").unwrap();
    let waits = site.output(&["send", "heartbeat"]);
    let (out, _) = texts(&waits);
    assert!(waits.status.code() == Some(1) && out.contains("450 4.2.0 greylisted, come back"), "{out}");
    let status = site.works(&["status"]);
    assert!(status.contains("greylisted") && status.contains("Queue:     1 waiting"), "{status}");

    assert!(
        site.works(&["send", "test"])
            .contains("accepted by your mail server (route office): 250 2.0.0 queued as 4711")
    );
    let taken: Vec<String> = server.taken.try_iter().collect();
    assert_eq!(taken[..2], ["RCPT TO:<reports@vendor.example>"; 2], "the heartbeat first, then the test");
    assert_eq!(taken[2..], ["RCPT TO:<admin@acme.example>"], "and the administrator's copy");

    server.answers.send("550 5.7.1 not from you").unwrap();
    let lost = site.output(&["send", "test"]);
    let (out, _) = texts(&lost);
    assert!(
        lost.status.code() == Some(1) && out.contains("lost") && out.contains("550 5.7.1 not from you"),
        "{out}"
    );
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
}

#[test]
fn activated_sent_and_verified_with_ssh_keygen_in_the_trail_itself() {
    let site = Site::new();
    let shown = site.activate();
    for words in ["reports@vendor.example", "office (from agent@acme.example)", "ACME-2026-001", "Activated."]
    {
        assert!(shown.contains(words), "{words} is not in\n{shown}");
    }
    assert_eq!(site.mails().len(), 2, "the enrollment and a full system report");
    let sent = site.works(&["send", "heartbeat"]);
    assert!(sent.starts_with("#3 heartbeat: accepted by your mail server (route office)"), "{sent}");

    let list = site.json(&["trail", "list", "--json"]);
    let kinds: Vec<&str> =
        list.as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["enrollment", "system", "heartbeat"]);
    assert!(site.works(&["trail", "verify"]).contains("3 reports (#1 to #3): the chain is whole"));
    assert!(site.works(&["trail", "show", "2"]).contains("1 file watched"));

    let identity = site.json(&["identity", "show", "--json"]);
    fs::write(site.path("allowed_signers"), site.works(&["identity", "show", "--allowed-signers"])).unwrap();
    for sequence in ["0000000001", "0000000002", "0000000003"] {
        let dir = site.path("state/trail").join(sequence);
        let verified = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-n", "mailbeat-report", "-s", "report.json.sig", "-I"])
            .arg(identity["system"].as_str().unwrap())
            .arg("-f")
            .arg(site.path("allowed_signers"))
            .stdin(fs::File::open(dir.join("report.json")).unwrap())
            .current_dir(&dir)
            .output()
            .unwrap();
        assert!(verified.status.success(), "{sequence}: {:?}", texts(&verified));
    }
    for mail in site.mails() {
        assert!(matches!(extract(&mail), Extracted::Signed(_)));
        let text = String::from_utf8_lossy(&mail).into_owned();
        assert!(!text.contains("hunter2secret"));
    }
    let report = fs::read_to_string(site.path("state/trail/0000000002/report.json")).unwrap();
    assert!(
        report.contains("interval = 5") && report.contains("<redacted:") && !report.contains("hunter2secret")
    );

    let status = site.works(&["status"]);
    assert!(status.contains("accepted by your mail server") && !status.contains("received"), "{status}");
}

#[test]
fn without_a_known_vendor_key_accept_alone_is_not_enough() {
    let site = Site::new();
    let file = site.path("contract.toml");
    let file = file.to_str().unwrap();
    let (code, words) = site.fails(&["activate", file, "--accept"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("--vendor-key SHA256:") && words.contains("vendor.pub"), "{words}");
    let (_, words) = site.fails(&["activate", file, "--accept", "--vendor-key", "SHA256:somebody"]);
    assert!(words.contains("is sealed with the key"), "{words}");
    let key = vendor().public().fingerprint();
    let (code, words) = site.fails(&["activate", file, "--vendor-key", &key]);
    assert!(code == Some(2) && words.contains("--accept"), "{words}");
    assert!(!site.path("state/activation.toml").exists() && site.mails().is_empty());

    fs::write(site.path("vendor.pub"), vendor().public().to_string()).unwrap();
    site.works(&["activate", file, "--accept"]);
    let (_, words) = site.fails(&["activate", file, "--accept"]);
    assert!(words.contains("already in force"), "{words}");
}

#[test]
fn contracts_that_cannot_be_taken_are_refused_each_with_its_reason() {
    let mut site = Site::new();
    let day = SignedDuration::from_hours(24);
    let file = site.path("contract.toml");
    let key = vendor().public().fingerprint();
    let refused =
        |site: &Site| site.fails(&["activate", file.to_str().unwrap(), "--accept", "--vendor-key", &key]).1;
    let now = site.contract.issued_at;

    let altered = fs::read_to_string(&file).unwrap().replace("systems = 5", "systems = 50");
    fs::write(&file, altered).unwrap();
    assert!(refused(&site).contains("altered after it was issued"));

    let mut early = contract(now);
    early.valid_from = now + day;
    site.write_contract(&early);
    assert!(refused(&site).contains("is not valid before"));

    let mut old = contract(now - day * 60);
    old.valid_until = Some(now - day * 30);
    site.write_contract(&old);
    assert!(refused(&site).contains("ended on"));

    site.contract.revision = 5;
    site.write_contract(&site.contract);
    site.activate();
    site.write_contract(&contract(now));
    assert!(refused(&site).contains("revision 5 is in force"));

    let thief = SigningKey::from_seed(&[8; 32], "thief");
    let mut forged = contract(now);
    (forged.revision, forged.vendor_key) = (6, thief.public());
    fs::write(&file, forged.seal(&thief)).unwrap();
    let words = site
        .fails(&[
            "activate",
            file.to_str().unwrap(),
            "--accept",
            "--vendor-key",
            &thief.public().fingerprint(),
        ])
        .1;
    assert!(words.contains("is sealed with the key"), "the pinned key stands: {words}");
}

#[test]
fn a_running_agent_answers_requests_takes_a_renewal_refuses_a_second_one_and_ends_cleanly() {
    let mut site = Site::new();
    site.configure("heartbeat_interval_s = 1");
    let running = Running::start(&site);
    assert!(site.mails().is_empty(), "off until activated");
    let said = site.activate();
    assert!(said.contains("The running agent takes it over"), "{said}");
    wait_for("three heartbeats", || (site.mails().len() >= 5).then_some(()));

    let (code, words) = site.fails(&["run"]);
    assert!(code == Some(1) && words.contains(&format!("process {}", running.0.id())), "{words}");
    assert!(site.works(&["send", "test"]).contains("accepted by your mail server"));

    site.contract.revision = 2;
    site.contract.enrollment_secret = None;
    site.contract.heartbeat_interval_s.min = 3600;
    site.write_contract(&site.contract);
    let file = site.path("contract.toml");
    assert!(site.works(&["activate", file.to_str().unwrap(), "--accept"]).contains("Renewed: revision 2"));
    let status = site.json(&["status", "--json"]);
    assert_eq!(status["contract"]["promise"]["heartbeat_interval_s"], 3600);

    let said = site.works(&["deactivate", "--reason", "moving house"]);
    assert!(said.contains("Deactivated") && said.contains("notice: accepted by your mail server"), "{said}");
    let (_, words) = site.fails(&["send", "heartbeat"]);
    assert!(words.contains("not activated"), "{words}");
    assert_eq!(running.stop(), Some(0));
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
    assert_eq!(site.json(&["status", "--json"])["activated"], false);
}

#[test]
fn a_preview_shows_what_would_be_sent_and_sends_nothing() {
    let site = Site::new();
    assert!(site.fails(&["preview", "system"]).1.contains("not activated"));
    site.activate();
    fs::write(site.path("watched/app.conf"), "interval = 6\npassword = other2secret\n").unwrap();
    let before = site.mails().len();
    let text = site.works(&["preview", "system"]);
    assert!(
        text.contains("1 change") && text.contains("interval = 6") && !text.contains("other2secret"),
        "{text}"
    );
    let report: Value = site.json(&["preview", "heartbeat", "--json"]);
    assert_eq!((report["sequence"].as_u64(), report["kind"].as_str()), (Some(3), Some("heartbeat")));
    let names: Vec<&str> = report["heartbeat"]["observations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|observation| observation["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"system.memory.utilization") && names.contains(&"mailbeat.watch.files"),
        "{names:?}"
    );
    assert!(matches!(extract(site.works(&["preview", "system", "--mail"]).as_bytes()), Extracted::Signed(_)));
    assert_eq!(site.mails().len(), before);
    assert_eq!(site.json(&["status", "--json"])["sequence"], 2);
}

#[test]
fn a_copied_state_is_asked_about_and_a_new_system_begins_at_one() {
    let site = Site::new();
    site.activate();
    let old = site.json(&["identity", "show", "--json"]);
    let on_the_copy =
        |args: &[&str]| site.command(args).env("MAILBEAT_MACHINE_ID", "machine-b").output().unwrap();
    let (_, words) = texts(&on_the_copy(&["send", "heartbeat"]));
    assert!(words.contains("identity keep") && words.contains("identity new"), "{words}");

    assert!(on_the_copy(&["identity", "keep"]).status.success());
    let (sent, _) = texts(&on_the_copy(&["send", "heartbeat"]));
    assert!(sent.contains("accepted by your mail server"), "{sent}");
    let kept = site.json(&["identity", "show", "--json"]);
    assert!(kept["system"] == old["system"] && kept["incarnation"] != old["incarnation"]);

    assert!(site.works(&["identity", "new"]).contains("This is now system"));
    let new = site.json(&["identity", "show", "--json"]);
    assert!(new["system"] != old["system"] && new["public_key"] != old["public_key"]);
    assert!(site.works(&["send", "heartbeat"]).contains("accepted"));
    let list = site.json(&["trail", "list", "--json"]);
    assert!(list.as_array().unwrap().iter().all(|line| line["system"] == new["system"]));
    assert_eq!(list[0]["sequence"], 1);
    assert!(site.works(&["trail", "verify"]).contains("the chain is whole"));
}

#[test]
fn a_configuration_that_cannot_be_used_ends_with_two_and_names_the_line() {
    let site = Site::new();
    site.configure("heartbeat_intervall_s = 5");
    let (code, words) = site.fails(&["status"]);
    assert_eq!(code, Some(2));
    assert!(
        words.contains(
            "agent.toml, line 1: unknown key `heartbeat_intervall_s`; did you mean `heartbeat_interval_s`?"
        ),
        "{words}"
    );

    site.configure("redact.patterns = ['(']\ncc.system = ['nobody']");
    let checked = site.output(&["config", "check"]);
    let (out, _) = texts(&checked);
    assert_eq!(checked.status.code(), Some(2));
    assert!(out.contains("wrong: cc: \"nobody\"") && out.contains("not a regular expression"), "{out}");
    site.configure("");
    assert!(site.works(&["config", "check"]).contains("nothing wrong found"));
    assert!(site.works(&["config", "show"]).contains("queue_reports = 2000"));
}

#[test]
fn a_state_directory_that_cannot_be_made_is_said_with_what_to_do() {
    let site = Site::new();
    fs::write(site.path("state"), b"a file").unwrap();
    let (code, words) = site.fails(&["run"]);
    assert_eq!(code, Some(1));
    assert!(
        words.contains(Path::new("state").to_str().unwrap()) && words.contains("must be able to write"),
        "{words}"
    );
}
