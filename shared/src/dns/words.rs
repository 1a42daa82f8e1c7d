//! What these hints say, in both languages.

use crate::phrases::Phrase;

crate::advice! {
    silent: "No DNS server answers for names outside; where mail servers are inside or named by address, nothing else needs one.", "Nothing, if that is meant so. Else name servers that know such names in the configuration: [dns] servers = [\"192.0.2.53\"]";
        "Kein DNS-Server antwortet für Namen außerhalb; wo Mailserver innen stehen oder mit Adresse genannt sind, braucht sonst nichts einen.", "Nichts, wenn das so sein soll. Sonst Server, die solche Namen kennen, in der Konfiguration nennen: [dns] servers = [\"192.0.2.53\"]";
    no_sender_domain: "The sender's domain is known inside only, or mistyped. Servers outside refuse mail from domains that do not exist.", "Correct `from`, or use a sender address of a domain that exists; if your mail server rewrites the sender, nothing.";
        "Die Domain des Absenders ist nur innen bekannt oder vertippt. Server außerhalb lehnen Mail von Domains ab, die es nicht gibt.", "`from` berichtigen, oder eine Absenderadresse einer Domain nehmen, die es gibt; schreibt Ihr Mailserver den Absender um: nichts.";
    no_sender_mx: "The sender's domain takes no mail: bounces are lost, and many servers refuse such senders.", "Use a sender address whose domain has an MX, or let the domain's administrator publish one.";
        "Die Domain des Absenders nimmt keine Mail: Unzustellbarkeitsmails gehen verloren, und viele Server lehnen solche Absender ab.", "Eine Absenderadresse nehmen, deren Domain einen MX hat, oder den Administrator der Domain einen eintragen lassen.";
    no_recipient_mx: "Nobody takes mail for the recipient's domain, as far as this DNS knows.", "Compare the report address with the contract; if it is right, tell the vendor. If your DNS knows inside names only, see [dns] servers.";
        "Niemand nimmt Mail für die Domain des Empfängers, soweit dieses DNS weiß.", "Die Berichtsadresse mit dem Vertrag vergleichen; stimmt sie, den Hersteller verständigen. Kennt Ihr DNS nur Namen innen, siehe [dns] servers.";
    no_spf: "The domain does not say who sends for it (SPF), so others may take its mail for forged.", "Let the domain's administrator publish a TXT record that names its mail servers, for example: v=spf1 mx -all";
        "Die Domain sagt nicht, wer für sie sendet (SPF); andere können ihre Mail für gefälscht halten.", "Den Administrator der Domain einen TXT-Eintrag veröffentlichen lassen, der ihre Mailserver nennt, zum Beispiel: v=spf1 mx -all";
    spf_not_covering: "By its SPF record the domain does not send by this server; the recipient may refuse such mail or put it into Junk.", "Send by the domain's own mail server, or let its administrator add this one to the record. If this server hands on to another one that is named, nothing.";
        "Laut SPF-Eintrag sendet die Domain nicht über diesen Server; der Empfänger kann solche Mail ablehnen oder in Junk legen.", "Über den Mailserver der Domain senden, oder ihren Administrator diesen in den Eintrag aufnehmen lassen. Reicht dieser Server an einen weiter, der genannt ist: nichts.";
    spf_neutral: "The domain's SPF record does not say whether this server sends for it.", "Let its administrator add this server to the record.";
        "Der SPF-Eintrag der Domain sagt nicht, ob dieser Server für sie sendet.", "Ihren Administrator diesen Server in den Eintrag aufnehmen lassen.";
    spf_broken: "The domain's SPF record has a fault, so servers treat it as none, or refuse its mail.", "Show this to the domain's administrator.";
        "Der SPF-Eintrag der Domain hat einen Fehler; Server behandeln ihn wie keinen oder lehnen ihre Mail ab.", "Dies dem Administrator der Domain zeigen.";
}

/// Why a step was not tried.
pub(super) const NOT_ASKED: &str = "not asked: the DNS was silent before";
/// Why none was.
pub const BEHIND_PROXY: &str = "the route goes through a proxy: the DNS is not asked";

const SEEN: &[Phrase] = &[
    (NOT_ASKED, "nicht gefragt: das DNS schwieg zuvor"),
    ("sender's domain (MX)", "Absenderdomain (MX)"),
    ("sender's domain (SPF)", "Absenderdomain (SPF)"),
    ("recipient's domain (MX)", "Empfängerdomain (MX)"),
    ("{} does not exist in the DNS", "{1} gibt es im DNS nicht"),
    ("{} takes no mail (MX 0 .)", "{1} nimmt keine Mail (MX 0 .)"),
    ("{} has no MX", "{1} hat keinen MX"),
    ("{} has no MX, its own address {} counts", "{1} hat keinen MX, ihre eigene Adresse {2} gilt"),
    ("{} has no SPF record", "{1} hat keinen SPF-Eintrag"),
    ("{} has more than one SPF record", "{1} hat mehr als einen SPF-Eintrag"),
    ("{} may send for {}: {}", "{1} darf für {2} senden: {3}"),
    (
        "{}; by which address {} sends outside is not known here",
        "{1}; mit welcher Adresse {2} nach außen sendet, ist hier nicht bekannt",
    ),
    (
        "{}; whether {} is meant shows only when a mail is sent",
        "{1}; ob {2} gemeint ist, zeigt sich erst, wenn eine Mail gesendet wird",
    ),
    ("{}: nothing is said of {}", "{1}: von {2} ist nichts gesagt"),
    ("{}: {} is not named", "{1}: {2} ist nicht genannt"),
    ("no answer from {} within {n} s", "keine Antwort von {1} binnen {2} s"),
    ("no answer from {}: {}", "keine Antwort von {1}: {2}"),
    ("it needs more than {n} look-ups", "er braucht mehr als {1} Abfragen"),
    ("more than {n} of its names do not exist", "mehr als {1} seiner Namen gibt es nicht"),
    ("it includes {}, which has no SPF record", "er schließt {1} ein, das keinen SPF-Eintrag hat"),
    ("it is redirected to {}, which has no SPF record", "er verweist auf {1}, das keinen SPF-Eintrag hat"),
    ("{} is no SPF term", "{1} ist kein SPF-Wort"),
    (BEHIND_PROXY, "die Route geht durch einen Proxy: das DNS wird nicht gefragt"),
];

/// All of them.
pub(crate) fn phrases() -> impl Iterator<Item = Phrase> {
    ADVICE.iter().chain(SEEN).copied()
}
