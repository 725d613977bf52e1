"""The PyPI package `mtproto` as the server: it decodes our frames, and we decode its.

`mtproto_frames.py PATH`, where PATH is the example `through` of sansgram-harness.
"""

import asyncio
import contextlib
import sys
from importlib.metadata import version

import sandbox
from mtproto import ConnectionRole
from mtproto.transport import Connection
from mtproto.transport.packets import ErrorPacket, QuickAckPacket
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, Ping, Pong, Request

QUICK_ACK = b"\x04\x03\x02\x81"
PADDING = 15


def lengths(transport):
    """The lengths of the packets that `through` sends, in their order."""
    known = [24, 40, 100, 260, 1028, 65552, 262160]
    return known if transport == "intermediate" else known + [504, 508, 512]


def packet(number, length):
    """The packet that `through` sends under this number."""
    start = b""
    if number % 2 == 0:
        start = bytes(8) + (0x5E0B700000000000 + 4 * number).to_bytes(8, "little")
        start += (length - 20).to_bytes(4, "little")
    return start + bytes((number + at) % 251 | 1 for at in range(len(start), length))


async def some(reader):
    """What arrives next. A client that is gone must not look like one that is slow."""
    received = await reader.read(3000)
    if not received:
        raise EOFError("our client closed the connection before all was there")
    return received


class Bare:
    """The bytes of the connection are those of the transport."""

    async def open(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def receive(self):
        return await some(self.reader)

    async def send(self, data):
        # In two pieces, so that frames end anywhere.
        self.writer.write(bytes(data[:7]))
        await self.writer.drain()
        self.writer.write(bytes(data[7:]))
        await self.writer.drain()

    async def end(self):
        """What must be true before the connection ends."""


class WebSocket(Bare):
    """They travel through a WebSocket, as `wsproto` has it; messages in fragments, a ping between them."""

    async def open(self, reader, writer):
        await super().open(reader, writer)
        self.ws, self.pings, self.pongs = WSConnection(ConnectionType.SERVER), 0, 0
        while True:
            self.ws.receive_data(await some(reader))
            for event in self.ws.events():
                assert isinstance(event, Request), event
                sandbox.equal("path", event.target, "/apiws")
                sandbox.equal("subprotocols", event.subprotocols, ["binary"])
                writer.write(self.ws.send(AcceptConnection(subprotocol="binary")))
                return

    async def receive(self):
        while True:
            data = b""
            for event in self.ws.events():
                if isinstance(event, Pong):
                    self.pongs += 1
                    sandbox.equal("pong", event.payload, b"still there?")
                else:
                    assert isinstance(event, BytesMessage), event
                    data += event.data
            if data:
                return data
            self.ws.receive_data(await some(self.reader))

    async def send(self, data):
        # The last fragment is never empty: a client that has all it waits for may be gone before that arrives.
        cut = min(7, len(data) - 1)
        for piece, last in ((data[:cut], False), (data[cut:], True)):
            self.writer.write(self.ws.send(BytesMessage(data=bytes(piece), message_finished=last)))
            if not last and self.pings < 3:
                self.pings += 1
                self.writer.write(self.ws.send(Ping(payload=b"still there?")))
            await self.writer.drain()

    async def end(self):
        # A client may answer only the last of several pings, but never none.
        sandbox.equal("pongs", 1 <= self.pongs <= self.pings, True)


async def serve(transport, disguise, reader, writer):
    carrier = WebSocket() if disguise == "websocket" else Bare()
    await carrier.open(reader, writer)
    connection = Connection(role=ConnectionRole.SERVER)
    for number, length in enumerate(lengths(transport)):
        while not connection.has_packet():
            connection.data_received(await carrier.receive())
        received = connection.next_event()
        expected, found = packet(number, length), received.write()
        padding = PADDING if transport == "padded" and number % 2 else 0
        if not found.startswith(expected) or len(found) > length + padding:
            raise AssertionError(f"packet {number} of {length} bytes arrived as {len(found)}: {found[:50].hex()}")
        # What is sent back must be whole words again.
        if padding and (cut := len(found) - length):
            received.encrypted_data = received.encrypted_data[:-cut]
        await carrier.send(connection.send(received))
    sandbox.equal("obfuscation", connection.is_transport_obfuscated, disguise != "plain")
    names = {"padded": "padded-intermediate"}
    sandbox.equal("transport", connection.transport_type, names.get(transport, transport))
    await carrier.end()
    if transport != "full":
        await carrier.send(connection.send(QuickAckPacket(QUICK_ACK)))
    await carrier.send(connection.send(ErrorPacket(-404)))


def case(binary, transport, disguise):
    async def run():
        served = asyncio.get_running_loop().create_future()

        async def accept(reader, writer):
            try:
                await serve(transport, disguise, reader, writer)
                # All was said; how the client leaves is its own affair.
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                served.set_result(None)
            except Exception as error:
                served.set_exception(error)
            finally:
                writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            client = await asyncio.create_subprocess_exec(binary, "frames", f"{host}:{port}", transport, disguise)
            status = await client.wait()
            # One that died before it connected leaves nothing to wait for.
            if status == 0 or served.done():
                await served
            sandbox.equal("status of our client", status, 0)
        finally:
            server.close()

    return f"{transport}, {disguise}", run


CASES = [
    case(sys.argv[1], transport, disguise)
    for transport in ("abridged", "intermediate", "padded", "full")
    for disguise in ("plain", "obfuscated", "websocket")
    # Full cannot be obfuscated.
    if transport != "full" or disguise == "plain"
]
if __name__ == "__main__":
    sandbox.run(f"mtproto {version('mtproto')}", CASES)
