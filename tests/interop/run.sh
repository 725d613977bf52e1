#!/usr/bin/env bash
# Programs that others wrote, over loopback: clients log in to the test DCs, one of them also through the fake TLS before
# them, and as their login pages show it; they send messages and files to each other; a server speaks our transports; a
# proxy stands between our client and the test DCs, also with fake TLS.
#
#   tests/interop/run.sh                     starts the sandbox itself
#   tests/interop/run.sh COMMAND [ARG...]    starts this sandbox instead; its first line on stdout must be the JSON of
#                                            `sansgram sandbox --json`
#   tests/interop/run.sh '{"dcs":...}'       a sandbox that runs already, by that line
#
# Needs python3 (3.11 or later) with venv; without node and npm the clients in JavaScript are left out, which is said. The
# programs come from PyPI and npm, and are kept in target/interop (or in $SANSGRAM_INTEROP_DIR).
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/install.sh"

# Ends these processes, and waits for them, so that their last words do not come behind ours.
end() {
    local process
    for process; do
        [[ -z $process ]] || { kill "$process" && wait "$process"; } 2>/dev/null || true
    done
}

cargo build --quiet --manifest-path "$root/Cargo.toml" --package sansgram
binary=${CARGO_TARGET_DIR:-$root/target}/debug/sansgram

sandbox= front=
trap 'end "$sandbox" "$front"' EXIT
if [[ $# -eq 1 && $1 == '{'* ]]; then
    line=$1
else
    if [[ $# -eq 0 ]]; then
        set -- "$binary" sandbox --json --public-key "$state/sandbox.pem"
    fi
    exec {output}< <(exec "$@")
    sandbox=$!
    if ! read -r -t 60 line <&"$output"; then
        echo "the sandbox printed no address (it had up to 60 s): $*" >&2
        exit 1
    fi
    # The rest is drained: a full pipe would block the sandbox.
    cat <&"$output" >/dev/null &
fi

cargo build --quiet --manifest-path "$root/Cargo.toml" --package sansgram-harness --example through
through=${CARGO_TARGET_DIR:-$root/target}/debug/examples/through

status=0
"$python" "$here/telethon_login.py" "$line" </dev/null || status=1
"$python" "$here/pyrogram_login.py" "$line" Pyrogram pyrogram </dev/null || status=1
"$python" "$here/pyrogram_login.py" "$line" Hydrogram hydrogram </dev/null || status=1
PYTHONPATH=$state/kurigram "$python" "$here/pyrogram_login.py" "$line" Kurigram pyrogram </dev/null || status=1
PYTHONPATH=$state/irenogram "$python" "$here/pyrogram_login.py" "$line" Irenogram pyrogram </dev/null || status=1
"$python" "$here/telethon_messages.py" "$line" </dev/null || status=1
"$python" "$here/pyrogram_messages.py" "$line" Pyrogram pyrogram </dev/null || status=1
"$python" "$here/pyrogram_messages.py" "$line" Hydrogram hydrogram </dev/null || status=1
# Irenogram cannot start with updates, see above: it cannot read the answer to its own get_me().
PYTHONPATH=$state/kurigram "$python" "$here/pyrogram_messages.py" "$line" Kurigram pyrogram </dev/null || status=1
# What the book shows of a first day.
"$python" "$here/first_day_telethon.py" "$line" </dev/null || status=1
"$python" "$here/first_day_pyrogram.py" "$line" Pyrogram pyrogram </dev/null || status=1
"$python" "$here/first_day_pyrogram.py" "$line" Hydrogram hydrogram </dev/null || status=1
PYTHONPATH=$state/kurigram "$python" "$here/first_day_pyrogram.py" "$line" Kurigram pyrogram </dev/null || status=1
# What the guide of the testkit shows; it starts a sandbox of its own.
(cd "$state" && SANSGRAM=$binary "$python" "$root/tests/dc/examples/test_with_telethon.py" </dev/null) || status=1
"$python" "$here/pages.py" "$line" "$state" </dev/null || status=1

# grammers-client knows Telegram's keys only, so it is compiled with the sandbox's; the first time takes a minute.
mkdir -p "$state/grammers"
cp -r "$here"/grammers/{Cargo.toml,Cargo.lock,src} "$state/grammers/"
"$python" "$here/grammers/with_key.py" "$line" "$here/grammers/Cargo.toml" "$state/grammers-mtproto"
if CARGO_TARGET_DIR=$state/grammers-target cargo build --quiet --manifest-path "$state/grammers/Cargo.toml" \
    --config "patch.crates-io.grammers-mtproto.path='$state/grammers-mtproto'"; then
    "$state/grammers-target/debug/sansgram-interop-grammers" "$line" </dev/null || status=1
else
    status=1
fi
if [[ -n $node ]]; then
    node "$node/gramjs_login.mjs" "$line" </dev/null || status=1
    node "$node/gramjs_login.mjs" "$line" telegram ws </dev/null || status=1
    node "$node/gramjs_login.mjs" "$line" teleproto </dev/null || status=1
    node "$node/mtcute_login.mjs" "$line" </dev/null || status=1
    node "$node/first_day_mtcute.mjs" "$line" </dev/null || status=1
    "$python" "$here/method_errors.py" "$node/node_modules/@mtcute/core" --check || status=1

    # What the guide of the testkit shows; it starts a sandbox of its own.
    (cd "$state" && SANSGRAM=$binary node "$node/test_with_mtcute.mjs" </dev/null) || status=1

    # The test DCs behind their own fake TLS: what our client is tested against, checked by another one.
    secret=ee00112233445566778899aabbccddeeff$(printf proxy.example | od -An -v -tx1 | tr -d ' \n')
    exec {output}< <(exec "$through" serve "$secret" "$state/front.pem" 2>/dev/null)
    front=$!
    if read -r -t 60 line_of_front <&"$output"; then
        node "$node/mtcute_login.mjs" "$line_of_front" "$secret" </dev/null || status=1
    else
        echo "the test DCs behind an MTProxy printed no address" >&2
        status=1
    fi
fi
"$python" "$here/mtproto_frames.py" "$through" </dev/null || status=1
"$python" "$here/mtproxy_login.py" "$line" "$through" </dev/null || status=1
"$here/sessions.sh" "$binary" || status=1
exit "$status"
