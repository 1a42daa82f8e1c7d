//! Records as people publish them, and which addresses they name.

use super::*;
use crate::dns::testing::{Book, now};

fn said(record: &'static str, more: &[(&'static str, &'static str)], address: &str) -> Verdict {
    let lines = [&[("acme.test", record)], more].concat();
    now(judge(&Book::of(&lines), "acme.test", address.parse().unwrap()))
}

#[test]
fn each_mechanism_names_addresses_and_the_rest_is_what_all_says() {
    let zone = [
        ("acme.test", "A 192.0.2.1"),
        ("acme.test", "MX 10 mail.acme.test"),
        ("mail.acme.test", "A 192.0.2.2"),
        ("mail.acme.test", "A 2001:db8::2"),
        ("provider.test", "TXT v=spf1 ip4:198.51.100.0/24 -all"),
        ("other.test", "TXT v=spf1 redirect=provider.test"),
        ("yes.acme.test", "A 127.0.0.2"),
    ];
    let passes = |term: &str| Verdict::Pass(term.into());
    for (record, address, expected) in [
        ("TXT v=spf1 a -all", "192.0.2.1", passes("a")),
        ("TXT v=spf1 a -all", "192.0.2.2", Verdict::Fail),
        ("TXT v=spf1 a/24 -all", "192.0.2.77", passes("a/24")),
        ("TXT v=spf1 MX ~all", "192.0.2.2", passes("MX")),
        ("TXT v=spf1 mx ~all", "2001:db8::2", passes("mx")),
        ("TXT v=spf1 mx//64 ~all", "2001:db8::99", passes("mx//64")),
        ("TXT v=spf1 mx ~all", "192.0.2.9", Verdict::SoftFail),
        ("TXT v=spf1 a:mail.acme.test ?all", "192.0.2.2", passes("a:mail.acme.test")),
        ("TXT v=spf1 ip4:192.0.2.0/29 ?all", "192.0.2.7", passes("ip4:192.0.2.0/29")),
        ("TXT v=spf1 ip4:192.0.2.0/29 ?all", "192.0.2.8", Verdict::Neutral),
        ("TXT v=spf1 ip4:0.0.0.0/0", "203.0.113.1", passes("ip4:0.0.0.0/0")),
        ("TXT v=spf1 ip6:2001:db8::/32 -all", "2001:db8:1::1", passes("ip6:2001:db8::/32")),
        ("TXT v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1", passes("ip4:192.0.2.1")),
        ("TXT v=spf1 include:provider.test -all", "198.51.100.9", passes("include:provider.test")),
        ("TXT v=spf1 include:provider.test ~all", "192.0.2.1", Verdict::SoftFail),
        ("TXT v=spf1 redirect=other.test", "198.51.100.9", passes("ip4:198.51.100.0/24")),
        ("TXT v=spf1 redirect=other.test", "192.0.2.1", Verdict::Fail),
        ("TXT v=spf1 exists:yes.acme.test -all", "192.0.2.1", passes("exists:yes.acme.test")),
        ("TXT v=spf1 exists:no.acme.test -all", "192.0.2.1", Verdict::Fail),
        ("TXT v=spf1 exp=why.acme.test unknown=x", "192.0.2.1", Verdict::Neutral),
        ("TXT v=spf10 all", "192.0.2.1", Verdict::Unsaid),
        ("TXT other", "192.0.2.1", Verdict::Unsaid),
    ] {
        assert_eq!(said(record, &zone, address), expected, "{record} {address}");
    }
}

#[test]
fn a_record_that_others_would_not_use_is_broken_and_says_why() {
    let ten: String = (0..11).map(|n| format!(" exists:n{n}.acme.test")).collect();
    let ten: &'static str = Box::leak(format!("TXT v=spf1{ten} -all").into_boxed_str());
    let there: Vec<(&'static str, &'static str)> = (0..11)
        .map(|n| (&*Box::leak(format!("n{n}.acme.test").into_boxed_str()), "MX 10 no.address"))
        .collect();
    for (record, more, why) in [
        ("TXT v=spf1 include:nowhere.test -all", &[][..], "includes nowhere.test"),
        ("TXT v=spf1 redirect=nowhere.test", &[], "redirected to nowhere.test"),
        ("TXT v=spf1 include:acme.test", &[], "more than 10 look-ups"),
        ("TXT v=spf1 a:x.test a:y.test a:z.test -all", &[], "more than 2 of its names"),
        ("TXT v=spf1 ipv4:192.0.2.1 -all", &[], "\"ipv4:192.0.2.1\" is no SPF term"),
        ("TXT v=spf1 ip4:192.0.2.1/33 -all", &[], "is no SPF term"),
        ("TXT v=spf1 a/x -all", &[], "is no SPF term"),
        ("TXT v=spf1 -all", &[("acme.test", "TXT v=spf1 +all")], "more than one SPF record"),
        (ten, &there, "more than 2 of its names"),
    ] {
        let verdict = said(record, more, "192.0.2.1");
        assert!(matches!(&verdict, Verdict::Broken(said) if said.contains(why)), "{record}: {verdict:?}");
    }
}

#[test]
fn what_depends_on_the_mail_or_is_not_answered_is_left_open() {
    for (record, expected) in [
        ("TXT v=spf1 exists:%{i}._spf.acme.test -all", Verdict::Open),
        ("TXT v=spf1 ptr -all", Verdict::Open),
        ("TXT v=spf1 include:%{d}.provider.test ip4:192.0.2.1 -all", Verdict::Pass("ip4:192.0.2.1".into())),
        ("TXT v=spf1 include:dead.test -all", Verdict::Silent("no answer".into())),
        ("SILENT", Verdict::Silent("no answer".into())),
    ] {
        assert_eq!(said(record, &[("dead.test", "SILENT")], "192.0.2.1"), expected, "{record}");
    }
}
