//! `init`: everything `run` needs, made once. Running it again changes nothing that is there.

use std::fs;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};

use super::{Desk, random};
use crate::cli::Init;
use crate::issuing;
use crate::keyring::Keyring;
use crate::mailbox::{self, MailboxSettings};
use crate::setup::people::Person;
use crate::store::Store;

/// Makes the state directory, the database, the vendor key and the default contact.
pub(super) fn run(desk: &Desk, init: &Init) -> anyhow::Result<()> {
    let config = &desk.config;
    make_private_dir(&config.state_dir)?;
    let key = issuing::load_or_create(&config.vendor_key(), random()?)?;
    Keyring::load_or_create(&config.encryption_keys())?;
    let public = issuing::vendor_pub(&config.contracts.vendor, &key.public());
    mailbeat_shared::durable::replace(
        &config.vendor_public_key(),
        public.as_bytes(),
        mailbeat_shared::durable::Access::Shared,
    )
    .with_context(|| format!("writing {}", config.vendor_public_key().display()))?;

    let mut store = Store::open(&config.database(), desk.now)?;
    let has_default = !store.read(|tx| tx.contacts(None))?.is_empty();
    if let Some((name, email)) = default_contact(init, has_default)? {
        store.write(|tx| tx.add_contact(None, &name, &email))?;
    }
    for settings in &config.mailboxes {
        if let MailboxSettings::Maildir(maildir) = settings {
            mailbox::init_maildir(&maildir.path, desk.now)
                .with_context(|| format!("mailbox {:?}", settings.name()))?;
        }
    }
    let ready = serde_json::json!({
        "state_dir": config.state_dir, "vendor_key": key.public().fingerprint(), "vendor_pub": config.vendor_public_key(),
    });
    desk.show(
        &ready,
        &format!(
            "Ready in {}.\nYour vendor key is {}\n  give customers {} beside their contract; they pin this key\n\
             Next: `mailbeat-receiver test`, `mailbeat-receiver contracts issue --customer NAME`, `mailbeat-receiver run`",
            config.state_dir.display(),
            key.public().fingerprint(),
            config.vendor_public_key().display()
        ),
    )
}

fn make_private_dir(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).with_context(|| {
        format!("{} cannot be made private; it must belong to the receiver's user", dir.display())
    })
}

/// The contact to add: given, asked for, or none if there is one already.
fn default_contact(init: &Init, has_default: bool) -> anyhow::Result<Option<(String, String)>> {
    if let Some(given) = &init.contact {
        return contact(given).map(Some);
    }
    if has_default {
        return Ok(None);
    }
    ensure!(
        std::io::stdin().is_terminal(),
        "there is no default contact: give --contact \"Name <address>\", so that somebody is told where a customer has no contact"
    );
    loop {
        write!(
            std::io::stdout(),
            "Who is told where a customer has no contact of its own? Name <address>: "
        )?;
        std::io::stdout().flush()?;
        let mut line = String::new();
        ensure!(std::io::stdin().lock().read_line(&mut line)? > 0, "no default contact was given");
        match contact(line.trim()) {
            Ok(contact) => return Ok(Some(contact)),
            Err(error) => writeln!(std::io::stdout(), "{error}")?,
        }
    }
}

/// `Name <address>` or a bare address.
pub(super) fn contact(text: &str) -> anyhow::Result<(String, String)> {
    let person = Person::read(text).map_err(|why| anyhow!(why))?;
    Ok((person.name, person.email))
}
