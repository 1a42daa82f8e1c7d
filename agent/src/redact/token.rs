//! Secrets known by their shape alone, whatever stands before them: tokens of well-known services, JSON Web Tokens,
//! password hashes (crypt(5), `{SCHEME}` of RFC 2307), authorization schemes, private keys in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::span::Spans;
use super::{block, value};

struct Shape {
    start: &'static str,
    /// At least so many characters of the token's alphabet follow.
    least: usize,
}

const fn shape(start: &'static str, least: usize) -> Shape {
    Shape { start, least }
}

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    // Amazon, Google, Microsoft
    shape("AKIA", 16), shape("ASIA", 16), shape("ABIA", 16), shape("ACCA", 16), shape("AIza", 30), shape("ya29.", 20), shape("GOCSPX-", 20), shape("1//0", 30),
    // GitHub, GitLab, Atlassian
    shape("ghp_", 20), shape("gho_", 20), shape("ghu_", 20), shape("ghs_", 20), shape("ghr_", 20), shape("github_pat_", 20),
    shape("glpat-", 16), shape("gldt-", 16), shape("glrt-", 16), shape("glcbt-", 16), shape("glptt-", 16), shape("glft-", 16), shape("glsoat-", 16), shape("glagent-", 16), shape("ATATT3", 20), shape("ATCTT3", 20), shape("ATBB", 24),
    // Slack, Stripe, Square, Twilio's SendGrid, Mailgun, Brevo, Postman
    shape("xoxb-", 10), shape("xoxp-", 10), shape("xoxa-", 10), shape("xoxr-", 10), shape("xoxs-", 10), shape("xoxe-", 10), shape("xoxe.", 10), shape("xapp-", 10), shape("xwfp-", 10),
    shape("sk_live_", 10), shape("rk_live_", 10), shape("sk_test_", 10), shape("rk_test_", 10), shape("whsec_", 16), shape("sq0csp-", 20), shape("sq0atp-", 20), shape("SG.", 30), shape("key-", 32), shape("xkeysib-", 30), shape("PMAK-", 20),
    // package registries and clouds
    shape("npm_", 30), shape("pypi-AgE", 20), shape("rubygems_", 30), shape("dckr_pat_", 20), shape("dckr_oat_", 20), shape("dop_v1_", 30), shape("doo_v1_", 30), shape("hf_", 30), shape("cio", 40),
    shape("shpat_", 20), shape("shpss_", 20), shape("shpca_", 20), shape("glsa_", 20), shape("glc_", 30), shape("tskey-", 16), shape("hvs.", 20), shape("hvb.", 20), shape("AGE-SECRET-KEY-1", 20), shape("lin_api_", 20), shape("ntn_", 30), shape("figd_", 20),
    shape("sk-ant-", 16), shape("sk-proj-", 16), shape("sk-", 32), shape("nvapi-", 20), shape("dapi", 32), shape("r8_", 30), shape("gsk_", 30), shape("pul-", 30), shape("EAAC", 40), shape("NRAK-", 20), shape("dp.pt.", 20),
];
#[rustfmt::skip]
const CRYPT: &[&str] = &["1", "2", "2a", "2b", "2x", "2y", "3", "5", "6", "7", "8", "9", "14", "y", "gy", "sm3", "sha1", "apr1", "md5", "P", "H", "S", "argon2i", "argon2d", "argon2id", "scrypt", "pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512", "bcrypt-sha256", "ml"];
#[rustfmt::skip]
const SCHEMES: &[&str] = &["PLAIN", "CLEAR", "CLEARTEXT", "SHA", "SHA1", "SSHA", "SHA256", "SSHA256", "SHA512", "SSHA512", "MD5", "SMD5", "CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "MD5-CRYPT", "BLF-CRYPT", "DES-CRYPT", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "PBKDF2", "ARGON2I", "ARGON2ID", "LANMAN", "NTLM", "RPA", "PLAIN.b64", "PBKDF2-SHA256", "PBKDF2-SHA512", "BCRYPT"];

/// Marks every token, hash and authorization.
pub(super) fn find(text: &str, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let fresh = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let found = match bytes[at] {
            b'$' => crypt(text, at),
            b'{' => scheme(text, at),
            byte if fresh && byte.is_ascii_alphanumeric() => {
                token(text, at).or_else(|| authorization(text, at)).or_else(|| encoded_key(text, at))
            }
            _ => None,
        };
        at = match found {
            Some((start, end)) => {
                spans.add(start, end);
                end
            }
            None => at + 1,
        };
    }
}

fn run(bytes: &[u8], allowed: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|c| allowed(**c)).count()
}

fn token(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text.as_bytes()[at..];
    let word = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
    for shape in SHAPES {
        if let Some(body) = rest.strip_prefix(shape.start.as_bytes()) {
            let length = run(body, |c| word(c) || (c == b'.' && !shape.start.starts_with('A')));
            // A path or a slug in words (`key-management-and-...`) is no token.
            if length >= shape.least && body[..length].iter().any(u8::is_ascii_digit) {
                return Some((at, at + shape.start.len() + length));
            }
        }
    }
    json_web_token(rest, word).or_else(|| telegram(rest, word)).map(|length| (at, at + length))
}

/// Three base64url parts (RFC 7519), the first an object: `eyJ`.
fn json_web_token(rest: &[u8], word: impl Fn(u8) -> bool) -> Option<usize> {
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let head = run(rest, &word);
    let body = rest.get(head).filter(|c| **c == b'.').map(|_| run(&rest[head + 1..], &word))?;
    let mut length = head + 1 + body;
    while rest.get(length) == Some(&b'.') {
        length += 1 + run(&rest[length + 1..], &word);
    }
    (head > 10 && body > 10).then_some(length)
}

/// A Telegram bot's token: number, colon, 35 characters.
fn telegram(rest: &[u8], word: impl Fn(u8) -> bool) -> Option<usize> {
    let digits = run(&rest[..rest.len().min(16)], |c| c.is_ascii_digit());
    let body = rest.get(digits).filter(|c| **c == b':' && (8..=12).contains(&digits))?;
    debug_assert_eq!(*body, b':');
    let length = run(&rest[digits + 1..rest.len().min(digits + 100)], word);
    (length >= 33 && rest[digits + 1..].starts_with(b"A")).then_some(digits + 1 + length)
}

/// A private key in PEM (RFC 7468) that is in base64 once more, as Kubernetes has it; also behind its certificate. A certificate alone
/// stays, and what cannot be decoded is taken for a key.
fn encoded_key(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text.as_bytes()[at..];
    // Inside of base64 none begins, so each letter is looked at once.
    let inside = at > 0 && matches!(text.as_bytes()[at - 1], b'+' | b'/');
    if inside || !rest.starts_with(b"LS0tLS1CRUdJTi") {
        return None;
    }
    let body = run(rest, |c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/'));
    let length = body + run(&rest[body..rest.len().min(body + 2)], |c| c == b'=');
    // What was cut has no last group.
    let decoded = STANDARD.decode(&rest[..length - length % 4]);
    let private = decoded.map_or(true, |pem| block::holds_private_key(&String::from_utf8_lossy(&pem)));
    private.then_some((at, at + length))
}

/// `$6$salt$hash`, also with the dollars doubled as docker-compose wants them.
fn crypt(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text.as_bytes()[at..];
    let dollars = run(&rest[..rest.len().min(3)], |c| c == b'$');
    let id = run(&rest[dollars..rest.len().min(dollars + 20)], |c| c.is_ascii_alphanumeric() || c == b'-');
    if !CRYPT.contains(&&text[at + dollars..at + dollars + id]) || rest.get(dollars + id) != Some(&b'$') {
        return None;
    }
    let length = run(&rest[dollars + id..], |c| c.is_ascii_alphanumeric() || b"$./,=+-_*".contains(&c));
    (length > 20).then_some((at, at + dollars + id + length))
}

/// `{SSHA}base64`: the scheme stays.
fn scheme(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text.as_bytes()[at + 1..];
    let name = run(&rest[..rest.len().min(24)], |c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.'));
    let known = SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(&text[at + 1..at + 1 + name]));
    if !known || rest.get(name) != Some(&b'}') {
        return None;
    }
    let start = at + name + 2;
    let length = run(&text.as_bytes()[start..], |c| !c.is_ascii_whitespace() && !b"\"':,;<".contains(&c));
    (length > 3).then_some((start, start + length))
}

/// `Bearer x`, `Basic x` (RFC 9110): the scheme stays.
fn authorization(text: &str, at: usize) -> Option<(usize, usize)> {
    #[rustfmt::skip]
    const SCHEMES: &[&str] = &["bearer ", "basic ", "negotiate ", "splunk ", "apikey ", "genieKey "];
    let rest = &text.as_bytes()[at..];
    let scheme = SCHEMES.iter().find(|scheme| {
        rest.len() > scheme.len() && rest[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes())
    })?;
    let start = at + scheme.len();
    let length = run(&text.as_bytes()[start..], |c| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c));
    value::is_random(&text[start..start + length], 8).then_some((start, start + length))
}
