#!/bin/sh
# Installs what the tests need and this machine lacks: real mail servers, a browser and a few commands (Debian, Ubuntu).
# Says nothing and takes no time when all is there. Starts no service.
set -eu

# The mail servers and what speaks to them, the desk of whoever looks, what is watched, what builds and packs.
packages="
    dovecot-core dovecot-imapd dovecot-lmtpd postfix postfix-pcre policyd-rate-limit isync
    dnsmasq-base tinyproxy-bin openssl openssh-client
    chromium tmux faketime
    mariadb-server postgresql nginx prometheus-node-exporter monitoring-plugins-basic monitoring-plugins-standard
    debootstrap systemd e2fsprogs gcc-mingw-w64-x86-64
"
# Node.js comes from Debian or from elsewhere. Debian 12 has version 18, which no oidc-provider after 8 runs on.
command -v npm >/dev/null || packages="$packages nodejs npm"

fail() {
    echo "tests/install-deps.sh: $*" >&2
    exit 1
}

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this is no Debian or Ubuntu; install what these packages hold by hand: $packages"

root=none
command -v sudo >/dev/null && root=sudo
[ "$(id -u)" != 0 ] || root=

# Makes the packages that a story installs into a clean root.
cargo deb --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-deb --version 3.8.0

# The OAuth server of the lab, in a cache of its own, at the versions of its lockfile.
oauth_server() {
    here=$(cd "$(dirname "$0")" && pwd)/fixtures/lab/oauth
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailbeat-tests/oauth
    cmp -s "$here/package-lock.json" "$cache/installed.json" && return
    mkdir -p "$cache"
    cp "$here/package.json" "$here/package-lock.json" "$cache/"
    (cd "$cache" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >npm.log 2>&1) ||
        fail "npm ci in $cache: $(tail -n 5 "$cache/npm.log")"
    cp "$cache/package-lock.json" "$cache/installed.json"
}

download() { apt-get -qq download chrony; }
lists() { $root apt-get -qq -o DPkg::Lock::Timeout=120 update; }

# A real chrony. Unpacked only: installed it would put whoever keeps this machine's clock out of its place.
chrony() {
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailbeat-tests/chrony
    [ -x "$cache/usr/sbin/chronyd" ] && return
    rm -rf "$cache.new" && mkdir -p "$cache.new"
    (cd "$cache.new" && { download || { lists && download; } && dpkg -x chrony_*.deb .; }) >"$cache.new/apt.log" 2>&1 ||
        fail "apt-get download chrony: $(tail -n 5 "$cache.new/apt.log")"
    rm -rf "$cache" && mv "$cache.new" "$cache"
}

missing=
for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    oauth_server
    chrony
    exit 0
fi

[ "$root" != none ] || fail "missing packages:$missing; installing them needs root or sudo"

# apt asks this script whether it may start a service: 101 means no. What was there before comes back afterwards.
guard=/usr/sbin/policy-rc.d
log=$(mktemp)
restore() {
    if [ -e "$guard.before-tests" ]; then
        $root mv -f "$guard.before-tests" "$guard"
    else
        $root rm -f "$guard"
    fi
    rm -f "$log"
}
if [ -e "$guard" ] && [ ! -e "$guard.before-tests" ]; then $root mv "$guard" "$guard.before-tests"; fi
trap restore EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit 101\n' | $root tee "$guard" >/dev/null
$root chmod 755 "$guard"

install() {
    # shellcheck disable=SC2086  # one word a package
    $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 install $missing >"$log" 2>&1 </dev/null
}
echo "installing for the tests:$missing"
# The package lists are fetched only when they are missing or too old to be of use.
if ! install; then
    lists >"$log" 2>&1 || fail "apt-get update: $(tail -n 5 "$log")"
    install || fail "apt-get install$missing: $(tail -n 15 "$log")"
fi
oauth_server
chrony
