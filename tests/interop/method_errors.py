"""Writes core/tl/schema/errors.txt: the errors of each method of the API, as core.telegram.org documents them.

They come from the package @mtcute/core (MIT), whose schema has what the documentation says of each method; package.json pins
its version. It has one code for each name, although some names are documented with several; those of a login are completed
from tests/vectors/login_errors.json. Codes and names are facts, and no sentence is taken over.

Arguments: the folder of that package, and `--check` to compare with the file instead of writing it.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "core/tl/schema"
LOGIN = ROOT / "tests/vectors/login_errors.json"
FILE = SCHEMA / "errors.txt"
NAME = re.compile(r"[A-Z0-9][A-Za-z0-9_]*\Z")


def written(package):
    described = json.loads((package / "package.json").read_text())
    schema = json.loads((package / "tl/api-schema.json").read_text())
    full = (SCHEMA / "full.tl").read_text().split("---functions---")[1]
    methods = set(re.findall(r"^([\w.]+)#[0-9a-f]+ ", full, re.MULTILINE))
    login = json.loads(LOGIN.read_text())["methods"]
    lines, pairs = [], 0
    for entry in schema["e"]:
        if entry["kind"] != "method" or entry["name"] not in methods:
            continue
        errors = [(error["code"], error["name"]) for error in entry.get("throws", ())]
        by_code = {}
        for code, name in errors + login.get(entry["name"], []):
            name = name.replace("%d", "X").replace("%s", "X")
            if not NAME.match(name):
                sys.exit(f"{entry['name']}: {name!r} is not the name of an error")
            by_code.setdefault(code, set()).add(name)
        if by_code:
            codes = (" ".join((str(code), *sorted(names))) for code, names in sorted(by_code.items()))
            lines.append(f"{entry['name']} {' '.join(codes)}\n")
            pairs += sum(map(len, by_code.values()))
    head = (
        f"# The documented errors of methods: name, then each code with the names of its errors; a number or text in it is X.\n"
        f"# Source: core.telegram.org, by @mtcute/core {described['version']} (layer {schema['l']}, MIT), and for logins by\n"
        f"# tests/vectors/login_errors.json. tests/interop/method_errors.py writes this file.\n"
        f"# {len(lines)} methods, {pairs} errors.\n"
    )
    return head + "".join(sorted(lines))


text = written(pathlib.Path(sys.argv[1]))
if sys.argv[2:] != ["--check"]:
    FILE.write_text(text)
elif FILE.read_text() != text:
    sys.exit("core/tl/schema/errors.txt is out of date: run tests/interop/method_errors.py")
else:
    print("ok      the errors of methods are those of @mtcute/core")
