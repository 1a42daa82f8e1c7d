#!/usr/bin/env bash
# Runs every test and says how many stories each folder told, and in what time. Called by `make test`, which builds the programs first.
set -euo pipefail
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
flow=
trap 'rm -rf "$logs"; [ -z "$flow" ] || kill "$flow" 2>/dev/null || true' EXIT

# The stories mostly wait for the next second: more of them than cores at a time.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-4}"

# Programs that write durably wait for the disk again and again. What nobody keeps may lie in memory, where there is room for it and
# programs may be started from there.
memory=/dev/shm
if [ -z "${TMPDIR:-}" ] && [ -w $memory ] && ! findmnt -no OPTIONS $memory | grep -q noexec &&
    [ "$(df --output=avail -k $memory | tail -n 1)" -ge $((4 * 1024 * 1024)) ]; then
    export TMPDIR=$memory
fi

# Compiled once, then told side by side: tests/flow waits for servers most of its time, the rest wants the processor.
cargo test --locked --workspace --no-run 2>&1 | tee "$logs/built"
status=0
cargo test --locked --workspace --test flow >"$logs/flow" 2>&1 &
flow=$!
cargo test --locked --workspace --no-fail-fast --lib --bins --test '[!f]*' 2>&1 | tee "$logs/rest" || status=$?
cargo test --locked --workspace --no-fail-fast --doc 2>&1 | tee "$logs/docs" || status=$?
echo "Waiting for tests/flow, whose output comes at its end."
wait $flow || status=$?
cat "$logs/flow"

built=$(grep -c '^ *Executable ' "$logs/built")
ran=$(cat "$logs/rest" "$logs/flow" | grep -c '^ *Running ')
if [ "$built" != "$ran" ]; then
    echo "tests/run-all.sh: $built test programs were built and $ran ran; another name that begins with f is to be named here" >&2
    status=1
fi

echo
echo "Stories by folder:"
# "Running tests/flow/main.rs (...)" or "Running unittests src/lib.rs (.../mailbeat_shared-...)" is followed by its "test result" line.
awk '/^ +Running /   { what = $2 == "unittests" ? $4 : $2; sub(/.*\/deps\//, "", what); sub(/-[0-9a-f]+\)$/, " (inside)", what) }
     /^ +Doc-tests / { what = $2 " (documentation)" }
     /^test result/  { if ($4 + $6 > 0) printf "  %-40s %5d passed %3d failed %10s\n", what, $4, $6, $NF }' "$logs"/*
exit "$status"
