//! A vendor with a German and an English customer, and the mails of a day with everything in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mail_parser::MessageParser;
use mailbeat_tests::maildirs;
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::world::{Host, OPERATOR, Vendor};

use crate::chromium::Page;

const RULES: &str = "[[threshold]]\nid = \"many-watched-files\"\nmetric = \"mailbeat.watch.files\"\n\
    above = { medium = 3 }\ntitle = \"{value} watched configuration files cannot be read\"\n";

/// The HTML of every kind of mail there is, named by its subject. Where `MAILBEAT_EXAMPLE_MAILS` names a folder they are kept
/// there too, with their plain text, for a person to look at.
///
/// # Errors
/// The story did not happen.
pub(crate) fn mails() -> anyhow::Result<Vec<Page>> {
    let dir = tempfile::tempdir()?;
    let mail = dir.path().join("mail");
    let vendor = Vendor::new(&dir.path().join("vendor"), &maildirs::transport(&mail), RULES)?;
    for (locale, customer, host) in
        [("de", "ACME Wasserwerke Köln-Süd", "pumpwerk-07.leitstelle"), ("en", "Globex", "scada-01")]
    {
        let story = Story { vendor: &vendor, locale, customer, host };
        story.happens(dir.path(), &mail)?;
    }
    let pages = read(&mail)?;
    drop(vendor);
    Ok(pages)
}

struct Story<'s> {
    vendor: &'s Vendor,
    locale: &'s str,
    customer: &'s str,
    host: &'s str,
}

impl Story<'_> {
    /// Activation, changes of every kind, a ticket that opens and resolves, a test, and the end.
    fn happens(&self, dir: &Path, mail: &Path) -> anyhow::Result<()> {
        let contract = self.contract(dir)?;
        let host = Host::new(&dir.join(self.host), self.host, &maildirs::route(mail))?;
        host.write("app.conf", "listen = 0.0.0.0:502\npassword = correct horse battery\nworkers = 4\n")?;
        host.write("legacy.conf", "old = true\n")?;
        host.activate(self.vendor, &contract)?;
        let receiver = self.vendor.start()?;
        let agent = host.start()?;
        self.vendor.await_system(self.host, "alive")?;

        host.write("app.conf", "listen = 0.0.0.0:502\npassword = Tr0ub4dor&3\nworkers = 8")?;
        fs::remove_file(host.etc.join("legacy.conf"))?;
        let long =
            "measurements-of-all-pumping-stations-of-the-northern-district-and-some-more-of-the-south.conf";
        host.write(
            long,
            &format!("url = https://{}.example/<b>&amp;\n\nGröße = 1\n", "very-long-name".repeat(20)),
        )?;
        host.write("<script>alert(1).conf", "added = 1\n")?;
        host.write("two.conf", "added = 2\n")?;
        std::os::unix::fs::symlink("/nowhere", host.etc.join("link.conf"))?;
        let opened = self.vendor.await_ticket("many-watched-files", self.host, "open")?;
        self.vendor.receiver.run(&[
            "tickets",
            "ack",
            opened["number"].as_str().unwrap_or(""),
            "--comment",
            "x".repeat(300).as_str(),
        ])?;
        // Only what somebody was told of is told to be over.
        self.told(mail, 1)?;
        for name in [long, "two.conf", "link.conf"] {
            fs::remove_file(host.etc.join(name))?;
        }
        self.vendor.await_ticket("many-watched-files", self.host, "resolved")?;
        self.told(mail, 2)?;
        host.agent.run(&["send", "test"])?;
        host.agent.run(&["deactivate", "--reason", "Die Anlage wird abgebaut."])?;
        let last = ["Hinweis", "Notice"];
        wait_for("the last notice", PATIENCE, || {
            let arrived = read(&mail.join("reports"))?;
            let is_last = |page: &Page| {
                last.iter().any(|kind| page.name.contains(kind)) && page.name.contains(self.host)
            };
            Ok(arrived.iter().any(is_last).then_some(()))
        })?;
        agent.terminate()?;
        receiver.terminate()?;
        Ok(())
    }

    fn address(&self) -> String {
        format!("{}.{OPERATOR}", self.locale)
    }

    fn contract(&self, dir: &Path) -> anyhow::Result<PathBuf> {
        let out = dir.join(format!("{}.contract", self.locale));
        let file = out.to_str().context("a path in UTF-8")?;
        let issue = ["contracts", "issue", "--customer", self.customer, "--valid-until", "2029-12-31"];
        let terms = ["--heartbeat-interval", "1:1:86400", "--system-interval", "2:1:604800"];
        self.vendor
            .receiver
            .run(&[&issue[..], &terms, &["--locale", self.locale, "--out", file]].concat())?;
        let contact = format!("Eva Müller <{}>", self.address());
        let add = ["contacts", "add", &contact, "--customer", self.customer, "--locale", self.locale];
        self.vendor.receiver.run(&add)?;
        Ok(out)
    }

    /// Waits until the contact has so many mails.
    fn told(&self, mail: &Path, count: usize) -> anyhow::Result<()> {
        let inbox = mail.join("people").join(self.address()).join("new");
        wait_for(&format!("{count} notifications"), PATIENCE, || {
            let mails = fs::read_dir(&inbox).map(Iterator::count).unwrap_or_default();
            Ok((mails >= count).then_some(()))
        })
    }
}

/// Every mail with a page below a folder, one of each subject.
fn read(dir: &Path) -> anyhow::Result<Vec<Page>> {
    let mut files = Vec::new();
    walk(dir, &mut files);
    let mut pages = BTreeMap::new();
    for file in files {
        // A mail may be moved on while it is looked for.
        let Ok(bytes) = fs::read(&file) else { continue };
        let Some(message) = MessageParser::default().parse(&bytes) else { continue };
        let (Some(subject), Some(html)) = (message.subject(), message.body_html(0)) else { continue };
        if message.html_body_count() == 0 || !html.contains("<!DOCTYPE html>") {
            continue;
        }
        keep(subject, &html, &message.body_text(0).unwrap_or_default())?;
        pages.insert(subject.to_owned(), html.into_owned());
    }
    Ok(pages.into_iter().map(|(name, html)| Page { name, html }).collect())
}

fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { walk(&path, into) } else { into.push(path) }
    }
}

fn keep(subject: &str, html: &str, text: &str) -> anyhow::Result<()> {
    let Some(dir) = std::env::var_os("MAILBEAT_EXAMPLE_MAILS").map(PathBuf::from) else { return Ok(()) };
    fs::create_dir_all(&dir)?;
    let name: String = subject.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).take(90).collect();
    fs::write(dir.join(format!("{name}.html")), html)?;
    fs::write(dir.join(format!("{name}.txt")), text)?;
    Ok(())
}
