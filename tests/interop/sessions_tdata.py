"""Telegram Desktop's tdata by opentele2, both ways, with random keys. Argument: the sansgram command."""

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

# Its public way to make a folder asks the servers; this is what lies beneath.
from opentele2._native import Account, TData
from opentele2.exception import TDataBadDecryptKey
from opentele2.td import TDesktop

from sandbox import equal

SANSGRAM = sys.argv[1]
ROUNDS = 2


def sessions(*args, passcode=None):
    variables = {**os.environ, **({"SANSGRAM_PASSCODE": passcode} if passcode else {})}
    done = subprocess.run([SANSGRAM, "sessions", *args], capture_output=True, text=True, env=variables)
    if done.returncode:
        raise SystemExit(f"opentele2: sansgram sessions {args[0]}: {done.stderr}")
    return done.stdout


def taken_over(what, folder, expected, passcode, *options):
    name = f"ours-{len(list(Path().glob('ours-*')))}"
    sessions("import", "--from", folder, "--session", name, *options, passcode=passcode)
    shown = json.loads(sessions("show", "--session", name, "--json"))
    equal(what, {field: shown[field] for field in expected}, expected)
    return name


def there_and_back(number, passcode):
    """Two accounts of theirs, of which the second is the active one; both of ours, opened by them."""
    keys = [os.urandom(256), os.urandom(256)]
    users = [random.randrange(1, 1 << random.choice([31, 33, 52])) for _ in keys]
    dcs = random.sample(range(1, 6), 2)
    accounts = [Account(at, users[at], dcs[at], [(dcs[at], keys[at])]) for at in range(2)]
    theirs = f"theirs-{number}"
    TData.new(accounts, (passcode or "").encode(), False, 1).save(theirs)
    for options, at in [((), 1), (("--account", "1"), 0), (("--account", "2"), 1)]:
        key_id = hashlib.sha1(keys[at]).digest()[12:20].hex()
        expected = dict(dc=dcs[at], user_id=users[at], is_bot=False, test=False, auth_key_id=key_id)
        name = taken_over(f"account {at + 1}", theirs, expected, passcode, *options)

        ours = f"of-{name}"
        sessions("export", "--session", name, "--to", "tdata", "--output", ours, passcode=passcode)
        account = TDesktop(ours, passcode=passcode).mainAccount
        found = (account.UserId, account.MainDcId, account.authKey.key, account.MtpConfig.isTestMode())
        equal("exported folder", found, (users[at], dcs[at], keys[at], False))
        taken_over("our own folder", ours, expected, passcode)
    if passcode:
        try:
            TDesktop(ours)
        except TDataBadDecryptKey:
            # It is no Exception, so that nothing else catches it.
            return
        raise AssertionError("our folder opens without its passcode")


def of_test_dcs():
    """The flag that says test DCs stands in a file of its own."""
    sample = Path(__file__).resolve().parents[1] / "vectors" / "sessions" / "tdlib"
    sample = sample / "own-logged-in-after-tdlib-opened-it.binlog"
    name = "ours-test"
    sessions("import", "--test", "--from", str(sample), "--session", name)
    sessions("export", "--session", name, "--to", "tdata", "--output", "of-test")
    account = TDesktop("of-test").mainAccount
    equal("test DCs", (account.MtpConfig.isTestMode(), account.UserId), (True, 987654321))
    equal("their addresses", sorted(account.MtpConfig.dcOptions), [1, 2, 3])
    taken_over("our own folder", "of-test", dict(test=True, user_id=987654321), None)


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    try:
        for number in range(ROUNDS):
            there_and_back(number, random.choice(["secret", "два слова"]) if number % 2 else None)
        of_test_dcs()
    except AssertionError as error:
        sys.exit(f"opentele2: {error}")
    finally:
        os.chdir("/")
print(f"opentele2: {ROUNDS} folders of Telegram Desktop there and back")
