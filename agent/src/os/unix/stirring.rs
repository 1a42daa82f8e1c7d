//! Noticing that something happened in a directory without looking again and again (inotify(7)).
//!
//! A hint only: whoever is woken looks for what it means, and looks from time to time all the same. Where the system has no more room
//! for watches nobody is woken. The thread that listens ends with the program.

use std::io;
use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
use rustix::io::Errno;
use tokio::sync::Notify;

/// Directories in which files come, go and change.
#[derive(Debug)]
pub(crate) struct Stirring(Arc<Notify>);

impl Stirring {
    /// Watches these directories; one that is not there yet is left out.
    ///
    /// # Errors
    /// What the system said, as where it has no inotify or no watches left.
    pub(crate) fn of(dirs: &[&Path]) -> io::Result<Self> {
        let queue = init(CreateFlags::CLOEXEC)?;
        let what = WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::CLOSE_WRITE;
        for dir in dirs.iter().filter(|dir| dir.is_dir()) {
            add_watch(&queue, *dir, what)?;
        }
        let told = Arc::new(Notify::new());
        let tell = Arc::clone(&told);
        let listen = move || {
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut events = Reader::new(queue, &mut buffer);
            loop {
                match events.next() {
                    Ok(_) => tell.notify_one(),
                    Err(Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        };
        std::thread::Builder::new().name("stirring".into()).spawn(listen)?;
        Ok(Self(told))
    }

    /// Completes when something happened since the last time.
    pub(crate) async fn wait(&self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_file_that_comes_or_goes_is_noticed_and_silence_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("request.json");
        let stirring = Stirring::of(&[dir.path(), Path::new("/nonexistent")]).unwrap();
        let quiet = tokio::time::timeout(Duration::ZERO, stirring.wait()).await.is_err();
        assert!(quiet, "nothing happened yet");
        fs::write(&file, "{}").unwrap();
        stirring.wait().await;
        fs::remove_file(&file).unwrap();
        stirring.wait().await;
    }
}
