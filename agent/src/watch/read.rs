//! One found file into one entry of the snapshot.

use std::fs::Metadata;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Instant;

use mailbeat_shared::text;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::snapshot::{FileEntry, FileState, WatchedFile};

use super::own::{OnDisk, Own};
use super::rules::{Mode, Rules};
use super::walk::Found;
use super::{WatchConfig, Watched, decode, deny, permission, pseudonym};
use crate::os::{self, Opened};
use crate::redact::Redactor;

/// A file that changes under every reading is taken as it is after so many.
const READINGS: usize = 3;

pub(super) struct Reader<'r> {
    redactor: &'r Redactor,
    key: &'r [u8],
    deadline: Instant,
    most: u64,
    accounts: os::Accounts,
    rules: Rules,
    own: OnDisk,
}

/// What reading gave.
enum Content {
    Bytes(Vec<u8>),
    TooLarge(u64),
}

impl<'r> Reader<'r> {
    pub(super) fn new(
        config: &WatchConfig,
        own: &Own,
        redactor: &'r Redactor,
        key: &'r [u8],
        deadline: Instant,
    ) -> Self {
        let most = config.max_file_bytes.min(limits::WATCHED_FILE_BYTES);
        Self {
            redactor,
            key,
            deadline,
            most,
            accounts: os::Accounts::local(),
            rules: Rules::new(config),
            own: OnDisk::of(own),
        }
    }

    /// Puts the file into the snapshot; a file that vanished meanwhile is simply not there.
    pub(super) fn read(&self, found: &Found, watched: &mut Watched) {
        let path = self.redactor.disguise(&os::encode_path(&found.path)).into_owned();
        let mut file = WatchedFile {
            entry: FileEntry {
                path: path.clone(),
                size: 0,
                state: FileState::Unreadable,
                encoding: None,
                digest: None,
                owner: None,
                mode: None,
                detail: None,
                muted: false,
            },
            text: None,
        };
        if let Err(error) = self.fill(found, &mut file, watched) {
            match error.kind() {
                io::ErrorKind::NotFound => return,
                io::ErrorKind::PermissionDenied
                    if !watched.unreadable.iter().any(|known| known.path == path) =>
                {
                    watched.unreadable.push(permission::missing(&found.path, false, &error));
                }
                _ => {}
            }
            file.entry.state = FileState::Unreadable;
            file.entry.detail = Some(text::one_line(&error.to_string(), limits::NAME_BYTES));
        }
        watched.snapshot.insert(path, file);
    }

    fn fill(&self, found: &Found, file: &mut WatchedFile, watched: &mut Watched) -> io::Result<()> {
        let metadata = match &found.metadata {
            Ok(metadata) => metadata,
            Err(error) => return Err(io::Error::new(error.kind(), error.to_string())),
        };
        self.describe(metadata, &mut file.entry);
        if metadata.is_symlink() {
            file.entry.state = FileState::Symlink;
            file.entry.size = 0;
            file.entry.detail = Some(one_detail(
                &self.redactor.disguise(&os::encode_path(&std::fs::read_link(&found.path)?)),
            ));
            return Ok(());
        }
        if let Some(what) = os::never_opened(metadata) {
            file.entry.detail = Some(format!("{what}; only regular files are opened"));
            return Ok(());
        }
        if let Some(why) = self.never_read(found, metadata) {
            file.entry.state = FileState::Withheld;
            file.entry.detail = Some(why);
            return Ok(());
        }
        if Instant::now() >= self.deadline {
            file.entry.state = FileState::Omitted;
            let late = format!("not read: collecting took longer than {} s", super::TIME_BUDGET.as_secs());
            if !watched.problems.iter().any(|said| said.starts_with(&late)) {
                watched.problem(format!("{late}; the first file left out: {}", file.entry.path));
            }
            file.entry.detail = Some(late);
            return Ok(());
        }
        match self.content(found, &mut file.entry)? {
            Content::Bytes(bytes) => {
                if self.text(&bytes, &found.path, file) == Mode::Full {
                    watched.whole.insert(file.entry.path.clone());
                }
            }
            Content::TooLarge(size) => {
                file.entry.state = FileState::TooLarge;
                file.entry.size = size;
                file.entry.detail = Some(format!("larger than {} bytes", self.most));
            }
        }
        Ok(())
    }

    /// Why the file is not even opened, if it is not. What is the agent's own is no better for being named.
    fn never_read(&self, found: &Found, metadata: &Metadata) -> Option<String> {
        if let Some(what) = self.own.what(found, metadata) {
            return Some(format!("never read: {what}"));
        }
        let what = deny::secret_as_a_whole(&found.path).filter(|_| !found.by_name)?;
        Some(format!("never read: {what}; to watch it, name it in include without a glob"))
    }

    fn describe(&self, metadata: &Metadata, entry: &mut FileEntry) {
        entry.size = metadata.len();
        if let Some(ownership) = os::ownership(metadata) {
            entry.owner = Some(ownership.owner(&self.accounts, |of| pseudonym(self.key, of)));
            entry.mode = Some(ownership.mode());
        }
    }

    /// Reads until two looks at the handle agree that nothing moved in between.
    fn content(&self, found: &Found, entry: &mut FileEntry) -> io::Result<Content> {
        let relative = found.path.strip_prefix(&found.root).unwrap_or(Path::new(""));
        let mut reading = 1;
        loop {
            let Opened { file, metadata } = os::open_beneath(&found.root, relative)?;
            self.describe(&metadata, entry);
            if metadata.len() > self.most {
                return Ok(Content::TooLarge(metadata.len()));
            }
            let mut bytes = Vec::new();
            // One byte more than allowed tells a file that has grown (or lies about its size, as in /proc).
            (&file).take(self.most + 1).read_to_end(&mut bytes)?;
            let after = file.metadata()?;
            if bytes.len() as u64 > self.most {
                return Ok(Content::TooLarge(after.len().max(bytes.len() as u64)));
            }
            let still = after.len() == metadata.len() && after.modified().ok() == metadata.modified().ok();
            if still || reading == READINGS {
                entry.size = bytes.len() as u64;
                return Ok(Content::Bytes(bytes));
            }
            reading += 1;
        }
    }

    /// Nothing of the text is kept before it is redacted. Says how its changes are to be told.
    fn text(&self, bytes: &[u8], path: &Path, file: &mut WatchedFile) -> Mode {
        let treatment = self.rules.of(path);
        let Some((text, encoding)) = decode::decode(bytes) else {
            file.entry.state = FileState::Binary;
            file.entry.digest = Some(Digest::keyed(self.key, bytes));
            return Mode::Digest;
        };
        let settled = treatment.settle(self.redactor.redact(&text));
        file.entry.digest = Some(Digest::keyed(self.key, settled.as_bytes()));
        if treatment.mode == Mode::Digest {
            file.entry.state = FileState::Withheld;
            file.entry.detail = Some("only its digest is sent (mode = \"digest\")".into());
        } else {
            file.entry.state = FileState::Text;
            file.entry.encoding = Some(encoding);
            file.text = Some(settled);
        }
        treatment.mode
    }
}

fn one_detail(detail: &str) -> String {
    text::one_line(detail, limits::OUTPUT_BYTES)
}
