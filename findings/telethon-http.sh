#!/usr/bin/env bash
# Telethon 1.45.0 (PyPI) offers `ConnectionHttp`, and can read no HTTP answer at all: it compares the last element of a line,
# which is a number in Python 3, with b"\n", takes every line for a cut one, and raises IncompleteReadError at the status
# line. A program that chooses it sees "Server closed the connection: 17 bytes read on a total of undefined expected bytes"
# about a server that answered in full and kept the connection open.
#
# Here its codec gets a whole, valid answer from memory; no server is involved.
#
# Seen with Python 3.11: "IncompleteReadError at b'HTTP/1.1 200 OK\r\n', 53 bytes not looked at".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$folder" telethon==1.45.0

seen=$(PYTHONPATH=$folder python3 - <<'PYTHON'
import asyncio

from telethon.network.connection.http import HttpPacketCodec


async def main():
    reader = asyncio.StreamReader()
    reader.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: keep-alive\r\n\r\n" + bytes(8))
    codec = HttpPacketCodec(None)
    try:
        print("read:", await codec.read_packet(reader))
    except asyncio.IncompleteReadError as error:
        rest = await asyncio.wait_for(reader.read(1000), 5)
        print(f"IncompleteReadError at {error.partial!r}, {len(rest)} bytes not looked at")


asyncio.run(main())
PYTHON
)
echo "Telethon 1.45.0: $seen"
[[ $seen == "IncompleteReadError at b'HTTP/1.1 200 OK\\r\\n', "*" bytes not looked at" ]]
