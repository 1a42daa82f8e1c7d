//! Who this system is: SystemId, key, incarnation, and the machine it was last seen on.
//!
//! Made once at the first activation and kept over renewals. A state directory that wakes up on another machine (a clone, a
//! restored backup) is not believed before a person said whether it is the same system (`keep`) or another one (`new`).
//! The private key and the fingerprint key never leave these two files.

use std::fs;
use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mailbeat_shared::config_file::{self, ConfigError};
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::id::{Digest, Incarnation, SystemId};
use mailbeat_shared::wire::signature::{SignatureError, SigningKey};
use serde::{Deserialize, Serialize};

use crate::home::Home;

/// Fills a buffer with random bytes: the operating system's in the program, counted ones in a simulation.
pub type Entropy = Box<dyn FnMut(&mut [u8])>;

/// The operating system's randomness.
///
/// # Panics
/// If the operating system has none, in which case nothing here can be secure.
#[must_use]
pub fn system_entropy() -> Entropy {
    Box::new(|buffer| getrandom::getrandom(buffer).expect("the operating system has randomness"))
}

/// An array of random bytes.
pub fn draw<const N: usize>(entropy: &mut Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy(&mut bytes);
    bytes
}

/// Who this system is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The system's id.
    pub system: SystemId,
    /// Which life of its state this is.
    pub incarnation: Incarnation,
    /// The signing key.
    pub key: SigningKey,
    machine: Option<Digest>,
    fingerprint_key: [u8; 32],
}

/// An identity that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read or written.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// `identity.toml` is not what was written.
    #[error(
        "{0}; restore identity.toml and identity.key from a backup, or begin as another system: run `mailbeat-agent deactivate`, remove both, and run `mailbeat-agent activate FILE` with the contract file"
    )]
    Card(#[from] ConfigError),
    /// `identity.key` is not what was written.
    #[error(
        "identity.key: {0}; restore it from a backup, or begin as another system: run `mailbeat-agent deactivate`, remove it and identity.toml, and run `mailbeat-agent activate FILE` with the contract file"
    )]
    Key(#[from] SignatureError),
    /// The two files do not belong together.
    #[error(
        "identity.key is not the key identity.toml names; restore both, or run `mailbeat-agent identity new`"
    )]
    Mismatch,
}

/// `identity.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    system: SystemId,
    incarnation: Incarnation,
    public_key: String,
    fingerprint_key: String,
    /// Keyed, so that the file tells nobody the machine id itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<Digest>,
}

impl Identity {
    /// A new system on this machine, with the SystemId given or a new one.
    pub fn create(system: Option<SystemId>, machine_id: Option<&str>, entropy: &mut Entropy) -> Self {
        let system = system.unwrap_or_else(|| SystemId::from_random(draw(entropy)));
        let key = SigningKey::from_seed(&draw(entropy), &format!("mailbeat {system}"));
        let fingerprint_key = draw(entropy);
        let mut identity = Self { system, incarnation: Incarnation(0), key, machine: None, fingerprint_key };
        identity.begin_life(machine_id, entropy);
        identity
    }

    /// The same system in a new life (activation, another machine): a new incarnation, seen on this machine.
    pub fn begin_life(&mut self, machine_id: Option<&str>, entropy: &mut Entropy) {
        self.incarnation = Incarnation(u64::from_be_bytes(draw(entropy)));
        self.machine = machine_id.map(|id| self.machine_digest(id));
    }

    /// Whether this is the machine the identity was last seen on; where either side is not known, it is believed to be.
    #[must_use]
    pub fn lives_on(&self, machine_id: Option<&str>) -> bool {
        match (&self.machine, machine_id) {
            (Some(known), Some(id)) => *known == self.machine_digest(id),
            _ => true,
        }
    }

    /// The key that fingerprints of redacted values and digests of unsent content are made with.
    #[must_use]
    pub fn fingerprint_key(&self) -> &[u8; 32] {
        &self.fingerprint_key
    }

    fn machine_digest(&self, machine_id: &str) -> Digest {
        Digest::keyed(&self.fingerprint_key, format!("machine {}", machine_id.trim()).as_bytes())
    }

    /// Reads the identity; `None` before the first activation.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(home: &Home) -> Result<Option<Self>, IdentityError> {
        let path = home.identity();
        if !path.exists() {
            return Ok(None);
        }
        let card: Card = config_file::load(&path)?;
        let key_path = home.identity_key();
        let text =
            fs::read_to_string(&key_path).map_err(|error| IdentityError::File { path: key_path, error })?;
        let key = SigningKey::from_openssh(&text)?;
        let fingerprint_key: Option<[u8; 32]> =
            BASE64.decode(&card.fingerprint_key).ok().and_then(|bytes| bytes.try_into().ok());
        match fingerprint_key {
            Some(fingerprint_key) if key.public().to_string() == card.public_key => Ok(Some(Self {
                system: card.system,
                incarnation: card.incarnation,
                key,
                machine: card.machine,
                fingerprint_key,
            })),
            _ => Err(IdentityError::Mismatch),
        }
    }

    /// Writes both files durably, the key first: without its card a key is nobody's.
    ///
    /// # Errors
    /// [`IdentityError::File`].
    pub fn save(&self, home: &Home) -> Result<(), IdentityError> {
        let card = Card {
            system: self.system,
            incarnation: self.incarnation,
            public_key: self.key.public().to_string(),
            fingerprint_key: BASE64.encode(self.fingerprint_key),
            machine: self.machine,
        };
        let head =
            "# Who this system is. Keep it secret and back it up together with identity.key.\n".to_owned();
        let card = head + &toml::to_string(&card).expect("a card is plain TOML");
        for (path, text) in [(home.identity_key(), self.key.to_openssh()), (home.identity(), card)] {
            durable::replace(&path, text.as_bytes(), Access::Private)
                .map_err(|error| IdentityError::File { path, error })?;
        }
        Ok(())
    }
}

/// Moves everything a former system left (reports, states, snapshots) into `former.SYSTEMID`, so that a new one starts at
/// sequence 1. Safe to repeat after a crash.
///
/// # Errors
/// What the file system said.
pub fn retire(home: &Home, former: SystemId) -> io::Result<PathBuf> {
    let free = |n: &u32| !home.dir().join(format!("former.{former}.{n}")).exists();
    let to = home.dir().join(format!("former.{former}.{}", (1..).find(free).unwrap_or(0)));
    fs::create_dir(&to)?;
    for entry in fs::read_dir(home.dir())? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text == "queue" || text == "trail" || text.starts_with("state.") || text.starts_with("snapshot.") {
            fs::rename(entry.path(), to.join(&name))?;
        }
    }
    durable::sync_dir(&to)?;
    durable::sync_dir(home.dir())?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted() -> Entropy {
        let mut next = 0_u8;
        Box::new(move |buffer| {
            buffer.fill_with(|| {
                next = next.wrapping_add(1);
                next
            });
        })
    }

    #[test]
    fn an_identity_survives_being_written_and_keeps_its_key_private() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        assert!(Identity::load(&home).unwrap().is_none());
        let made = Identity::create(None, Some("machine-a"), &mut counted());
        made.save(&home).unwrap();
        let read = Identity::load(&home).unwrap().unwrap();
        assert_eq!((read.system, read.incarnation), (made.system, made.incarnation));
        assert_eq!(read.key.public(), made.key.public());
        assert_eq!(read.fingerprint_key(), made.fingerprint_key());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(home.identity_key()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(!fs::read_to_string(home.identity()).unwrap().contains("machine-a"));
    }

    #[test]
    fn another_machine_is_noticed_and_a_kept_identity_begins_a_new_life_there() {
        let mut entropy = counted();
        let mut identity = Identity::create(None, Some("machine-a\n"), &mut entropy);
        assert!(identity.lives_on(Some("machine-a")) && identity.lives_on(None));
        assert!(!identity.lives_on(Some("machine-b")));
        let before = identity.incarnation;
        identity.begin_life(Some("machine-b"), &mut entropy);
        assert!(identity.lives_on(Some("machine-b")) && identity.incarnation != before);
    }

    #[test]
    fn a_key_of_another_identity_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let mut entropy = counted();
        Identity::create(None, None, &mut entropy).save(&home).unwrap();
        let other = Identity::create(None, None, &mut entropy);
        fs::write(home.identity_key(), other.key.to_openssh()).unwrap();
        assert!(matches!(Identity::load(&home), Err(IdentityError::Mismatch)));
    }
}
