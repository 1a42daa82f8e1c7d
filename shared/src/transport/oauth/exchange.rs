//! One request to a provider and what its answer means, whatever it looks like.
//!
//! The oauth2 crate makes requests and reads tokens; in between, here, an answer is made readable for it (`expires_in` as a
//! text, as some providers write it) and a refusal is turned into a [`Failure`] in the provider's words: error pages in HTML,
//! JSON of several shapes, `Retry-After`. No secret that was sent comes back in a text, even if the provider echoes it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde_json::Value;

use crate::text;
use crate::transport::http::{Answer, HttpClient, Request, Response, StatusCode, header, unescape};
use crate::transport::outcome::{Failure, FailureKind};

/// Longest part of a provider's description that is kept, in bytes.
const DESCRIPTION_BYTES: usize = 400;
/// What carries a secret in a request's form.
const SECRET_FIELDS: [&str; 8] = [
    "client_secret",
    "client_assertion",
    "assertion",
    "refresh_token",
    "code",
    "code_verifier",
    "device_code",
    "token",
];
/// Refusals that are part of the device grant's waiting (RFC 8628 section 3.5).
const WAITING: [&str; 2] = ["authorization_pending", "slow_down"];

/// A conversation with one provider, which remembers why the last request failed: the oauth2 crate hands on less.
pub(super) struct Talk {
    client: HttpClient,
    last: Mutex<Option<Failure>>,
}

impl Talk {
    pub(super) fn over(client: HttpClient) -> Self {
        Self { client, last: Mutex::default() }
    }

    /// Asks without a look at the answer's meaning.
    pub(super) async fn ask(&self, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
        self.client.send(request).await
    }

    /// Why the last request failed, if it did.
    pub(super) fn failure(&self) -> Failure {
        let noted = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        noted.unwrap_or_else(|| {
            Failure::new(FailureKind::ProtocolUnclear, "the provider's answer cannot be read")
        })
    }

    /// Asks, and judges the answer.
    pub(super) async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let host = request.uri().host().unwrap_or("the provider").to_owned();
        let sent = Sent::of(request.body());
        let judged = match self.client.send(request).await {
            Ok(answer) => judge(&host, &sent, &answer),
            Err(failure) => Judged::Failed(failure, None),
        };
        match judged {
            Judged::Good(body) => respond(StatusCode::OK, body),
            Judged::Waiting(body) => respond(StatusCode::BAD_REQUEST, body),
            Judged::Failed(failure, body) => {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
                // A refusal ends the polling for a device code; an error on the way does not.
                body.map_or(Err(failure), |body| respond(StatusCode::BAD_REQUEST, body))
            }
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Talk {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}

fn respond(status: StatusCode, body: Vec<u8>) -> Result<HttpResponse, Failure> {
    let response =
        Response::builder().status(status).header(header::CONTENT_TYPE, "application/json").body(body);
    response.map_err(|_| Failure::new(FailureKind::ProtocolUnclear, "the provider's answer cannot be read"))
}

/// The secrets of a request's form.
struct Sent(Vec<String>);

impl Sent {
    fn of(body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let fields = body.split('&').filter_map(|field| field.split_once('='));
        let secrets = fields.filter(|(name, _)| SECRET_FIELDS.contains(name));
        let plain = |value: &str| unescape(&value.replace('+', " "));
        Self(secrets.map(|(_, value)| plain(value)).filter(|value| value.len() >= 4).collect())
    }

    fn taken_out_of(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "(hidden)"))
    }
}

/// What an answer is.
enum Judged {
    Good(Vec<u8>),
    Waiting(Vec<u8>),
    /// Why it failed, and the refusal as JSON where it is one.
    Failed(Failure, Option<Vec<u8>>),
}

fn judge(host: &str, sent: &Sent, answer: &Answer) -> Judged {
    let parsed: Option<Value> = serde_json::from_slice(&answer.body).ok().filter(Value::is_object);
    let Some(json) = parsed else {
        return Judged::Failed(no_json(host, answer), None);
    };
    let Some((word, description)) = refusal(&json) else {
        if answer.status.is_success() {
            return Judged::Good(readable(json));
        }
        return Judged::Failed(no_json(host, answer), None);
    };
    if WAITING.contains(&word) {
        return Judged::Waiting(answer.body.clone());
    }
    let description = sent.taken_out_of(&first_part(description));
    let text = if description.is_empty() { word.to_owned() } else { format!("{word}: {description}") };
    let failure = Failure::new(kind(word, answer), format!("{host} said {text}"));
    // The body for the oauth2 crate is ours: what a provider said stands in the failure only.
    Judged::Failed(failure, Some(br#"{"error":"invalid_grant"}"#.to_vec()))
}

/// The error word and description, in RFC 6749's shape or that of Google's and Microsoft's other services.
fn refusal(json: &Value) -> Option<(&str, &str)> {
    match &json["error"] {
        Value::String(word) => Some((word, json["error_description"].as_str().unwrap_or_default())),
        Value::Object(_) => {
            let error = &json["error"];
            let word = error["status"].as_str().or(error["code"].as_str()).unwrap_or("error");
            Some((word, error["message"].as_str().unwrap_or_default()))
        }
        _ => None,
    }
}

/// Without Microsoft's trace ids and times, which are of use to nobody who reads it here.
fn first_part(description: &str) -> String {
    let end = ["Trace ID:", "Correlation ID:"].iter().filter_map(|mark| description.find(mark)).min();
    text::one_line(description[..end.unwrap_or(description.len())].trim(), DESCRIPTION_BYTES)
}

/// A refusal that will pass by itself, or one that will not.
fn kind(word: &str, answer: &Answer) -> FailureKind {
    match (answer.status.as_u16(), word) {
        (429, _) | (503, _) | (_, "temporarily_unavailable") => throttled(answer),
        (500.., _) | (_, "server_error") => FailureKind::Temporary,
        _ => FailureKind::Authentication,
    }
}

/// Not a word of the answer is shown: an error page may hold anything.
fn no_json(host: &str, answer: &Answer) -> Failure {
    let what = answer.header("content-type").unwrap_or("nothing said of its type");
    let text = format!("{host} answered {} with no JSON ({})", answer.status, text::one_line(what, 80));
    let kind = match answer.status.as_u16() {
        429 | 503 => throttled(answer),
        500.. => FailureKind::Temporary,
        _ => FailureKind::ProtocolUnclear,
    };
    Failure::new(kind, text)
}

fn throttled(answer: &Answer) -> FailureKind {
    retry_after(answer).map_or(FailureKind::Temporary, FailureKind::throttled)
}

/// `Retry-After` in seconds (RFC 9110 section 10.2.3); its other form, a date, says no more than trying again does.
pub(in crate::transport) fn retry_after(answer: &Answer) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

/// The token answer with its times as numbers.
fn readable(mut json: Value) -> Vec<u8> {
    for key in ["expires_in", "refresh_token_expires_in", "ext_expires_in", "interval"] {
        let number = match &json[key] {
            Value::String(text) => text.trim().parse::<f64>().ok(),
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        match (number, json.as_object_mut()) {
            (Some(number), Some(fields)) if number.is_finite() && number >= 0.0 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "seconds, rounded down"
                )]
                fields.insert(key.into(), Value::from(number as u64));
            }
            (_, Some(fields)) => drop(fields.remove(key)),
            (_, None) => {}
        }
    }
    // Some forget it; what we ask for is always a bearer token.
    if let Some(fields) = json.as_object_mut().filter(|fields| fields.contains_key("access_token")) {
        fields.entry("token_type").or_insert_with(|| "Bearer".into());
    }
    json.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::HeaderMap;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: body.as_bytes().to_vec(),
            whole: true,
            certificate: None,
            elapsed: Duration::ZERO,
        }
    }

    fn failed(status: u16, headers: &[(&'static str, &str)], body: &str) -> Failure {
        let sent = Sent::of(b"grant_type=refresh_token&refresh_token=very%2Dsecret&client_id=app");
        match judge("id.example", &sent, &answer(status, headers, body)) {
            Judged::Failed(failure, _) => failure,
            _ => panic!("not a failure: {body}"),
        }
    }

    #[test]
    fn a_token_answer_is_read_also_with_times_as_texts_fractions_or_nonsense() {
        for (said, read) in [
            (r#""3600""#, Some(3_600)),
            ("3599.9", Some(3_599)),
            ("3600", Some(3_600)),
            (r#""soon""#, None),
            ("null", None),
            ("-5", None),
        ] {
            let body = format!(r#"{{"access_token":"t","expires_in":{said}}}"#);
            let Judged::Good(body) = judge("h", &Sent(vec![]), &answer(200, &[], &body)) else {
                panic!("{said}")
            };
            let json: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(json["expires_in"].as_u64(), read, "{said}");
            assert_eq!(json["token_type"], "Bearer");
        }
    }

    #[test]
    fn a_refusal_keeps_the_providers_words_and_loses_trace_ids_and_echoed_secrets() {
        let body = r#"{"error":"invalid_grant","error_description":"AADSTS50173: The grant very-secret has expired.\r\nTrace ID: 1 Correlation ID: 2","error_codes":[50173]}"#;
        let failure = failed(400, &[], body);
        assert_eq!(failure.kind, FailureKind::Authentication);
        assert_eq!(
            failure.text,
            "id.example said invalid_grant: AADSTS50173: The grant (hidden) has expired."
        );
        assert_eq!(failed(401, &[], r#"{"error":"invalid_client"}"#).text, "id.example said invalid_client");
        let google =
            r#"{"error":{"code":403,"message":"The caller has no permission","status":"PERMISSION_DENIED"}}"#;
        assert_eq!(
            failed(403, &[], google).text,
            "id.example said PERMISSION_DENIED: The caller has no permission"
        );
    }

    #[test]
    fn error_pages_are_named_and_not_quoted() {
        let page = failed(502, &[("content-type", "text/html")], "<html>very-secret gateway</html>");
        assert_eq!(page.kind, FailureKind::Temporary);
        assert_eq!(page.text, "id.example answered 502 Bad Gateway with no JSON (text/html)");
        assert_eq!(failed(200, &[], "<html>login to the proxy</html>").kind, FailureKind::ProtocolUnclear);
        assert_eq!(failed(200, &[], "[]").kind, FailureKind::ProtocolUnclear);
        assert_eq!(failed(404, &[], "{}").kind, FailureKind::ProtocolUnclear);
    }

    #[test]
    fn a_provider_that_asks_for_time_is_told_from_one_that_refuses() {
        let busy = failed(429, &[("retry-after", "17")], r#"{"error":"too_many_requests"}"#);
        assert_eq!(busy.kind, FailureKind::throttled(Duration::from_secs(17)));
        assert_eq!(
            failed(503, &[("retry-after", "9")], "busy").kind,
            FailureKind::throttled(Duration::from_secs(9))
        );
        assert_eq!(
            failed(503, &[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], "x").kind,
            FailureKind::Temporary
        );
        assert_eq!(failed(400, &[], r#"{"error":"temporarily_unavailable"}"#).kind, FailureKind::Temporary);
        assert_eq!(failed(500, &[], r#"{"error":"server_error"}"#).kind, FailureKind::Temporary);
        let waits = judge("h", &Sent(vec![]), &answer(400, &[], r#"{"error":"authorization_pending"}"#));
        assert!(matches!(waits, Judged::Waiting(_)));
    }
}
