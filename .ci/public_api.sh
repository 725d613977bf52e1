#!/usr/bin/env bash
# Compares the public interface of each published library with its list in `.ci/public_api/`, so that a change of it is
# a visible diff. `.ci/long.sh api` calls it; `--write` writes the lists. If a newer rustdoc writes what the tool cannot read,
# raise the version below.
#
# The lists leave out what is implied (blanket and automatic implementations), the types that are generated from the
# schema, and core's layers of the feature `unstable`, which any release may change.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly version=0.52.0
if ! cargo public-api --version 2>/dev/null | grep -q " $version$"; then
    # Not optimised: it runs for a second and compiles for minutes.
    CARGO_TARGET_DIR=target/tools CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
        cargo install cargo-public-api --version "$version" --locked --quiet --force
fi

readonly crates=(core runtime session simd smol testkit tl tl-json tokio)
readonly features=sansgram-core/getrandom,sansgram-core/mtproxy,sansgram-core/pem,sansgram-core/std,sansgram-core/websocket

# Without the testkit, which enables core's feature `unstable`; then the testkit alone.
document() {
    RUSTDOC="$PWD/.ci/rustdoc_unstable.sh" RUSTDOCFLAGS="-Z unstable-options --output-format json" \
        cargo doc --no-deps --lib --quiet "$@"
}
mkdir -p .ci/public_api
list() { cargo public-api --rustdoc-json "target/doc/sansgram_${1/-/_}.json" -sss --color never; }
failed=false
compare() {
    local file=".ci/public_api/sansgram-$1.txt"
    if [ "$write" = true ]; then
        list "$1" | grep -vE "$generated" >"$file"
    elif ! diff -u "$file" <(list "$1" | grep -vE "$generated"); then
        failed=true
    fi
}
readonly generated=' sansgram_tl::(types|enums|functions|ids)::'
if [ "${1:-}" = --write ]; then write=true; else write=false; fi

packages=()
for crate in "${crates[@]}"; do [ "$crate" = testkit ] || packages+=(-p "sansgram-$crate"); done
document "${packages[@]}" --features "$features"
for crate in "${crates[@]}"; do [ "$crate" = testkit ] || compare "$crate"; done
document -p sansgram-testkit
compare testkit

if [ "$failed" = true ]; then
    echo "the public interface differs; if it is meant to, run .ci/public_api.sh --write and say so in CHANGELOG.md" >&2
    exit 1
fi
