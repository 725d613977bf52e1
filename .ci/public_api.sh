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
    # Not optimized: it runs for a second and compiles for minutes.
    CARGO_TARGET_DIR=target/tools CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
        cargo install cargo-public-api --version "$version" --locked --quiet --force
fi

readonly protocol=(core session simd stores tl tl-json) runtimes=(runtime smol tokio) testkit=(testkit)
readonly core_features=sansgram-core/getrandom,sansgram-core/mtproxy,sansgram-core/pem,sansgram-core/std,sansgram-core/websocket,sansgram-stores/redis
# Interfaces that need the types of the whole API are there only with them.
readonly runtime_features=sansgram-runtime/full-api,sansgram-runtime/qr,sansgram-runtime/sqlite,sansgram-runtime/terminal

if [ "${1:-}" = --write ]; then write=true; else write=false; fi
readonly generated=' sansgram_tl::(types|enums|functions|ids)::'
listed=$(mktemp)
trap 'rm -f "$listed"' EXIT
failed=false

# Documents these crates with these features.
document() {
    local features=$1 crate packages=()
    shift
    for crate in "$@"; do packages+=(-p "sansgram-$crate"); done
    RUSTDOC="$PWD/.ci/rustdoc_unstable.sh" RUSTDOCFLAGS="-Z unstable-options --output-format json" \
        cargo doc --no-deps --lib --quiet "${packages[@]}" --features "$features"
}

# Compares the lists of these crates, which are documented, or writes them. A list that cannot be made replaces none.
compare() {
    local crate file
    for crate in "$@"; do
        file=".ci/public_api/sansgram-$crate.txt"
        cargo public-api --rustdoc-json "target/doc/sansgram_${crate/-/_}.json" -sss --color never >"$listed"
        sed -i -E "/$generated/d" "$listed"
        if [ "$write" = true ]; then
            cp "$listed" "$file"
        elif ! diff -u "$file" "$listed"; then
            failed=true
        fi
    done
}

document "$core_features" "${protocol[@]}"
compare "${protocol[@]}"
document "$runtime_features" "${runtimes[@]}"
compare "${runtimes[@]}"
# Last, since it enables core's feature `unstable`.
document "" "${testkit[@]}"
compare "${testkit[@]}"

if [ "$failed" = true ]; then
    echo "the public interface differs; if it is meant to, run .ci/public_api.sh --write and say so in CHANGELOG.md" >&2
    exit 1
fi
