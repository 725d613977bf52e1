#!/usr/bin/env bash
# Irenogram 2.3.90 (PyPI) signs in, but cannot read the answer to its own `get_me()`, which each `start()` calls: it raises a
# TypeError for every valid `users.userFull`, since `types.ChatSettings._parse` takes one argument and is given three. The
# session is signed in and stays, so that a program fails although its sign-in has succeeded.
#
# Here `invoke` answers with an object of the library's own classes; no server is involved.
#
# Seen with Python 3.11: "TypeError: ChatSettings._parse() takes 2 positional arguments but 4 were given".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$folder" irenogram==2.3.90

seen=$(PYTHONPATH=$folder python3 - <<'PYTHON'
import asyncio

asyncio.set_event_loop(asyncio.new_event_loop())
import pyrogram
from pyrogram.raw import types

user = types.User(id=1, access_hash=1, first_name="Ada", is_self=True, restriction_reason=[], usernames=[])
full = types.UserFull(
    id=1, settings=types.PeerSettings(), notify_settings=types.PeerNotifySettings(), common_chats_count=0
)


async def answer(query, *_, **__):
    return types.users.UserFull(full_user=full, chats=[], users=[user])


client = pyrogram.Client("finding", in_memory=True)
client.invoke = answer
try:
    print("read:", asyncio.get_event_loop().run_until_complete(client.get_me()).first_name)
except TypeError as error:
    print(f"TypeError: {error}")
PYTHON
)
echo "Irenogram 2.3.90: $seen"
[[ $seen == "TypeError: ChatSettings._parse() takes 2 positional arguments but 4 were given" ]]
