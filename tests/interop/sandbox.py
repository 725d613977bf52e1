"""What all clients must know of the test DCs: addresses, public key, accounts, and how to report."""

import asyncio
import contextlib
import hashlib
import json
import sys
import time
import traceback
import zlib

import rsa

API_ID = 1
API_HASH = "0123456789abcdef0123456789abcdef"
HOME_DC = 2
PASSWORD = "sandbox"
MEBIBYTE = 1 << 20
# Seconds for one login, handshakes included.
PATIENCE = 120
# After so many failures the rest would only fail as slowly.
MOST_FAILURES = 2


class Sandbox:
    """The test DCs, from the line that `sansgram sandbox --json` prints first."""

    def __init__(self, line):
        described = json.loads(line)
        self.addresses = {}
        for dc in described["dcs"]:
            host, _, port = dc["address"].rpartition(":")
            self.addresses[dc["id"]] = (host.strip("[]"), int(port))
        self.key_file = described["public_key"]
        with open(self.key_file, encoding="ascii") as file:
            self.public_key_pem = file.read()
        self.public_key = rsa.PublicKey.load_pkcs1(self.public_key_pem.encode())


class Account:
    """An account of the sandbox, and what must be true of it after the login."""

    def __init__(self, dc, phone=None, token=None, password=None):
        self.dc, self.phone, self.token, self.password = dc, phone, token, password
        self.code = str(dc) * 5
        self.user_id = int(phone) if phone else int(token.split(":")[0])
        self.first_name = "Sandbox" if phone else "Sandbox bot"

    def __str__(self):
        what = f"phone {self.phone}" if self.phone else f"bot {self.token}"
        password = " with a password" if self.password else ""
        return f"{what}{password} on DC {self.dc}"

    def check(self, *, user_id, first_name, phone, is_bot, dc):
        """Compares what the client says of itself with what it must be."""
        equal("user id", user_id, self.user_id)
        equal("first name", first_name, self.first_name)
        equal("phone", phone, self.phone)
        equal("bot", bool(is_bot), self.phone is None)
        equal("DC", dc, self.dc)


# By phone, by phone and password, by token: each at home and, through a migration, elsewhere.
ACCOUNTS = [
    Account(2, phone="9996621234"),
    Account(1, phone="9996611234"),
    Account(2, phone="9996621232", password=PASSWORD),
    Account(3, phone="9996635672", password=PASSWORD),
    Account(2, token="1:sandbox"),
    Account(1, token="2:elsewhere"),
]


def strangers(client):
    """Numbers on DC 2 that are not registered, except by earlier runs; each client begins with another one."""
    first = zlib.crc32(client.encode()) % 1000
    return (f"999662{(first + number) % 1000:03}9" for number in range(1000))


# Each has numbers of its own, so that none finds the messages of another.
LIBRARIES = ["Telethon", "Pyrogram", "Hydrogram", "Kurigram", "Irenogram"]
# The last is `grammers/src/first_day.rs`, which has the numbers from 900 on.
CLIENTS = LIBRARIES + [f"first day with {library}" for library in LIBRARIES] + ["grammers"]


def two_numbers(client):
    """Numbers on DC 2 that are registered and have no password; others with each run."""
    share = 1000 // len(CLIENTS)
    first = CLIENTS.index(client) * share + int(time.time() * 10) % share
    return f"999662{first:03}3", f"999662{first:03}5"


def check_hashes(content, hashes):
    """Fails unless the hashes, as offset, length and SHA-256, are those of the content."""
    covered = 0
    for offset, length, digest in hashes:
        equal("offset of a hash", offset, covered)
        covered += length
        equal("hash", digest, hashlib.sha256(content[offset:covered]).digest())
    equal("hashed bytes", covered, len(content))


def equal(what, found, expected):
    """Fails with a sentence unless both are the same."""
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


@contextlib.asynccontextmanager
async def connected(client):
    """The client while it is connected, with what its `connect` says."""
    said = await client.connect()
    try:
        yield said
    finally:
        await client.disconnect()


async def refused(error, call):
    """Fails unless awaiting `call` raises `error`."""
    try:
        await call
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected, but the server agreed")


def run(client, cases):
    """Runs `(name, coroutine function)` pairs; exits with a sentence and status 1 unless all went well."""

    async def all_cases():
        failed = 0
        for name, case in cases:
            if failed == MOST_FAILURES:
                sys.exit(f"{client}: gave up after {failed} failures")
            try:
                await asyncio.wait_for(case(), PATIENCE)
            except asyncio.TimeoutError:
                failed += 1
                print(f"FAILED  {client}: {name}: no end after {PATIENCE} s", file=sys.stderr)
            except Exception as error:  # the report is the point here, whatever went wrong
                failed += 1
                traceback.print_exc()
                print(f"FAILED  {client}: {name}: {type(error).__name__}: {error}", file=sys.stderr)
            else:
                print(f"ok      {client}: {name}", flush=True)
        return failed

    failed = asyncio.get_event_loop().run_until_complete(all_cases())
    if failed:
        sys.exit(f"{client}: {failed} of {len(cases)} failed")
