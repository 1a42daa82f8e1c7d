#!/usr/bin/env bash
# Runs the benchmarks; `make bench` calls this. Needs root, as the private mail servers do, and some minutes of quiet.
#   benches/run.sh                    release builds, 20,000 mails, prints `figure NAME VALUE UNIT`
#   BENCH_MAILS=500 benches/run.sh    as function only: development builds, fewer mails, no figures
set -euo pipefail
cd "$(dirname "$0")/.."
tests/install-deps.sh
CARGO=${CARGO:-cargo}
profile=(--release)
if [ -n "${BENCH_MAILS:-}" ]; then
    profile=()
    "$CARGO" build --locked --quiet -p mailbeat-agent
else
    "$CARGO" build --locked --quiet --profile agent -p mailbeat-agent
fi
"$CARGO" build --locked --quiet "${profile[@]}" -p mailbeat-receiver
"$CARGO" run --locked --quiet "${profile[@]}" -p mailbeat-tests --bin bench-agent
"$CARGO" run --locked --quiet "${profile[@]}" -p mailbeat-tests --bin bench
