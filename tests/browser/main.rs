//! The mails people get, made by the shipped programs in both languages and opened in a real browser.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod chromium;
mod house;

use chromium::{Page, Scheme, faults};

#[test]
fn every_mail_fits_a_phone_and_a_desk_in_light_and_dark_and_asks_nobody_for_anything() -> anyhow::Result<()> {
    let pages = house::mails()?;
    for wanted in [
        "Systembericht",
        "System report",
        "Anmeldung",
        "Enrollment",
        "Hinweis",
        "Notice",
        "Test",
        "Mittel",
        "Medium",
        "Behoben",
        "Resolved",
    ] {
        assert!(
            pages.iter().any(|page| page.name.contains(wanted)),
            "{wanted} is not among {:?}",
            names(&pages)
        );
    }
    for scheme in [Scheme::Light, Scheme::Dark] {
        let found = faults(&pages, scheme)?;
        assert!(found.is_empty(), "in {scheme:?}:\n{}", found.join("\n"));
    }
    Ok(())
}

fn names(pages: &[Page]) -> Vec<&str> {
    pages.iter().map(|page| page.name.as_str()).collect()
}

#[test]
fn a_mail_that_is_too_wide_hard_to_read_or_loads_something_would_be_noticed() -> anyhow::Result<()> {
    let page = |name: &str, body: &str| Page {
        name: name.into(),
        html: format!("<!DOCTYPE html><html><head></head><body style=\"margin:0\">{body}</body></html>"),
    };
    let pages = [
        page("wide", "<p style=\"width:800px\">x</p>"),
        page(
            "cut",
            "<div style=\"width:200px;overflow:hidden\"><pre>a long line that nobody broke anywhere</pre></div>",
        ),
        page("pale", "<p style=\"color:#bbbbbb;background:#ffffff\">x</p>"),
        page("curious", "<img alt=\"\" src=\"http://tracker.example/x.png\">"),
        page("clever", "<script>document.title = 'x'</script>"),
        page("good", "<p style=\"color:#000000;background:#ffffff\">x</p>"),
    ];
    let found = faults(&pages, Scheme::Light)?;
    for expected in [
        "wide at 360 px: is 800 px wide",
        "is cut off",
        "pale at 1200 px: p \"x\" is hard to read",
        "curious at 360 px: asks for img-src http://tracker.example/x.png",
        "clever at 1200 px: asks for script-src-elem inline",
    ] {
        assert!(found.iter().any(|fault| fault.contains(expected)), "{expected:?} is not in {found:#?}");
    }
    assert!(!found.iter().any(|fault| fault.starts_with("good")), "{found:#?}");
    Ok(())
}
