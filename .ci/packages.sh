#!/usr/bin/env bash
# Packs every crate that is published, as `cargo publish` does, and runs the tests of the packages apart from this
# repository. CI calls it without `--all`: of the command, it then runs two of the files of tests. `--unpack` runs none.
#
# The packages are unpacked into a workspace of their own, in which each is patched in for the version of crates.io that
# the others name. It has the lock file, the profiles and the target folder of this one, so that most dependencies are
# not compiled again.
set -euo pipefail
cd "$(dirname "$0")/.."

# Those with `publish = false`.
readonly unpublished=(sansgram-benches sansgram-fuzz sansgram-harness)

# Those of an earlier version would be unpacked too.
rm -f target/package/*.crate
output=$(cargo package --workspace "${unpublished[@]/#/--exclude=}" --no-verify --allow-dirty 2>&1) || {
    echo "$output"
    exit 1
}

readonly place="$PWD/target/package/unpacked"
rm -rf "$place"
mkdir -p "$place"
patches=()
for archive in target/package/*.crate; do
    tar -xzf "$archive" -C "$place"
    name=$(basename "$archive" .crate)
    for file in LICENSE-MIT LICENSE-APACHE; do cmp "$file" "$place/$name/$file"; done
    [ -s "$place/$name/README.md" ]
    echo "$name: $(tar -tzf "$archive" | wc -l) files, $(($(stat -c %s "$archive") / 1024)) KiB"
    # No package depends on the command.
    [ "${name%-*}" = sansgram ] || patches+=("${name%-*} = { path = \"$name\" }")
done
{
    printf '[workspace]\nresolver = "3"\nmembers = ["*-*.*.*"]\n\n[patch.crates-io]\n'
    printf '%s\n' "${patches[@]}"
    # Those of crates that are here, so that Cargo does not warn of others.
    awk '/^\[profile\./ { keep = !/sansgram-harness/ } /^\[[^p]/ { keep = 0 } keep' Cargo.toml
} >"$place/Cargo.toml"
cp Cargo.lock "$place"
[ "${1:-}" != --unpack ] || exit 0

export CARGO_TARGET_DIR="$PWD/target" CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
cd "$place"
# A package is tested with the features that its user chose: those that need more are left out, not broken.
for package in sansgram-tl sansgram-core; do cargo check -p "$package" --tests --offline --quiet; done
if [ "${1:-}" = --all ]; then
    cargo test --workspace --offline --quiet
else
    cargo test --workspace --exclude sansgram --offline --quiet
    cargo test -p sansgram --test generated --test usage --offline --quiet
fi
