//! The steps of a test that ask the DNS about the domains of a route. None of them fails: mail may go all the same.

use std::net::IpAddr;

use super::spf::{self, Verdict};
use super::{DnsError, Zone, words};
use crate::steps::{Seen, Steps, name};

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The sender's address.
    pub from: &'a str,
    /// The recipient's address, if one is known.
    pub to: Option<&'a str>,
    /// The server mail is handed to, by name or address; `None` where that is no mail server, and SPF is not judged.
    pub server: Option<&'a str>,
}

/// Walks MX and SPF of the sender's domain and MX of the recipient's. Where the DNS is silent once, it is not asked again.
#[expect(private_bounds, reason = "there is one zone outside of tests, the resolver")]
pub async fn walk(zone: &impl Zone, question: Question<'_>, steps: &mut Steps) {
    let sender = super::domain_of(question.from);
    let recipient = question.to.and_then(super::domain_of).filter(|domain| Some(domain) != sender.as_ref());
    let mut planned = vec![];
    planned.extend(sender.iter().flat_map(|domain| [(name::SENDER_MX, domain), (name::SENDER_SPF, domain)]));
    planned.extend(recipient.iter().map(|domain| (name::RECIPIENT_MX, domain)));
    let mut answered = true;
    for (step, domain) in planned {
        answered = match step {
            _ if !answered => {
                steps.skip(step, words::NOT_ASKED, None);
                false
            }
            name::SENDER_SPF => policy(zone, domain, question.server, steps).await,
            _ => exchanges(zone, domain, step, steps).await,
        };
    }
}

/// Who takes a domain's mail. Whether the DNS answered.
async fn exchanges(zone: &impl Zone, domain: &str, step: &'static str, steps: &mut Steps) -> bool {
    let is_sender = step == name::SENDER_MX;
    let missing = || if is_sender { words::no_sender_mx() } else { words::no_recipient_mx() };
    let seen = match zone.exchanges(domain).await {
        Err(DnsError::Silent(seen)) => return silent(step, &seen, steps),
        Err(DnsError::NoSuchName) => {
            let advice = if is_sender { words::no_sender_domain() } else { words::no_recipient_mx() };
            Seen::from(format!("{domain} does not exist in the DNS")).warned(Some(advice))
        }
        Ok(found) if found.iter().any(|exchange| exchange.host.is_empty()) => {
            Seen::from(format!("{domain} takes no mail (MX 0 .)")).warned(Some(missing()))
        }
        Ok(found) if found.is_empty() => match zone.addresses(domain).await {
            Err(DnsError::Silent(seen)) => return silent(step, &seen, steps),
            // RFC 5321 section 5.1: then the domain's own address takes its mail.
            Ok(own) if !own.is_empty() => {
                Seen::from(format!("{domain} has no MX, its own address {} counts", own[0]))
            }
            _ => Seen::from(format!("{domain} has no MX")).warned(Some(missing())),
        },
        Ok(found) => {
            let hosts: Vec<&str> = found.iter().map(|exchange| exchange.host.as_str()).collect();
            Seen::from(format!("{domain}: {}", hosts.join(", ")))
        }
    };
    steps.note(step, seen);
    true
}

/// Whether the domain says that the server sends for it. Gives whether the DNS answered.
async fn policy(zone: &impl Zone, domain: &str, server: Option<&str>, steps: &mut Steps) -> bool {
    let step = name::SENDER_SPF;
    let record = match spf::record(zone, domain).await {
        Err(Verdict::Silent(seen)) => return silent(step, &seen, steps),
        Err(Verdict::Broken(why)) => {
            steps.note(step, Seen::from(why).warned(Some(words::spf_broken())));
            return true;
        }
        Ok(Some(record)) => record,
        Ok(None) | Err(_) => {
            steps.note(step, Seen::from(format!("{domain} has no SPF record")).warned(Some(words::no_spf())));
            return true;
        }
    };
    let Some(server) = server else {
        steps.note(step, record);
        return true;
    };
    let addresses = match server.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => match zone.addresses(server).await {
            Ok(addresses) => addresses,
            Err(DnsError::NoSuchName) => vec![],
            Err(DnsError::Silent(seen)) => return silent(step, &seen, steps),
        },
    };
    let public: Vec<IpAddr> = addresses.into_iter().filter(|address| !is_internal(*address)).collect();
    if public.is_empty() {
        steps.note(step, format!("{record}; by which address {server} sends outside is not known here"));
        return true;
    }
    for address in public {
        let seen = match spf::judge(zone, domain, address).await {
            Verdict::Silent(seen) => return silent(step, &seen, steps),
            Verdict::Pass(term) => Seen::from(format!("{server} ({address}) may send for {domain}: {term}")),
            Verdict::Open | Verdict::Unsaid => {
                Seen::from(format!("{record}; whether {address} is meant shows only when a mail is sent"))
            }
            Verdict::Neutral => Seen::from(format!("{record}: nothing is said of {server} ({address})"))
                .warned(Some(words::spf_neutral())),
            Verdict::Fail | Verdict::SoftFail => {
                Seen::from(format!("{record}: {server} ({address}) is not named"))
                    .warned(Some(words::spf_not_covering()))
            }
            Verdict::Broken(why) => Seen::from(why).warned(Some(words::spf_broken())),
        };
        steps.note(step, seen);
    }
    true
}

/// A DNS that knows nothing of outside names is an ordinary thing. Always `false`: it did not answer.
fn silent(step: &'static str, seen: &str, steps: &mut Steps) -> bool {
    steps.skip(step, seen, Some(words::silent()));
    false
}

/// An address that no server outside ever sees mail from.
fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::testing::{Book, now};
    use crate::steps::{Step, StepResult};

    fn walked(lines: &[(&'static str, &'static str)], server: &str) -> Vec<Step> {
        let question =
            Question { from: "scada@acme.test", to: Some("reports@vendor.test"), server: Some(server) };
        let mut steps = Steps::new(jiff::Timestamp::UNIX_EPOCH);
        steps.enter("route office");
        now(walk(&Book::of(lines), question, &mut steps));
        steps.into_taken()
    }

    const GOOD: [(&str, &str); 5] = [
        ("acme.test", "MX 10 mx.acme.test"),
        ("acme.test", "TXT v=spf1 ip4:198.51.100.7 -all"),
        ("vendor.test", "MX 10 mx1.vendor.test"),
        ("vendor.test", "MX 20 mx2.vendor.test"),
        ("mail.acme.test", "A 198.51.100.7"),
    ];

    #[test]
    fn where_all_is_well_each_step_says_what_stands_there() {
        let steps = walked(&GOOD, "mail.acme.test");
        let said: Vec<_> =
            steps.iter().map(|step| (step.name.as_ref(), step.result, step.seen.as_str())).collect();
        assert_eq!(
            said,
            [
                (name::SENDER_MX, StepResult::Ok, "acme.test: mx.acme.test"),
                (
                    name::SENDER_SPF,
                    StepResult::Ok,
                    "mail.acme.test (198.51.100.7) may send for acme.test: ip4:198.51.100.7"
                ),
                (name::RECIPIENT_MX, StepResult::Ok, "vendor.test: mx1.vendor.test, mx2.vendor.test"),
            ]
        );
    }

    #[test]
    fn what_is_missing_is_a_warning_and_a_server_inside_is_not_judged() {
        let lines = [
            ("acme.test", "TXT v=spf1 mx -all"),
            ("vendor.test", "MX 0 "),
            ("inside.acme.test", "A 10.0.0.5"),
        ];
        let steps = walked(&lines, "198.51.100.9");
        let seen = [
            "acme.test has no MX",
            "v=spf1 mx -all: 198.51.100.9 (198.51.100.9) is not named",
            "vendor.test takes no mail (MX 0 .)",
        ];
        for (step, seen) in steps.iter().zip(seen) {
            assert_eq!((step.result, step.seen.as_str()), (StepResult::Warning, seen));
        }
        let inside = walked(&lines, "inside.acme.test");
        assert_eq!(inside[1].result, StepResult::Ok, "{inside:#?}");
        assert!(inside[1].seen.contains("inside.acme.test sends outside is not known"), "{inside:#?}");
    }

    #[test]
    fn a_silent_dns_is_asked_once_and_nothing_failed() {
        let steps = walked(&[("acme.test", "SILENT")], "198.51.100.9");
        assert_eq!(steps.len(), 3, "{steps:#?}");
        assert!(steps.iter().all(|step| step.result == StepResult::NotRun), "{steps:#?}");
        assert!(steps[0].advice.as_ref().unwrap().fix.contains("[dns]"), "{steps:#?}");
    }
}
