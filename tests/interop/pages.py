"""What the login pages of Pyrogram and of those that come from it show, run against the test DCs.

Arguments: the JSON line of `sansgram sandbox --json`, the folder that install.sh fills, and, to run some of them only, a
part of their names. Each program runs as a process of its own in an empty folder, with what a person would type on its
standard input; only addresses, key, API values, accounts and tokens are those of the sandbox. What a library does wrong by
itself is named beside the program.
"""

import asyncio
import base64
import os
import pathlib
import signal
import sys
import tempfile

asyncio.set_event_loop(asyncio.new_event_loop())

from telethon import TelegramClient
from telethon.crypto import rsa as telethon_rsa
from telethon.sessions import StringSession
from telethon.tl.functions.auth import AcceptLoginTokenRequest

import sandbox
from sandbox import API_HASH, API_ID, HOME_DC, PASSWORD, Sandbox

LINE = sys.argv[1]
SANDBOX = Sandbox(LINE)
# Where install.sh puts what calls itself pyrogram too.
STATE = pathlib.Path(sys.argv[2])
HERE = pathlib.Path(__file__).resolve().parent
PHONE, GUARDED = "9996621254", "9996611252"
BOT, BOT_ELSEWHERE = "1:sandbox", "2:elsewhere"
# Printed by the child when it begins to wait for updates, and where the link of a QR code goes.
IDLE, LINK = "-- idle --", "-- link -- "

# Before the program itself: leads the library to the sandbox, and tells when the program waits.
PRELUDE = f"""
import asyncio, importlib, sys
sys.path.insert(0, {str(HERE)!r})
asyncio.set_event_loop(asyncio.new_event_loop())
import pyrogram_reach, sandbox
library = pyrogram_reach.lead(MODULE, sandbox.Sandbox({LINE!r}))
running = importlib.import_module(MODULE + ".methods.utilities.run")
waits = running.idle
async def idle():
    # Printed at the first pause of the library's own, which minds Ctrl-C from then on.
    asyncio.get_event_loop().call_soon(lambda: print({IDLE!r}, flush=True))
    await waits()
running.idle = idle
import qrcode
shows = qrcode.QRCode.add_data
def add_data(self, data, *rest, **known):
    print({LINK!r} + data, flush=True)
    return shows(self, data, *rest, **known)
qrcode.QRCode.add_data = add_data
# A QR code is shown on a terminal only.
sys.stdout.isatty = lambda: True
"""


class Library:
    """A distribution: its name, the module, and the folder where it is, unless in the virtual environment."""

    def __init__(self, name, module, place=None, mended=""):
        self.name, self.module, self.mended = name, module, mended
        self.path = str(STATE / place) if place else ""


class Program:
    """A process that runs a program with a library led to the sandbox."""

    def __init__(self, library, folder, program, typed=()):
        self.library, self.folder, self.program = library, folder, program
        self.typed = "".join(f"{line}\n" for line in typed).encode()
        self.said = ""

    async def __aenter__(self):
        text = f"MODULE = {self.library.module!r}\n{PRELUDE}\n{self.library.mended}\n{self.program}"
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", "-c", text),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": self.library.path},
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
        )
        self.process.stdin.write(self.typed)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def until(self, word):
        """Reads until the program says `word`, and returns the rest of that line."""
        while True:
            line = (await self.process.stdout.readline()).decode(errors="replace")
            if not line:
                raise AssertionError(f"it ended before it said {word!r}:\n{self.said}")
            self.said += line
            if word in line:
                return line.split(word, 1)[1].strip()

    async def end(self, by=None):
        """Sends it the signal `by`, if there is one, and returns the exit code."""
        if by is not None:
            self.process.send_signal(by)
        self.said += (await self.process.stdout.read()).decode(errors="replace")
        return await self.process.wait()

    def ended(self, code, expected, says):
        """Fails, with all that was said, unless it ended as it must."""
        missing = [word for word in says if word not in self.said]
        if code != expected or missing:
            raise AssertionError(f"exit code {code}, expected {expected}; not said: {missing}\n{self.said}")


def in_a_folder(run):
    """A case that has an empty folder, and is alone in it."""

    async def case():
        with tempfile.TemporaryDirectory(prefix="sansgram-pages-") as folder:
            await run(pathlib.Path(folder))

    return case


def left_running(library, session, first, again, typed=(), says=(), config=None):
    """A client that waits for updates until Ctrl-C, and then once more with no more than its session."""

    async def run(folder):
        if config:
            (folder / "config.ini").write_text(config)
        for program, lines, words in ((first, typed, says), (again, (), ())):
            async with Program(library, folder, program, lines) as running:
                await running.until(IDLE)
                running.ended(await running.end(signal.SIGINT), 0, words)
            sandbox.equal("session file", (folder / f"{session}.session").is_file(), True)

    return in_a_folder(run)


def ends(library, program, typed=(), says=(), code=0):
    """A program that ends by itself, and says this."""

    async def run(folder):
        async with Program(library, folder, program, typed) as running:
            running.ended(await running.end(), code, says)

    return in_a_folder(run)


async def scan(link, phone):
    """The account of this number accepts what a QR code shows."""
    session = StringSession()
    session.set_dc(HOME_DC, *SANDBOX.addresses[HOME_DC])
    TelegramClient._config = None
    client = TelegramClient(session, API_ID, API_HASH, connection_retries=4)
    async with sandbox.connected(client):
        await client.send_code_request(phone)
        await client.sign_in(phone, phone[5] * 5)
        token = link.split("token=")[1]
        await client(AcceptLoginTokenRequest(token=base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))))
        await client.log_out()


def scanned(library, program, typed=(), says=(), code=0):
    """A program that shows a QR code, which is scanned, and then ends by itself."""

    async def run(folder):
        async with Program(library, folder, program, typed) as running:
            await scan(await running.until(LINK), PHONE)
            running.ended(await running.end(), code, says)

    return in_a_folder(run)


telethon_rsa._server_keys.clear()
telethon_rsa.add_key(SANDBOX.public_key_pem, old=False)

API = f"api_id={API_ID}, api_hash={API_HASH!r}"
PYROGRAM_1 = Library("Pyrogram 1.4.16", "pyrogram", "pyrogram1")
PYROGRAM = Library("Pyrogram", "pyrogram")
HYDROGRAM = Library("Hydrogram", "hydrogram")
KURIGRAM = Library("Kurigram", "pyrogram", "kurigram")
IRENOGRAM = Library("Irenogram", "pyrogram", "irenogram")


def client(name, *more):
    """The client of a program: the session's name, and what else it is given."""
    return f"app = library.Client({', '.join([repr(name), *filter(None, more)])})"


def by_phone(phone, password=None):
    """What a person types: the number with signs in it, that it is right, the code, and the password."""
    typed = f"+{phone[0]}-{phone[1:4]}-{phone[4:7]}-{phone[7:]}"
    return [typed, "y", phone[5] * 5, *filter(None, [password])]


def pages_that_run(library, api, greets=(), config=None):
    """A user, a user with a password on another DC, a bot: each by `run()`, and again without what the session has."""
    user, bot = client("my_account", api), client("my_bot", api, f"bot_token={BOT!r}")
    later, bot_later = client("my_account"), client("my_bot")
    run = "\napp.run()"

    def case(session, first, again, typed=(), says=()):
        return left_running(library, session, first + run, again + run, typed, says, config)

    elsewhere = by_phone(GUARDED, PASSWORD)
    return [
        (f"{library.name}: a user", case("my_account", user, later, by_phone(PHONE), greets)),
        (f"{library.name}: a password, on another DC", case("my_account", user, later, elsewhere, greets)),
        (f"{library.name}: a bot", case("my_bot", bot, bot_later)),
    ]


# Two programs: in a block of its own, and with a start that shows a QR code.
BLOCK = """
async def main():
    async with app:
        me = await app.get_me()
        print("in as", me.first_name, me.username)
asyncio.run(main())
"""


def by_code(given=""):
    return f"""
async def main():
    {client("my_account", API)}
    await app.start(use_qr=True{given})
    print("in as", (await app.get_me()).first_name)
    await app.stop()
asyncio.run(main())
"""


def pages_of_irenogram(library, says, code=0):
    """The programs of Irenogram's page; `says` is what each ends with."""
    values = f"phone_number='+{PHONE}', phone_code={PHONE[5] * 5!r}"
    user, bot = client("my_account", API), client("my_bot", API, f"bot_token={BOT_ELSEWHERE!r}")
    given = client("my_account", API, values)
    name, me = library.name, says or ["in as Sandbox"]
    robot = says or ["in as Sandbox bot sandbox2_bot"]
    return [
        (f"{name}: a user", ends(library, user + BLOCK, by_phone(PHONE), me, code)),
        (f"{name}: a bot, on another DC", ends(library, bot + BLOCK, (), robot, code)),
        (f"{name}: by values", ends(library, given + BLOCK, (), me, code)),
        (f"{name}: by QR code", scanned(library, by_code(), (), me, code)),
        (f"{name}: by QR code, without one account", scanned(library, by_code(", except_ids=[123456789]"), (), me, code)),
    ]


CONFIG = f"[pyrogram]\napi_id = {API_ID}\napi_hash = {API_HASH}\n"
# Irenogram 2.3.90 cannot read what users.getFullUser answers, from any server: `types.ChatSettings._parse` takes one
# argument and is given three, and `types.ChatTheme._parse` is wrong in the same way. Each of its programs logs in, and
# then ends with this; with a user read from the same answer, but without the profile, each ends as the page says.
FAULT = ["ChatSettings._parse() takes 2 positional arguments but 4 were given"]
MENDED = """
async def without_profile(client, full, users, chats):
    return library.types.User._parse(client, users[full.id])
library.types.User._parse_full = staticmethod(without_profile)
"""
KURIGRAM = Library("Kurigram 2.2.26", "pyrogram", "kurigram")
CASES = [
    # Version 1 takes the API's values from a file.
    *pages_that_run(Library("Pyrogram 1.4.16", "pyrogram", "pyrogram1"), None, config=CONFIG),
    *pages_that_run(Library("Pyrogram 2.0.106", "pyrogram"), API),
    *pages_that_run(Library("Hydrogram 0.2.0", "hydrogram"), API),
    pages_of_irenogram(Library("Irenogram 2.3.90 by itself", "pyrogram", "irenogram"), FAULT, code=1)[0],
    *pages_of_irenogram(Library("Irenogram 2.3.90, mended", "pyrogram", "irenogram", MENDED), []),
    (f"{KURIGRAM.name}: by QR code", scanned(KURIGRAM, by_code(), (), ["in as Sandbox"])),
]
if len(sys.argv) > 3:
    CASES = [case for case in CASES if sys.argv[3] in case[0]]
sandbox.run("pages", CASES)
