#!/usr/bin/env bash
# Sessions travel: what the real libraries write is imported exactly, and what we export is opened by them.
#
#   tests/interop/sessions.sh             builds the sansgram command itself
#   tests/interop/sessions.sh COMMAND     takes this one
#
# Keys are random, and nothing uses the network but pip and npm. GramJS, mtcute and TDLib need node and npm; without
# them they are left out, which is said.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/install.sh"

if [[ $# -eq 0 ]]; then
    cargo build --quiet --manifest-path "$root/Cargo.toml" --package sansgram
    set -- "${CARGO_TARGET_DIR:-$root/target}/debug/sansgram"
fi
sansgram=$(realpath "$1")

status=0
run_python() { "$python" "$here/sessions.py" "$1" "$sansgram" </dev/null || status=1; }
run_python telethon
run_python telethon2
run_python pyrogram
run_python hydrogram
PYTHONPATH=$state/kurigram run_python kurigram
PYTHONPATH=$state/irenogram run_python irenogram
"$python" "$here/sessions_tdata.py" "$sansgram" </dev/null || status=1

if [[ -n $node ]]; then
    node "$node/sessions.mjs" "$sansgram" </dev/null || status=1
    node "$node/sessions_tdata.mjs" "$sansgram" </dev/null || status=1
    # TDLib comes from npm too, but needs no node.
    tdjson=$node/node_modules/@prebuilt-tdlib/linux-x64-glibc/libtdjson.so
    if [[ -e $tdjson ]]; then
        "$python" "$here/sessions_tdlib.py" "$sansgram" "$tdjson" </dev/null || status=1
    else
        echo "TDLib: left out, as it is built for Linux on x86-64 with glibc only"
    fi
    node "$state/convert/mtkruto.mjs" "$sansgram" </dev/null || status=1
fi

# Crates that others publish; they are built here, which takes some minutes the first time.
if CARGO_TARGET_DIR=$state/crates cargo build --quiet --locked --manifest-path "$here/crates/Cargo.toml"; then
    "$python" "$here/sessions_crates.py" "$state/crates/debug/interop-crates" "$sansgram" </dev/null || status=1
else
    status=1
fi
exit "$status"
