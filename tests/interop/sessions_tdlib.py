"""TDLib's database log, both ways, without a network. Arguments: the sansgram command, the library libtdjson.so."""

import base64
import ctypes
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox import equal

SANSGRAM, LIBRARY = sys.argv[1:]
ROUNDS = 4
# The longest that TDLib may take for a step, in seconds.
PATIENCE = 30

tdjson = ctypes.CDLL(LIBRARY)
tdjson.td_create_client_id.restype = ctypes.c_int
tdjson.td_send.argtypes = [ctypes.c_int, ctypes.c_char_p]
tdjson.td_receive.restype = ctypes.c_char_p
tdjson.td_receive.argtypes = [ctypes.c_double]
tdjson.td_execute.restype = ctypes.c_char_p
tdjson.td_execute.argtypes = [ctypes.c_char_p]
tdjson.td_execute(b'{"@type":"setLogVerbosityLevel","new_verbosity_level":0}')


def sessions(*args, passcode=None, fails=False):
    variables = {**os.environ, **({"SANSGRAM_PASSCODE": passcode} if passcode else {})}
    done = subprocess.run([SANSGRAM, "sessions", *args], capture_output=True, text=True, env=variables)
    if bool(done.returncode) != fails:
        raise SystemExit(f"TDLib: sansgram sessions {args[0]}: {done.stdout}{done.stderr}")
    return done.stderr if fails else done.stdout


class TDLib:
    """A client of TDLib on a database directory."""

    def __init__(self, directory, key=b"", test=False):
        self.id = tdjson.td_create_client_id()
        self.options = {}
        # It is not to reach any server.
        self.send("setNetworkType", type={"@type": "networkTypeNone"})
        self.send(
            "setTdlibParameters", use_test_dc=test, database_directory=directory, files_directory=directory,
            database_encryption_key=base64.b64encode(key).decode(), use_file_database=False,
            use_chat_info_database=False, use_message_database=False, use_secret_chats=False, api_id=1,
            api_hash="0" * 32, system_language_code="en", device_model="test", system_version="1",
            application_version="1",
        )

    def send(self, name, **arguments):
        tdjson.td_send(self.id, json.dumps({"@type": name, "@extra": name, **arguments}).encode())

    def wait(self, found):
        """The first answer or update for which `found` says something."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            line = tdjson.td_receive(1.0)
            event = json.loads(line) if line else {}
            if event.get("@client_id") != self.id:
                continue
            if event["@type"] == "updateOption":
                self.options[event["name"]] = event["value"].get("value")
            if (result := found(event)) is not None:
                return result
        raise AssertionError("TDLib did not answer")

    def state(self):
        """What it says once it is past its start: the state of the login, or an error of the parameters."""
        passed = {"authorizationStateWaitTdlibParameters", "authorizationStateClosed"}

        def found(event):
            if event["@type"] == "error" and event.get("@extra") == "setTdlibParameters":
                return event["message"]
            if event["@type"] == "updateAuthorizationState":
                state = event["authorization_state"]["@type"]
                return None if state in passed else state
            return None

        return self.wait(found)

    def close(self):
        self.send("close")
        closed = "authorizationStateClosed"
        self.wait(lambda event: event.get("authorization_state", {}).get("@type") == closed or None)


def shown(name):
    return json.loads(sessions("show", "--session", name, "--json"))


def there_and_back(number, begin):
    """A session of ours, opened and written anew by TDLib, and read again."""
    key, dc, test = os.urandom(256), random.randrange(1, 4), number % 2 == 1
    # TDLib knows no identifiers of more than 40 bits.
    user = random.randrange(1, 1 << random.choice([31, 33, 40]))
    is_bot = random.random() < 0.3
    packed = dc.to_bytes(1, "big") + begin + bytes([test]) + key + user.to_bytes(8, "big") + bytes([is_bot])
    string = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    name, file = f"ours-{number}", "td_test.binlog" if test else "td.binlog"
    sessions("import", "--from", string, "--session", name)
    key_id = hashlib.sha1(key).digest()[12:20].hex()
    expected = dict(dc=dc, user_id=user, is_bot=is_bot, test=test, auth_key_id=key_id)

    database_key = random.choice(["", "a database key"])
    folder = f"td-{number}"
    os.mkdir(folder)
    export = ("export", "--session", name, "--to", "tdlib", "--output", f"{folder}/{file}")
    sessions(*export, passcode=database_key)
    if database_key:
        wrong = TDLib(folder, b"another one", test)
        message = wrong.state()
        if "ncryption key" not in message:
            raise AssertionError(f"another database key: {message}")
        wrong.close()
    client = TDLib(folder, database_key.encode(), test)
    equal("the state of TDLib", client.state(), "authorizationStateReady")
    client.wait(lambda event: client.options.get("my_id"))
    equal("the user of TDLib", int(client.options["my_id"]), user)
    # It writes its log anew, under another key.
    other = os.urandom(32)
    client.send("setDatabaseEncryptionKey", new_encryption_key=base64.b64encode(other).decode())
    client.wait(lambda event: event["@type"] if event.get("@extra") == "setDatabaseEncryptionKey" else None)
    client.close()
    for passcode, source in [(base64.b64encode(other).decode(), folder), (other.hex(), f"{folder}/{file}")]:
        again = f"again-{len(list(Path().glob('again-*')))}"
        sessions("import", "--from", source, "--session", again, passcode=passcode)
        found = shown(again)
        equal("what TDLib wrote", {field: found[field] for field in expected}, expected)
    refused = sessions("import", "--from", folder, "--session", "none", passcode="wrong", fails=True)
    if "database encryption key is wrong" not in refused:
        raise AssertionError(refused)


def fresh():
    """TDLib's own, in which no user is logged in."""
    os.mkdir("fresh")
    client = TDLib("fresh")
    equal("the state of TDLib", client.state(), "authorizationStateWaitPhoneNumber")
    client.close()
    refused = sessions("import", "--from", "fresh", "--session", "none", fails=True)
    if "no user is logged in" not in refused:
        raise AssertionError(refused)


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    try:
        fresh()
        for number in range(ROUNDS):
            there_and_back(number, (12345).to_bytes(4, "big"))
    except AssertionError as error:
        print(f"TDLib: {error}", file=sys.stderr, flush=True)
        # Its threads would be ended in the middle.
        os._exit(1)
    finally:
        os.chdir("/")
print(f"TDLib: {ROUNDS} database logs there and back")
