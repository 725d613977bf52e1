#!/usr/bin/env bash
# Shows that core builds for targets without a standard library. CI calls it.
#
# 1. No crate that core needs may switch on a feature named `std`: always.
# 2. Core is checked for a microcontroller and for WebAssembly. The toolchain is Debian's `rustc-web`, which brings the
#    source of the standard library; if its packages cannot be had, that is said and nothing fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# All but `getrandom`, which needs an operating system, and `full-api`, which only adds types.
readonly features=mtproxy,websocket,pem

with_std=$(cargo tree -p sansgram-core --no-default-features --features "$features" -e normal,features --prefix none | grep -E 'feature "std"' || true)
if [ -n "$with_std" ]; then
    printf 'core needs crates with their feature `std`:\n%s\n' "$with_std" >&2
    exit 1
fi

source .ci/rustc_web.sh
use_rustc_web 'core for a microcontroller and WebAssembly' || exit 0
for target in thumbv7em-none-eabihf wasm32-unknown-unknown; do
    cargo check -p sansgram-core --no-default-features --features "$features" --target "$target" -Zbuild-std=core,alloc --quiet
    echo "core builds for $target"
done
