#!/usr/bin/env bash
# The machine in a browser: builds the page of `core/browser` for WebAssembly, and has headless Chromium log in with it to
# the test DCs over a WebSocket, by a QR code that another account scans.
#
# Needs python3. If Debian's `rustc-web` or `chromium` cannot be had, that is said in one line and nothing fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v chromium >/dev/null; then
    install() { apt-get install -qq -y --no-install-recommends chromium >/dev/null 2>&1; }
    command -v apt-get >/dev/null && { install || { apt-get update -qq >/dev/null 2>&1 && install; }; } || {
        echo "skipped: core in a browser; Debian's package chromium cannot be had here"
        exit 0
    }
fi

cargo build --quiet --package sansgram
binary=${CARGO_TARGET_DIR:-$PWD/target}/debug/sansgram

source .ci/rustc_web.sh
use_rustc_web 'core in a browser' || exit 0
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$without_std/root/usr/bin/wasm-ld-22"
(cd core/browser && cargo build --locked --quiet --release --target wasm32-unknown-unknown -Zbuild-std=core,alloc)

python3 tests/browser/drive.py "$binary" core/browser \
    "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/sansgram_browser.wasm"
