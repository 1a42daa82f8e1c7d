//! How fast secrets are taken out of ordinary configuration.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use mailbeat_agent::config::RedactConfig;
use mailbeat_agent::redact::Redactor;
use mailbeat_agent::redact::pseudonym::Names;

/// Turns; the median counts.
const TURNS: usize = 9;

/// The corpus is redacted, and nothing in it is a secret.
pub(crate) fn once() -> anyhow::Result<()> {
    let redactor = redactor()?;
    for text in corpus()? {
        ensure!(redactor.redact(&text) == text, "an ordinary file was changed");
    }
    Ok(())
}

/// Megabytes a second.
pub(crate) fn throughput() -> anyhow::Result<f64> {
    let (redactor, corpus) = (redactor()?, corpus()?);
    let bytes: usize = corpus.iter().map(String::len).sum();
    // The corpus is small: often enough that the clock's steps do not matter.
    let often = (4 << 20) / bytes.max(1) + 1;
    let turn = || {
        let started = Instant::now();
        for _ in 0..often {
            for text in &corpus {
                std::hint::black_box(redactor.redact(std::hint::black_box(text)));
            }
        }
        (bytes * often) as f64 / 1e6 / started.elapsed().as_secs_f64()
    };
    let mut speeds: Vec<f64> = (0..TURNS).map(|_| turn()).collect();
    speeds.sort_by(f64::total_cmp);
    Ok(speeds[TURNS / 2])
}

fn redactor() -> anyhow::Result<Redactor> {
    Ok(Redactor::new([7; 32], &RedactConfig::default(), Names::default())?)
}

fn corpus() -> anyhow::Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/tests/redaction/ordinary");
    fs::read_dir(folder)?.map(|file| Ok(fs::read_to_string(file?.path())?)).collect()
}
