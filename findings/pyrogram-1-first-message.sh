#!/usr/bin/env bash
# Pyrogram 1.4.16 (PyPI) does not use the system's clock for message identifiers. Before the first answer of a server, the
# time in an identifier is the time since the machine started, and its two lowest bits are not 0.
#
# MTProto wants Unix time and identifiers divisible by 4 from a client. The library works, since its first message also has
# the salt 0: the identifier of `bad_server_salt` tells it the time. A server that looks at the identifier before the salt
# answers with `bad_msg_notification` instead, at which this library ends with an exception.
#
# Seen with Python 3.11: "time in the identifiers: that of the machine's start; divisible by 4: not all".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$folder" pyrogram==1.4.16

seen=$(PYTHONPATH=$folder python3 - <<'PYTHON'
import asyncio
import time

asyncio.set_event_loop(asyncio.new_event_loop())
from pyrogram.session.internals import MsgId

# A float has no more bits than its whole part leaves: after 97 days without a restart all identifiers are divisible.
fresh = time.perf_counter() < 2**23
identifiers = [MsgId() for _ in range(64)]
since_start = all(abs((identifier >> 32) - time.perf_counter()) < 5 for identifier in identifiers)
divisible = all(identifier % 4 == 0 for identifier in identifiers)
print(
    f"time in the identifiers: that of {'the machine’s start' if since_start else 'another clock'}; "
    f"divisible by 4: {'all' if divisible and fresh else 'not all'}".replace("’", "'")
)
PYTHON
)
echo "Pyrogram 1.4.16: $seen"
[[ $seen == "time in the identifiers: that of the machine's start; divisible by 4: not all" ]]
