//! Credentials in URLs and connection strings (`scheme://user:password@host`, RFC 3986 section 3.2.1), and URLs that
//! are a secret themselves because knowing them is enough: webhooks.

use super::span::Spans;
use super::value;

/// A URL longer than this is read up to here.
const LONGEST: usize = 2048;
/// A password may hold `://`; this far it is looked for.
const NESTED: usize = 128;
/// What follows one of these is a secret.
#[rustfmt::skip]
const WEBHOOKS: &[&str] = &[
    "hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
    ".webhook.office.com/", "outlook.office.com/webhook/", "outlook.office365.com/webhook/", "hooks.zapier.com/hooks/", "api.telegram.org/bot",
    "chat.googleapis.com/v1/spaces/", "maker.ifttt.com/", "hc-ping.com/", "events.pagerduty.com/integration/", "/api/webhooks/", "api.day.app/", "alert.victorops.com/integrations/", "oapi.dingtalk.com/robot/",
];
/// What follows one of these is a secret if it looks random: Mattermost, Rocket.Chat and many others.
#[rustfmt::skip]
const HOOKS: &[&str] = &["/hooks/", "/webhook/", "/webhooks/", "/hook/", "/incoming-webhook/", "/webhookb2/"];

/// Marks passwords in URLs and secret paths.
pub(super) fn find(text: &str, spans: &mut Spans) {
    let mut schemes = text.match_indices("://").map(|found| found.0).peekable();
    while let Some(scheme) = schemes.next() {
        let start = scheme + 3;
        // Far into the next URL nothing of this one stands; so many URLs in one word stay linear.
        let most = schemes.peek().map_or(LONGEST, |next| LONGEST.min(next - scheme + NESTED));
        let url = &text[start..start + length(&text[start..], most)];
        if let Some((from, to)) = user_information(url) {
            spans.add(start + from, start + to);
        }
        if let Some((from, to)) = webhook(url) {
            spans.add(start + from, start + to);
        }
        queries(url, start, spans);
    }
    for (at, _) in text.match_indices('@') {
        driver_string(text, at, spans);
    }
}

fn length(rest: &str, most: usize) -> usize {
    let ends =
        |c: &u8| c.is_ascii_whitespace() || matches!(c, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'|');
    let bytes = rest.as_bytes();
    let mut at = 0;
    // An earlier replacement is part of the URL although it has angle brackets.
    while at < bytes.len().min(most) {
        match super::span::replaced_at(bytes, at) {
            Some(replaced) => at += replaced,
            None if ends(&bytes[at]) => break,
            None => at += 1,
        }
    }
    rest.floor_char_boundary(at.min(bytes.len()))
}

/// The password, or a user that looks like a token (`https://TOKEN@github.com`).
fn user_information(url: &str) -> Option<(usize, usize)> {
    let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
    let end = match url[..authority].rfind('@') {
        Some(end) => end,
        // A password with an unescaped slash; `host:8080/path@x` is none.
        None => {
            let (_, after) = url[..authority].split_once(':')?;
            let port = !after.is_empty() && after.bytes().all(|c| c.is_ascii_digit());
            if port || url.starts_with('[') { return None } else { url.rfind('@')? }
        }
    };
    match url[..end].find(':') {
        Some(colon) => (!value::is_reference(&url[colon + 1..end])).then_some((colon + 1, end)),
        None => value::is_random(&url[..end], 16).then_some((0, end)),
    }
}

fn webhook(url: &str) -> Option<(usize, usize)> {
    let known = WEBHOOKS.iter().find_map(|mark| url.find(mark).map(|at| at + mark.len()));
    let from = known.or_else(|| {
        let from = HOOKS.iter().find_map(|mark| url.find(mark).map(|at| at + mark.len()))?;
        value::is_random(url[from..].split(['/', '?', ',', ')']).next_back().unwrap_or(""), 8).then_some(from)
    })?;
    Some((from, from + url[from..].trim_end_matches([',', ')', ']', '}', ';', '.']).len()))
}

/// `?sig=`, `&key=`: parameters that authorize in URLs though their names are ordinary elsewhere.
fn queries(url: &str, start: usize, spans: &mut Spans) {
    #[rustfmt::skip]
    const AUTHORIZE: &[&str] = &["key", "sig", "signature", "code", "sign", "auth", "x-amz-signature", "x-goog-signature", "hash", "t"];
    let Some(query) = url.find('?') else { return };
    let mut at = query + 1;
    for part in url[query + 1..].split('&') {
        if let Some((name, secret)) = part.split_once('=')
            && AUTHORIZE.contains(&name.to_ascii_lowercase().as_str())
            && value::is_random(secret, 12)
        {
            spans.add(start + at + name.len() + 1, start + at + part.len());
        }
        at += part.len() + 1;
    }
}

/// `user:password@tcp(host)` of Go's drivers and `user:password@host:port` without a scheme.
fn driver_string(text: &str, at: usize, spans: &mut Spans) {
    let after = &text.as_bytes()[at + 1..];
    let host = after
        .iter()
        .take(200)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_'))
        .count();
    let port = after.get(host) == Some(&b':') && after.get(host + 1).is_some_and(u8::is_ascii_digit);
    let call = after.get(host) == Some(&b'(')
        && [&b""[..], b"tcp", b"tcp4", b"tcp6", b"udp", b"unix", b"cloudsql"].contains(&&after[..host]);
    if !(port || call) {
        return;
    }
    let before = &text.as_bytes()[at.saturating_sub(200)..at];
    let word =
        before.iter().rev().take_while(|c| !c.is_ascii_whitespace() && !b"\"'`=<>,(/".contains(c)).count();
    if let Some(colon) = before[before.len() - word..].iter().position(|c| *c == b':') {
        let from = at - word + colon + 1;
        if colon > 0 && text.is_char_boundary(from) && !value::is_reference(&text[from..at]) {
            spans.add(from, at);
        }
    }
}
