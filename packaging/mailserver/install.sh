#!/bin/sh
# Makes a host the vendor's relay: puts the files beside this script in their places, makes what is missing (certificate, mailbox and
# its password), and checks the configuration. Starts nothing. May be run again: certificate, passwords and logins stay.
#
#   apt-get install postfix dovecot-core dovecot-imapd dovecot-lmtpd policyd-rate-limit openssl
#   HOST=relay.vendor.example REPORTS=reports@vendor.example ./install.sh
#
# Variables, with their defaults:
#   HOST              the name agents connect to
#   REPORTS           the reports mailbox, as contracts name it
#   LIMITS            [[120, 60], [1200, 3600]]: mails and seconds, for each login
#   SUBMISSIONS_PORT  465, TLS from the first byte
#   SUBMISSION_PORT   587, STARTTLS
#   IMAPS_PORT        993, for the receiver
#   LISTEN            all; else one address
#   DOMAIN            HOST: what logins end in
#   OWNER             vmail, who owns the mailbox; made when missing
#   CERTIFICATE, KEY  ROOT/etc/ssl/mailbeat-relay.pem and .key; made, signed by itself and good for ten years, when missing
#   LOG               where logs go; the system's log when empty
#   ROOT              empty; else a directory everything is put below, for a second instance or to look first
set -eu
cd "$(dirname "$0")"

: "${HOST:?the name agents connect to, as in HOST=relay.vendor.example}"
: "${REPORTS:?the reports mailbox, as in REPORTS=reports@vendor.example}"
ROOT=${ROOT:-}
LIMITS=${LIMITS:-[[120, 60], [1200, 3600]]}
SUBMISSIONS_PORT=${SUBMISSIONS_PORT:-465}
SUBMISSION_PORT=${SUBMISSION_PORT:-587}
DOMAIN=${DOMAIN:-$HOST}
IMAPS_PORT=${IMAPS_PORT:-993}
LISTEN=${LISTEN:-all}
OWNER=${OWNER:-vmail}
CERTIFICATE=${CERTIFICATE:-$ROOT/etc/ssl/mailbeat-relay.pem}
KEY=${KEY:-$ROOT/etc/ssl/mailbeat-relay.key}
LOG=${LOG:-}

users=$ROOT/etc/dovecot/mailbeat
mail=$ROOT/var/mail/mailbeat
dovecot_listen=$LISTEN
[ "$LISTEN" = all ] && dovecot_listen='*, ::'

# A file with its words filled in. What stood there before is kept beside it, once.
put() {
    if [ -e "$2" ] && [ ! -e "$2.before-mailbeat" ]; then cp -p "$2" "$2.before-mailbeat"; fi
    sed -e "s|@HOST@|$HOST|g" -e "s|@REPORTS@|$REPORTS|g" -e "s|@REPORTS_DOMAIN@|${REPORTS#*@}|g" -e "s|@LIMITS@|$LIMITS|g" \
        -e "s|@SUBMISSIONS_PORT@|$SUBMISSIONS_PORT|g" -e "s|@SUBMISSION_PORT@|$SUBMISSION_PORT|g" -e "s|@IMAPS_PORT@|$IMAPS_PORT|g" \
        -e "s|@LISTEN@|$LISTEN|g" -e "s|@DOVECOT_LISTEN@|$dovecot_listen|g" -e "s|@OWNER@|$OWNER|g" \
        -e "s|@OWNER_UID@|$(id -u "$OWNER")|g" -e "s|@CERTIFICATE@|$CERTIFICATE|g" -e "s|@KEY@|$KEY|g" \
        -e "s|@POSTFIX_LOG@|${LOG:+$LOG/postfix.log}|g" -e "s|@DOVECOT_LOG@|${LOG:+$LOG/dovecot.log}|g" \
        -e "s|@LOG_PREFIX@|${LOG:+, $LOG}|g" -e "s|@INSTANCE@|dovecot${ROOT:+-$(basename "$ROOT")}|g" -e "s|@ROOT@|$ROOT|g" \
        "$1" >"$2"
}

random() {
    openssl rand -base64 33 | tr -d '\n/+='
}

id -u "$OWNER" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir "$mail" --shell /usr/sbin/nologin "$OWNER"
mkdir -p "$ROOT/etc/postfix" "$users" "$ROOT/etc/ssl" "$ROOT/var/spool/postfix" "$ROOT/var/lib/postfix" "$ROOT/var/lib/dovecot" \
    "$ROOT/var/lib/policyd-rate-limit" "$ROOT/run/policyd-rate-limit" "$mail"
mkdir -p "$ROOT/var/spool/postfix/ratelimit"
chown postfix "$ROOT/var/lib/postfix"
chown policyd-rate-limit: "$ROOT/var/lib/policyd-rate-limit" "$ROOT/run/policyd-rate-limit" "$ROOT/var/spool/postfix/ratelimit"
chmod 0700 "$ROOT/var/lib/policyd-rate-limit"
chown "$OWNER:" "$mail"
chmod 0700 "$mail"

if [ ! -e "$CERTIFICATE" ]; then
    (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$HOST" \
        -addext "subjectAltName=DNS:$HOST" -keyout "$KEY" -out "$CERTIFICATE" 2>/dev/null)
    chmod 0644 "$CERTIFICATE"
fi

# Only Dovecot's password checker reads these.
chown root:dovecot "$users"
chmod 0750 "$users"
for file in smtp.users imap.users; do
    [ -e "$users/$file" ] || (umask 027 && : >"$users/$file" && chgrp dovecot "$users/$file")
done
if [ ! -s "$users/imap.users" ]; then
    (umask 077 && random >"$users/reports.password")
    printf '%s:{SHA512-CRYPT}%s::::::\n' "$REPORTS" "$(openssl passwd -6 -stdin <"$users/reports.password")" >>"$users/imap.users"
fi

put main.cf "$ROOT/etc/postfix/main.cf"
put master.cf "$ROOT/etc/postfix/master.cf"
put dovecot.conf "$ROOT/etc/dovecot/dovecot.conf"
put rate-limit.yaml "$ROOT/etc/policyd-rate-limit.yaml"
postfix -c "$ROOT/etc/postfix" check
doveconf -n -c "$ROOT/etc/dovecot/dovecot.conf" >/dev/null

pin=$(openssl x509 -in "$CERTIFICATE" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr 'A-F' 'a-f')
cat <<END
The relay is configured. To start it: systemctl restart policyd-rate-limit dovecot postfix

For receiver.toml (the password of the mailbox is in $users/reports.password):

[relay]
host = "$HOST"
port = $SUBMISSIONS_PORT
tls = "implicit"
tls_pin = "sha256:$pin"
domain = "$DOMAIN"
# Only where the receiver runs on this host; contracts with a login are issued as root then. Where it runs elsewhere
# remove this line: \`contracts issue --relay\` prints what to add to the file there.
logins = "$users/smtp.users"
END
