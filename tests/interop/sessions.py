"""A library's sessions, both ways, with random keys. Arguments: the library, and the sansgram command."""

import asyncio
import base64
import datetime
import hashlib
import json
import os
import random
import sqlite3
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

asyncio.set_event_loop(asyncio.new_event_loop())

from sandbox import equal

LIBRARY, SANSGRAM = sys.argv[1:]
ROUNDS = 8
PRODUCTION = {1: "149.154.175.50", 2: "149.154.167.51", 3: "149.154.175.100", 4: "149.154.167.91", 5: "149.154.171.5"}
TEST = {1: "149.154.175.10", 2: "149.154.167.40", 3: "149.154.175.117"}


class Session:
    """What a session says. `dc`, `key`, `user_id` and so on are random."""

    def __init__(self):
        self.test = random.random() < 0.3
        self.dc = random.choice(list(TEST if self.test else PRODUCTION))
        self.address = (TEST if self.test else PRODUCTION)[self.dc]
        self.port = 443
        self.key = os.urandom(256)
        self.api_id = random.randrange(1, 30_000_000)
        # Of 32 bits at times, and as long as they may get.
        self.user_id = random.randrange(1, 1 << random.choice([31, 33, 52]))
        self.is_bot = random.random() < 0.5

    def shown(self, **changes):
        """What `sansgram sessions show` should say."""
        key_id = hashlib.sha1(self.key).digest()[12:20].hex()
        known = dict(dc=self.dc, user_id=self.user_id, is_bot=self.is_bot, api_id=self.api_id, test=self.test)
        return {**known, "auth_key_id": key_id, **changes}


def sessions(*args):
    done = subprocess.run([SANSGRAM, "sessions", *args], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{LIBRARY}: sansgram sessions {args[0]}: {done.stderr}")
    return done.stdout


def taken_over(what, source, expected):
    """Imports a string or file; returns the name of the session, which says what is expected."""
    name = f"ours-{len(list(Path().glob('ours-*')))}"
    before = Path(source).read_bytes() if len(source) < 200 else None
    listed = sorted(os.listdir())
    sessions("import", "--from", source, "--session", name)
    equal(f"{what}: files", sorted(set(os.listdir()) - set(listed)), [f"{name}.session"])
    if before is not None:
        equal(f"{what}: the original", Path(source).read_bytes(), before)
    shown = json.loads(sessions("show", "--session", name, "--json"))
    # Not every format says where the server is; all addresses here are Telegram's.
    assert shown.pop("server") in (None, "telegram", "telegram-test"), what
    equal(what, shown, expected)
    return name


def complete(session):
    """A session of ours that knows everything, by way of a string."""
    packed = struct.pack(
        ">BI?256sQ?", session.dc, session.api_id, session.test, session.key, session.user_id, session.is_bot
    )
    string = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return taken_over("the string to begin with", string, session.shown())


def exported(name, to):
    """The file's name, without `.session`."""
    theirs = f"theirs-{name}-{to}"
    sessions("export", "--session", name, "--to", to, "--output", f"{theirs}.session")
    return theirs


def telethon(session):
    from telethon.crypto import AuthKey
    from telethon.sessions import SQLiteSession, StringSession
    from telethon.tl.types import updates

    is_ipv6 = random.random() < 0.3 and not session.test
    address = "2001:67c:4e8:f004::a" if is_ipv6 else session.address

    def fill(theirs):
        theirs.set_dc(session.dc, address, session.port)
        theirs.auth_key = AuthKey(session.key)
        return theirs

    def check(what, theirs, address):
        found = (theirs.dc_id, theirs.server_address, theirs.port, theirs.auth_key.key)
        equal(what, found, (session.dc, address, session.port, session.key))

    unknown = session.shown(user_id=None, is_bot=None, api_id=None)
    name = taken_over("string", fill(StringSession()).save(), unknown)
    sessions("export", "--session", name, "--to", "telethon", "--output", f"{name}.txt")
    # As people do it: whatever is in the file, and whatever the command prints into a pipe.
    check("exported file of a string", StringSession(open(f"{name}.txt").read()), session.address)
    string = sessions("export", "--session", name, "--to", "telethon")
    check("exported string", StringSession(string), session.address)

    ipv6 = f"{session.dc}=[2001:67c:4e8:f004::a]:443"
    string = sessions("export", "--session", name, "--to", "telethon", "--dc", ipv6)
    check("exported string with IPv6", StringSession(string), "2001:67c:4e8:f004::a")

    theirs = fill(SQLiteSession(f"theirs-{name}"))
    theirs.save()
    theirs.close()
    taken_over("file", f"theirs-{name}.session", unknown)
    # Version 7 is the same without its last column.
    database = sqlite3.connect(f"theirs-{name}.session")
    database.executescript("ALTER TABLE sessions DROP COLUMN tmp_auth_key; UPDATE version SET version = 7")
    database.close()
    taken_over("file of version 7", f"theirs-{name}.session", unknown)

    theirs = SQLiteSession(exported(complete(session), "telethon-sqlite"))
    check("exported file", theirs, session.address)
    equal("exported user", theirs.get_input_entity(0).access_hash, session.user_id)
    # Telethon writes to the file as to its own.
    theirs.set_update_state(0, updates.State(1, 2, datetime.datetime.now(), 3, 0))
    theirs.save()
    theirs.close()


def telethon2(session):
    """There is no published package of Telethon 2: its own queries must find what they look for."""
    database = sqlite3.connect(f"{exported(complete(session), 'telethon2-sqlite')}.session")
    tables = ("version", "datacenter", "user", "state")
    found = [database.execute(f"SELECT * FROM {table}").fetchall() for table in tables]
    address = f"{session.address}:{session.port}"
    equal("rows", found[:2], [[(10,)], [(session.dc, address, session.key)]])
    equal("user", found[2][0], (session.user_id, session.dc, session.is_bot, None))
    with database:
        database.execute("DELETE FROM user")
        database.execute("INSERT INTO user VALUES (?, ?, ?)", (session.user_id, session.dc, session.is_bot))
    path = database.execute("PRAGMA database_list").fetchone()[2]
    database.close()
    taken_over("file", path, session.shown(api_id=None))


async def fill(storage, session):
    await storage.dc_id(session.dc)
    await storage.api_id(session.api_id)
    await storage.test_mode(session.test)
    await storage.auth_key(session.key)
    await storage.user_id(session.user_id)
    await storage.is_bot(session.is_bot)
    if hasattr(storage, "server_address"):
        await storage.server_address(session.address)
        await storage.port(session.port)
    await storage.save()


async def check(what, storage, session):
    found = [await storage.dc_id(), await storage.api_id(), bool(await storage.test_mode())]
    found += [await storage.auth_key(), await storage.user_id(), bool(await storage.is_bot())]
    equal(what, found, [session.dc, session.api_id, session.test, session.key, session.user_id, session.is_bot])


async def family(session, in_file, in_memory, to):
    """Pyrogram and those that come from it: `in_file(name)` and `in_memory(string)` make its storages."""
    theirs = in_memory(None)
    await theirs.open()
    await fill(theirs, session)
    name = taken_over("string", await theirs.export_session_string(), session.shown())
    await theirs.close()

    sessions("export", "--session", name, "--to", "pyrogram", "--output", f"{name}.txt")
    theirs = in_memory(open(f"{name}.txt").read())
    await theirs.open()
    await check("exported string", theirs, session)
    await theirs.close()

    theirs = in_file(f"theirs-{name}")
    await theirs.open()
    await fill(theirs, session)
    if random.random() < 0.5:
        # Also while it is open.
        taken_over("open file", f"theirs-{name}.session", session.shown())
    await theirs.close()
    taken_over("file", f"theirs-{name}.session", session.shown())

    theirs = in_file(exported(name, to))
    await theirs.open()
    await check("exported file", theirs, session)
    if hasattr(theirs, "server_address"):
        found = (await theirs.server_address(), await theirs.port())
        equal("exported address", found, (session.address, session.port))
    # The library writes to the file as to its own.
    await theirs.save()
    await theirs.close()


async def pyrogram(session):
    from pyrogram.storage import FileStorage, MemoryStorage

    await family(
        session,
        lambda name: FileStorage(name, Path()),
        lambda string: MemoryStorage("memory", string),
        "pyrogram-sqlite",
    )


async def hydrogram(session):
    from hydrogram.storage import SQLiteStorage

    await family(
        session,
        lambda name: SQLiteStorage(name, Path()),
        lambda string: SQLiteStorage("memory", session_string=string, use_memory=True),
        "pyrogram-sqlite",
    )


async def kurigram(session):
    from pyrogram.storage.sqlite_storage import SQLiteStorage

    use_wal = random.random() < 0.5
    await family(
        session,
        lambda name: SQLiteStorage(name, Path(), use_wal=use_wal),
        lambda string: SQLiteStorage("memory", Path(), session_string=string, in_memory=True),
        "kurigram-sqlite",
    )


irenogram = kurigram


async def main():
    one = globals()[LIBRARY]
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        for _ in range(ROUNDS):
            done = one(Session())
            if done is not None:
                await done
        os.chdir("/")
    print(f"{LIBRARY}: {ROUNDS} sessions there and back")


try:
    asyncio.get_event_loop().run_until_complete(main())
except AssertionError as error:
    print(f"{LIBRARY}: {error}", file=sys.stderr, flush=True)
    # Some libraries keep threads that never end.
    os._exit(1)
