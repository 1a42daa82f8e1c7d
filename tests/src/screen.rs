//! A real terminal for programs that ask: one of tmux, 80 columns wide, whose screen can be read.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::programs::{PATIENCE, wait_for};

/// A terminal with one program in it; both end when it is dropped.
#[derive(Debug)]
pub struct Screen {
    /// A tmux server of its own, so that nobody's sessions are touched.
    server: String,
}

impl Screen {
    /// Starts a shell command in a terminal.
    ///
    /// # Errors
    /// tmux is not there (Debian package: tmux) or does not start.
    pub fn open(name: &str, command: &str) -> anyhow::Result<Self> {
        let screen = Self { server: format!("mailbeat-{name}-{}", std::process::id()) };
        // What the program says last stays to be read.
        let kept = format!("{command}; echo ended with $?; sleep 600");
        screen.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "200", &kept])?;
        Ok(screen)
    }

    /// What is on the screen now.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn text(&self) -> anyhow::Result<String> {
        Ok(self.tmux(&["capture-pane", "-p"])?.trim_end().to_owned())
    }

    /// Waits for words on the screen.
    ///
    /// # Errors
    /// They did not come in time: with what was there instead.
    pub fn await_words(&self, words: &str) -> anyhow::Result<String> {
        let found = wait_for(&format!("{words:?} on the screen"), PATIENCE, || {
            Ok(Some(self.text()?).filter(|text| text.contains(words)))
        });
        found.with_context(|| format!("the screen:\n{}", self.text().unwrap_or_default()))
    }

    /// Waits for the question with these words to be asked, types, and presses Enter.
    ///
    /// # Errors
    /// The question did not come.
    pub fn answer(&self, question: &str, typed: &str) -> anyhow::Result<()> {
        self.await_words(question)?;
        if !typed.is_empty() {
            self.tmux(&["send-keys", "-l", typed])?;
        }
        self.press("Enter")
    }

    /// Waits for a question with options, and takes the one so far below the proposed one.
    ///
    /// # Errors
    /// The question did not come.
    pub fn choose(&self, question: &str, below: usize) -> anyhow::Result<()> {
        self.await_words(question)?;
        for _ in 0..below {
            self.press("Down")?;
        }
        self.press("Enter")
    }

    /// Presses a key, as tmux names it: `Enter`, `Down`, `Escape`.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn press(&self, key: &str) -> anyhow::Result<()> {
        self.tmux(&["send-keys", key]).map(drop)
    }

    fn tmux(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = Command::new("tmux").args(["-L", &self.server]).args(args).output();
        let output =
            output.context("cannot run tmux (Debian package: tmux); tests/install-deps.sh installs it")?;
        ensure!(output.status.success(), "tmux: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]); // it may have ended by itself
    }
}
