//! The page on outgoing mail: how notifications leave.

use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::{Account, Protocol};
use mailbeat_shared::wizard::oauth::SignIn;
use mailbeat_shared::wizard::{Asker, Move, Question, address, providers};

use crate::setup::{Draft, Reading, Sending};

/// The page on outgoing mail: how it leaves.
pub(super) const WAY: &[Question<Draft>] = &[
    same_account,
    sending,
    from,
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_provider(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, address| sign_in.ask_tenant(address, asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_issuer(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_scopes(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_grant(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_client(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_proof(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_key(asker)),
];

/// By which server.
pub(super) const SERVER: &[Question<Draft>] = &[
    server,
    |draft, asker| sends_at_server(draft, |account| account.ask_usual(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_tls(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_port(asker)),
];

/// The rest of it.
pub(super) const LOGON: &[Question<Draft>] = &[
    |draft, asker| sends_by_password(draft, |account| account.ask_username(asker)),
    |draft, asker| sends_by_password(draft, |account| account.ask_password(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_trust(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_authority(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_pin(asker)),
];

/// Whether all of it is right as it follows from the mailbox's account.
fn same_account(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n3. Outgoing mail");
    if !draft.may_share_account() || draft.outgoing.sending == Sending::Keep {
        draft.outgoing.details = true;
        return Move::Skip;
    }
    let is_shared = draft.outgoing.sending == Sending::Same;
    if is_shared {
        draft.send_as_it_reads();
        let (from, account) = (&draft.outgoing.from, &draft.outgoing.account);
        asker.say(&match asks_server(draft) {
            true => format!("From {from} by {}. {}.", account.host, account.shown()),
            false => format!("From {from}."),
        });
    }
    let now = is_shared && !draft.outgoing.details;
    let asked = asker.confirm("Send by the same account, like this?", "n asks for each of these.", now);
    asked.then(|yes| {
        draft.outgoing.details = !yes;
        if yes {
            draft.outgoing.sending = Sending::Same;
        }
    })
}

fn sending(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !draft.outgoing.details {
        return Move::Skip;
    }
    let mut ways = vec![];
    ways.extend(draft.may_share_account().then_some((Sending::Same, "By the same account".to_owned())));
    ways.extend([
        (Sending::Password, "By another mail server, or an account with a password".to_owned()),
        (
            Sending::OAuth,
            "By another account that signs in by OAuth (Microsoft 365, Google, other)".to_owned(),
        ),
    ]);
    let is_kept = draft.outgoing.sending == Sending::Keep;
    ways.extend(is_kept.then(|| (Sending::Keep, "As it is configured".to_owned())));
    let now = ways.iter().position(|(way, _)| *way == draft.outgoing.sending).unwrap_or(0);
    let options: Vec<String> = ways.iter().map(|(_, words)| words.clone()).collect();
    let asked = asker.choose("How do notifications leave?", "", &options, now);
    asked.then(|chosen| {
        draft.outgoing.sending = ways.get(chosen).map_or(Sending::Password, |(way, _)| *way);
        let (own, shared) = (&mut draft.outgoing.account, &draft.mailbox.account);
        if draft.outgoing.sending == Sending::Same && own.tls_ca.is_none() && own.tls_pin.is_none() {
            own.tls_ca.clone_from(&shared.tls_ca);
        }
    })
}

fn from(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if draft.outgoing.sending == Sending::Keep || !draft.outgoing.details {
        return Move::Skip;
    }
    let help =
        "As in Mailbeat <reports@vendor.example>. What cannot be delivered comes back to it, and is read.";
    let asked = asker.text("Sender of the notifications:", help, &draft.outgoing.from, address());
    let mut note = "";
    let moved = asked.then(|from| {
        let offer = providers::offer(asker, &mail::bare_address(&from).unwrap_or_default());
        note = providers::propose(&from, Protocol::Smtp, &offer).note;
        draft.send_from(from, &offer);
    });
    if moved == Move::Next && draft.outgoing.sending == Sending::Password && !note.is_empty() {
        asker.say(note);
    }
    moved
}

fn sends_by_oauth(draft: &mut Draft, ask: impl FnOnce(&mut SignIn, &str) -> Move) -> Move {
    let outgoing = &mut draft.outgoing;
    let asked = outgoing.sending == Sending::OAuth;
    if asked { ask(&mut outgoing.sign_in, &outgoing.from) } else { Move::Skip }
}

/// Whether there is a server to ask for: not where it is the provider's own.
fn asks_server(draft: &Draft) -> bool {
    let (outgoing, mailbox) = (&draft.outgoing, &draft.mailbox);
    match outgoing.sending {
        Sending::Keep => false,
        Sending::Password => true,
        Sending::OAuth => !outgoing.sign_in.knows_servers(),
        Sending::Same => mailbox.reading == Reading::Password || !mailbox.sign_in.knows_servers(),
    }
}

fn sends_at_server(draft: &mut Draft, ask: impl FnOnce(&mut Account) -> Move) -> Move {
    let asked = draft.outgoing.details && asks_server(draft);
    if asked { ask(&mut draft.outgoing.account) } else { Move::Skip }
}

fn server(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let moved = sends_at_server(draft, |account| account.ask_host(asker));
    if moved == Move::Next {
        draft.outgoing.guess = false;
    }
    moved
}

fn sends_by_password(draft: &mut Draft, ask: impl FnOnce(&mut Account) -> Move) -> Move {
    let asked = draft.outgoing.sending == Sending::Password;
    if asked { ask(&mut draft.outgoing.account) } else { Move::Skip }
}
