#!/bin/sh
# Packs two programs that are built: pack.sh TARGET_DIRECTORY AGENT RECEIVER [OPTION FOR CARGO DEB ...]
# The .deb files are in TARGET_DIRECTORY/packages, or where PACKAGES says.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath "$1")
agent=$2 receiver=$3
shift 3
staged=$target/staged
rm -rf "$staged"
packages=${PACKAGES:-$target/packages}
mkdir -p "$staged/release" "$packages"
for program in "$agent" "$receiver"; do
    name=$(basename "$program")
    documents=$staged/release/documents-${name#mailbeat-}
    cp "$program" "$staged/release/$name"
    "$program" man --dir "$documents/man"
    gzip -9n "$documents"/man/*.1
    for shell in bash zsh fish; do
        "$program" completions "$shell" >"$documents/$name.$shell"
    done
    # What the package's assets call target/release is the staged directory.
    CARGO_TARGET_DIR=$staged cargo deb --quiet --locked --no-build --no-strip -p "$name" -o "$packages/" "$@"
done
