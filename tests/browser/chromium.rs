//! A real browser without a window, which looks at mails and says what is wrong with them.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Serialize;

/// A mail's page.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Page {
    /// What to call it.
    pub(crate) name: String,
    /// Its HTML as it was sent.
    pub(crate) html: String,
}

/// The colours the reader's system asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Dark,
    Light,
}

const SCRIPT: &str = include_str!("look.js");

/// What is wrong with the pages at the width of a phone and of a desk, one fault a line.
///
/// # Errors
/// There is no Chromium, or it did not look at all of them.
pub(crate) fn faults(pages: &[Page], scheme: Scheme) -> anyhow::Result<Vec<String>> {
    let dir = tempfile::tempdir()?;
    let mails = serde_json::to_string(pages)?.replace('<', "\\u003c");
    let harness = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><body><pre id=\"said\"></pre>\
         <script id=\"mails\" type=\"application/json\">{mails}</script><script>{SCRIPT}</script>"
    );
    let file = dir.path().join("harness.html");
    fs::write(&file, harness)?;
    let number = if scheme == Scheme::Dark { 0 } else { 1 };
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1300,1200"])
        .arg(format!("--user-data-dir={}", dir.path().join("profile").display()))
        .arg(format!("--blink-settings=preferredColorScheme={number}"))
        .args(["--virtual-time-budget=120000", "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .output()
        .context("chromium cannot be started; tests/install-deps.sh installs it")?;
    let dom = String::from_utf8_lossy(&output.stdout);
    let said = dom.split_once("<pre id=\"said\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let said = said.map(|(said, _)| said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    let said = said.with_context(|| format!("no answer: {}", String::from_utf8_lossy(&output.stderr)))?;
    let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let done = format!("looked at {} in {}", pages.len(), format!("{scheme:?}").to_lowercase());
    ensure!(lines.pop().as_deref() == Some(done.as_str()), "not {done:?}: {said}");
    Ok(lines)
}
