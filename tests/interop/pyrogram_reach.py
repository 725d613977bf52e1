"""Leads Pyrogram, or one that comes from it, to the test DCs: their addresses and their key in place of Telegram's."""

import hashlib
import importlib


def tl_bytes(number):
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    header = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return header + data + bytes(-(len(header) + len(data)) % 4)


def fingerprint(key):
    """By which a server names a key: the last eight bytes of a hash."""
    digest = hashlib.sha1(tl_bytes(key.n) + tl_bytes(key.e)).digest()
    return int.from_bytes(digest[-8:], "little", signed=True)


def trust(rsa, key):
    """Makes `key` the only one that a server may identify itself by."""
    rsa.server_public_keys.clear()
    rsa.server_public_keys[fingerprint(key)] = rsa.PublicKey(key.n, key.e)


def lead(module, sandbox):
    """Prepares the module of this name and returns it."""
    library = importlib.import_module(module)
    trust(importlib.import_module(f"{module}.crypto.rsa"), sandbox.public_key)
    connections = importlib.import_module(f"{module}.connection.connection")
    if hasattr(connections, "DataCenter"):
        # A table of addresses of its own; it does not ask the server for one.
        connections.DataCenter = lambda dc_id, *_: sandbox.addresses[dc_id]
    else:
        # The later ones ask, but where to begin is a table of its own.
        begin = connections.Connection.__init__

        def begin_here(self, dc_id, *rest, **known):
            known["server_address"], known["port"] = sandbox.addresses[dc_id]
            begin(self, dc_id, *rest, **known)

        connections.Connection.__init__ = begin_here
    return library
