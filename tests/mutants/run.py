#!/usr/bin/env python3
"""Takes out the checks of checks.toml, each of which must make its test fail.

    tests/mutants/run.py             all of them, in about 40 minutes on two cores
    tests/mutants/run.py 30 60       those of threats 30 and 60
    tests/mutants/run.py crypto/     those of files with this in their path

Mutants of layers whose tests do not use each other share a build; scenarios have one each. The files of this worktree
are changed and changed back, so core and runtime must have no uncommitted changes. Those of threats 61 to 67 start
PostgreSQL or Redis. Ends with 1 if a mutant survives.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Without its bound a test may not end, which counts as its failure.
TIME_LIMIT = 300
CORE = ("-p", "sansgram-core", "--features", "getrandom,mtproxy,pem,std,websocket")
# The layer of a file, by the start of its path. Other files are of a layer of their own.
LAYERS = {
    "core/src/session/container.rs": "container",
    "core/src/session/envelope.rs": "packet", "core/src/crypto/message.rs": "packet", "core/src/policy.rs": "packet",
    "core/src/session/": "session",
    "core/src/crypto/rsa.rs": "rsa", "core/src/crypto/factorize.rs": "rsa",
    "core/src/handshake/": "handshake", "core/src/crypto/dh.rs": "handshake",
    "core/src/transport/": "transport", "core/src/crypto/aes_ctr.rs": "transport",
    "core/src/login/": "login", "core/src/crypto/srp.rs": "login", "core/src/dc.rs": "login", "core/src/rpc/": "login",
    "core/src/client/": "client",
    "core/src/tl/": "tl", "core/tl/": "tl",
    "runtime/src/": "runtime", "runtime/stores/": "stores",
}


def layer_of(mutant):
    found = [layer for start, layer in LAYERS.items() if mutant["file"].startswith(start)]
    return found[0] if found else mutant["file"]


def crate_of(mutant):
    """The options of cargo for the crate of a mutant's test, and those for the test's own target."""
    path = mutant["fails"].split("::")[0]
    # Those of any database run with each.
    path = path.replace("/tests/shared/", "/tests/redis/" if "/src/redis/" in mutant["file"] else "/tests/postgres/")
    if path.startswith("core/tl/tests/"):
        return ("-p", "sansgram-tl"), ("--test", pathlib.Path(path).stem)
    if path.startswith("core/tests/"):
        return CORE, ("--test", pathlib.Path(path).stem)
    if path.startswith("core/src/"):
        return (*CORE, "--lib"), ()
    if path.startswith("runtime/session/src/"):
        return ("-p", "sansgram-session", "--lib"), ()
    if path.startswith("runtime/src/"):
        return ("-p", "sansgram-runtime", "--lib"), ()
    if path.startswith("runtime/stores/src/"):
        return ("-p", "sansgram-stores", "--lib"), ()
    if path.startswith("runtime/stores/tests/postgres/"):
        return ("-p", "sansgram-stores", "--test", "postgres"), ()
    if path.startswith("runtime/stores/tests/redis/"):
        return ("-p", "sansgram-stores", "--features", "redis", "--test", "redis"), ()
    if path.startswith("tests/tests/scenarios/"):
        return ("-p", "sansgram-harness", "--test", "scenarios"), ()
    return sys.exit(f"no crate is known for {path}")


def batches_of(mutants):
    """Mutants that can share a build: of one crate, and each of another layer."""
    batches = []
    for mutant in mutants:
        crate, _ = crate_of(mutant)
        is_scenario = "scenarios" in crate
        for batch in batches if not is_scenario else []:
            if crate == crate_of(batch[0])[0] and layer_of(mutant) not in map(layer_of, batch):
                batch.append(mutant)
                break
        else:
            batches.append([mutant])
    return batches


def name_of(mutant):
    return mutant["fails"].split("::")[1]


def run(batch):
    """What is printed by the tests of a batch, or `None` if one does not end."""
    crate, _ = crate_of(batch[0])
    targets = sorted({crate_of(mutant)[1] for mutant in batch})
    command = ["cargo", "test", "--no-fail-fast", *crate, *(part for target in targets for part in target)]
    output = {"cwd": ROOT, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    # The time limit is that of the tests, not of the compiler.
    built = subprocess.run([*command, "--no-run"], **output)
    if built.returncode != 0:
        return built.stdout
    names = sorted({name_of(mutant) for mutant in batch})
    # A process group of their own: the tests are children of cargo.
    # Those that start PostgreSQL are ignored otherwise.
    tests = subprocess.Popen([*command, "--", "--include-ignored", *names], start_new_session=True, **output)
    try:
        return tests.communicate(timeout=TIME_LIMIT)[0]
    except subprocess.TimeoutExpired:
        return None
    finally:
        if tests.poll() is None:
            os.killpg(tests.pid, signal.SIGKILL)
            tests.wait()


def result_of(mutant, output):
    if output is None:
        return "no end"
    if "could not compile" in output:
        return "BROKEN"
    line = re.search(rf"^test (?:\S+::)?{name_of(mutant)} \.\.\. .*?(ok|FAILED)$", output, re.MULTILINE | re.DOTALL)
    if line:
        return {"ok": "SURVIVED", "FAILED": "killed"}[line[1]]
    return "killed" if "signal:" in output else "BROKEN"


def try_batch(batch):
    sources = {path: path.read_text() for path in {ROOT / mutant["file"] for mutant in batch}}
    try:
        for mutant in batch:
            path = ROOT / mutant["file"]
            source = path.read_text()
            if source.count(mutant["find"]) != 1:
                return None, [(mutant, "BROKEN")]
            path.write_text(source.replace(mutant["find"], mutant["replace"]))
        output = run(batch)
    finally:
        for path, source in sources.items():
            path.write_text(source)
    return output, [(mutant, result_of(mutant, output)) for mutant in batch]


def main():
    sources = ["core/src", "core/tl/src", "runtime"]
    if subprocess.run(["git", "status", "--porcelain", *sources], cwd=ROOT,
                      capture_output=True, text=True, check=True).stdout:
        sys.exit("there are uncommitted changes in core or runtime")
    mutants = tomllib.loads((pathlib.Path(__file__).parent / "checks.toml").read_text())["mutant"]
    numbers = {int(given) for given in sys.argv[1:] if given.isdecimal()}
    paths = [given for given in sys.argv[1:] if not given.isdecimal()]
    if numbers or paths:
        mutants = [mutant for mutant in mutants if numbers & set(mutant["threats"])
                   or any(path in mutant["file"] for path in paths)]
    failures = 0
    for batch in batches_of(mutants):
        begun = time.monotonic()
        output, results = try_batch(batch)
        if any(result in ("BROKEN", "no end") for _, result in results) and len(batch) > 1:
            results = []
            for mutant in batch:
                output, more = try_batch([mutant])
                results += more
        print(f"{time.monotonic() - begun:.0f} s", flush=True)
        for mutant, result in results:
            print(f"{result:8}  {mutant['threats']} without: {mutant['without']} ({mutant['fails']})", flush=True)
            if result in ("SURVIVED", "BROKEN"):
                failures += 1
                if output:
                    print("\n".join("    " + line for line in output.splitlines()[-20:]), flush=True)
    print(f"{len(mutants)} mutants, {failures} not killed", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
