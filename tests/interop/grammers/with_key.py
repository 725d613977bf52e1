"""Copies the source of grammers-mtproto with the sandbox's key in place of Telegram's, which it has as constants.

Arguments: the JSON line of `sansgram sandbox --json`, the Cargo.toml of the crate beside this file, where the copy goes.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from pyrogram_reach import fingerprint
from sandbox import Sandbox

line, manifest, copy = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
key = Sandbox(line).public_key
described = subprocess.run(
    ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", manifest],
    check=True,
    stdout=subprocess.PIPE,
)
packages = json.loads(described.stdout)["packages"]
[mtproto] = [package for package in packages if package["name"] == "grammers-mtproto"]
if not copy.exists():
    shutil.copytree(pathlib.Path(mtproto["manifest_path"]).parent, copy)
source = copy / "src" / "authentication.rs"
text = source.read_text()
arm = re.compile(r'-?\d+ => rsa::Key::new\("\d+", "\d+"\)')
sandbox_arm = f'{fingerprint(key)} => rsa::Key::new("{key.n}", "{key.e}")'
keys = iter([sandbox_arm])
# The first key becomes the sandbox's, the other one goes: two arms may not be the same.
changed, count = arm.subn(lambda _: next(keys, '0 => rsa::Key::new("15", "3")'), text)
if count != 2:
    sys.exit(f"grammers-mtproto {mtproto['version']} has {count} keys where 2 were expected")
if changed != text:
    source.write_text(changed)
