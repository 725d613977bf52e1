"""The PyPI package `mtprotoproxy` between our client and the test DCs: also a foreign end of fake TLS.

`mtproxy_login.py LINE PATH`, where LINE describes the sandbox and PATH is the example `through` of
sansgram-harness.

All of the package's fake TLS is used, as it is: this version (2019) knows a hello by its first eleven bytes, which fix the
length at 517 bytes. Browsers' hellos have grown since, and ours with them, so our client comes again with a short one.
"""

import asyncio
import contextlib
import importlib.util
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import sandbox

dcs = sandbox.Sandbox(sys.argv[1])
SECRET = "00112233445566778899aabbccddeeff"
DOMAIN = "proxy.example"
# The package was written for a Python that still had this name.
asyncio.streams.IncompleteReadError = asyncio.IncompleteReadError


def load(**config):
    """The package is a program that reads its configuration when it is imported."""
    spec = importlib.util.spec_from_file_location("mtprotoproxy", Path(sys.executable).with_name("mtprotoproxy.py"))
    module = importlib.util.module_from_spec(spec)
    arguments = sys.argv
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.writelines(f"{name} = {value!r}\n" for name, value in config.items())
        file.flush()
        sys.argv = ["mtprotoproxy", file.name]
        spec.loader.exec_module(module)
        module.init_config()
    sys.argv = arguments
    module.init_stats()
    return module


def case(prefix, suffix, expected_tag, *, secure_only, fast):
    async def run():
        proxy = load(
            USERS={"somebody": SECRET},
            SECURE_ONLY=secure_only,
            TLS_ONLY=bool(suffix),
            FAST_MODE=fast,
            # What it does not know it passes on to a web site: nothing listens there.
            MASK=True,
            MASK_HOST="127.0.0.1",
            MASK_PORT=9,
            PREFER_IPV6=False,
        )
        # In place of Telegram's addresses, which the package has built in.
        proxy.TG_DATACENTERS_V4 = sorted(dcs.addresses)
        asked_for, tags, hellos = set(), set(), []

        async def connect(dc, port, limit, timeout):
            asked_for.add(dc)
            return await asyncio.wait_for(asyncio.open_connection(*dcs.addresses[dc], limit=limit), timeout)

        proxy.open_connection_tryer = connect
        as_it_is, in_tls = proxy.handle_handshake, proxy.handle_fake_tls_handshake

        async def hello(*arguments):
            layers = await in_tls(*arguments)
            hellos.append(bool(layers))
            return layers

        async def handshake(reader, writer):
            known = await as_it_is(reader, writer)
            if known:
                tags.add(known[2])
            return known

        proxy.handle_fake_tls_handshake = hello
        proxy.handle_handshake = handshake
        server = await asyncio.start_server(proxy.handle_client_wrapper, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        link = f"tg://proxy?server={host}&port={port}&secret={prefix}{SECRET}{suffix.encode().hex()}"
        try:
            client = await asyncio.create_subprocess_exec(sys.argv[2], "login", link, dcs.key_file)
            sandbox.equal("status of our client", await client.wait(), 0)
        finally:
            server.close()
        # First both home DCs, then the one that the account was migrated to.
        sandbox.equal("DCs", sorted(asked_for), [1, 2])
        sandbox.equal("tags", tags, {expected_tag})
        sandbox.equal("hellos", all(hellos) and bool(hellos) == bool(suffix), True)

    return run


CASES = [
    ("a plain secret", case("", "", b"\xee" * 4, secure_only=False, fast=False)),
    ("a secret with dd", case("dd", "", b"\xdd" * 4, secure_only=True, fast=True)),
    ("a secret with ee: fake TLS", case("ee", DOMAIN, b"\xdd" * 4, secure_only=True, fast=False)),
    ("a secret with ee, nothing encrypted anew", case("ee", DOMAIN, b"\xdd" * 4, secure_only=True, fast=True)),
]
# It says what it does.
with contextlib.redirect_stderr(sys.stdout):
    sandbox.run(f"mtprotoproxy {version('mtprotoproxy')}", CASES)
