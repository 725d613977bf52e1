"""Sessions of grammers and ferogram, both ways, with random keys. Arguments: the program of `crates/`, and the sansgram
command."""

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile

from sandbox import equal

CRATES, SANSGRAM = sys.argv[1:]
ROUNDS = 4
ADDRESSES = {1: "149.154.175.50", 2: "149.154.167.51", 3: "149.154.175.100", 4: "149.154.167.91", 5: "149.154.171.5"}


def run(*args):
    done = subprocess.run(args, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(args[:3])}: {done.stderr}")
    return done.stdout


def taken_over(source, name, expected):
    run(SANSGRAM, "sessions", "import", "--from", source, "--session", name)
    shown = json.loads(run(SANSGRAM, "sessions", "show", "--session", name, "--json"))
    equal(f"{name} imported", {field: shown[field] for field in expected}, expected)


def main():
    for round in range(ROUNDS):
        dc, key, user = random.randrange(1, 6), os.urandom(256), random.randrange(1, 1 << 40)
        is_bot = random.random() < 0.5
        known = dict(dc=dc, user_id=user, auth_key_id=hashlib.sha1(key).digest()[12:20].hex())

        run(CRATES, "write", "grammers", f"theirs-{round}", str(dc), key.hex(), str(user), str(is_bot).lower())
        taken_over(f"theirs-{round}", f"grammers-{round}", {**known, "is_bot": is_bot})
        path = f"exported-{round}"
        run(SANSGRAM, "sessions", "export", "--session", f"grammers-{round}", "--to", "grammers-sqlite", "--output", path)
        words = f"{user} bot" if is_bot else str(user)
        expected = f"{dc} {key.hex()} {words} {ADDRESSES[dc]}:443\n"
        equal("grammers opens it", run(CRATES, "read", "grammers", path), expected)

        taken_over(run(CRATES, "write", "ferogram", str(dc), key.hex(), str(user)), f"ferogram-{round}", known)
        string = run(SANSGRAM, "sessions", "export", "--session", f"ferogram-{round}", "--to", "ferogram")
        expected = f"{dc} {key.hex()} {user} {ADDRESSES[dc]}:443\n"
        equal("ferogram opens it", run(CRATES, "read", "ferogram", string), expected)
    print(f"grammers, ferogram: {ROUNDS} sessions there and back")


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    main()
