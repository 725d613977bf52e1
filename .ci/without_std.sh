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

readonly place="$PWD/target/without-std"
readonly packages=(rustc-web libstd-rust-web-1.96 libstd-rust-web-dev rust-web-src libllvm22 lld-22)

fetch_toolchain() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    mkdir -p "$place/packages" "$place/root"
    cd "$place/packages"
    # The lists may be older than what the mirror still has.
    apt-get download "${packages[@]}" >/dev/null 2>&1 || {
        apt-get update -qq >/dev/null 2>&1 && apt-get download "${packages[@]}" >/dev/null 2>&1
    } || return 1
    local package
    for package in *.deb; do dpkg -x "$package" "$place/root" || return 1; done
    rm -f ./*.deb
    touch "$place/complete"
}

if [ ! -e "$place/complete" ] && ! (fetch_toolchain); then
    echo "skipped: Debian's packages ${packages[*]} cannot be had here"
    exit 0
fi

export RUSTC="$place/root/usr/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$place/target"
export LD_LIBRARY_PATH="$place/root/usr/lib/x86_64-linux-gnu:$place/root/usr/lib/llvm-22/lib"
if ! "$RUSTC" --version; then
    echo "skipped: this machine cannot run Debian's rustc-web"
    exit 0
fi
for target in thumbv7em-none-eabihf wasm32-unknown-unknown; do
    cargo check -p sansgram-core --no-default-features --features "$features" --target "$target" -Zbuild-std=core,alloc --quiet
    echo "core builds for $target"
done
