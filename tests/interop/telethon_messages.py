"""Telethon sends messages and files over the test DCs. Argument: the JSON line of `sansgram sandbox --json`."""

import asyncio
import contextlib
import os
import sys

asyncio.set_event_loop(asyncio.new_event_loop())

import telethon
from telethon import TelegramClient, events
from telethon.crypto import rsa as telethon_rsa
from telethon.network import ConnectionTcpFull
from telethon.sessions import StringSession
from telethon.tl.functions.contacts import ResolvePhoneRequest
from telethon.tl.functions.updates import GetDifferenceRequest, GetStateRequest
from telethon.tl.functions.upload import GetFileHashesRequest
from telethon.tl.types import InputDocumentFileLocation

import sandbox
from sandbox import API_HASH, API_ID, HOME_DC, MEBIBYTE, Sandbox

SANDBOX = Sandbox(sys.argv[1])
telethon_rsa._server_keys.clear()
telethon_rsa.add_key(SANDBOX.public_key_pem, old=False)
# Each run has accounts of its own, since what earlier ones sent is still there.
ADA, GRACE = sandbox.two_numbers("Telethon")


@contextlib.asynccontextmanager
async def logged_in(phone=None, token=None):
    session = StringSession()
    session.set_dc(HOME_DC, *SANDBOX.addresses[HOME_DC])
    TelegramClient._config = None
    client = TelegramClient(session, API_ID, API_HASH, connection=ConnectionTcpFull, connection_retries=4)
    await client.connect()
    try:
        if token:
            await client.sign_in(bot_token=token)
        else:
            await client.send_code_request(phone)
            await client.sign_in(phone, "22222")
        yield client
    finally:
        await client.disconnect()


def received(client):
    """The texts of the messages that arrive as updates."""
    queue = asyncio.Queue()

    @client.on(events.NewMessage)
    async def _(event):
        await queue.put(event.message)

    return queue


async def messages_to_oneself():
    async with logged_in(ADA) as client, logged_in(ADA) as other:
        arrives = received(other)
        sent = await client.send_message("me", "hello, **myself**")
        sandbox.equal("text", sent.raw_text, "hello, myself")
        update = await asyncio.wait_for(arrives.get(), 20)
        sandbox.equal("update", (update.id, update.raw_text), (sent.id, "hello, myself"))
        sandbox.equal("entities", len(update.entities or []), 1)
        for n in range(120):
            await client.send_message("me", f"number {n}")
        [dialog] = await client.get_dialogs()
        sandbox.equal("dialog", (dialog.id, dialog.message.raw_text), (int(ADA), "number 119"))
        texts = [message.raw_text async for message in client.iter_messages("me")]
        numbers = [f"number {n}" for n in range(120)]
        sandbox.equal("history", texts, numbers[::-1] + ["hello, myself"])
        texts = [message.raw_text async for message in client.iter_messages("me", reverse=True, limit=3)]
        sandbox.equal("history from its beginning", texts, ["hello, myself", "number 0", "number 1"])
        found = [message.raw_text async for message in client.iter_messages("me", search="NUMBER 7", limit=2)]
        sandbox.equal("search", found, ["number 79", "number 78"])
        message = await client.get_messages("me", ids=sent.id)
        sandbox.equal("message", message.raw_text, "hello, myself")
        await client.delete_messages("me", [sent.id])
        sandbox.equal("deleted", await client.get_messages("me", ids=sent.id), None)


async def two_users_talk():
    async with logged_in(ADA) as ada, logged_in(GRACE) as grace:
        to_ada, to_grace = received(ada), received(grace)
        # The phone number is how each finds the other.
        await ada.send_message(await other(ada, GRACE), "question")
        question = await asyncio.wait_for(to_grace.get(), 20)
        sandbox.equal("sender", (question.sender_id, question.out), (int(ADA), False))
        await question.reply("answer")
        answer = await asyncio.wait_for(to_ada.get(), 20)
        sandbox.equal("answer", (answer.raw_text, (await answer.get_reply_message()).raw_text), ("answer", "question"))
        [dialog] = [dialog for dialog in await grace.get_dialogs() if dialog.id == int(ADA)]
        sandbox.equal("unread", dialog.unread_count, 1)
        await grace.send_read_acknowledge(int(ADA))
        [dialog] = [dialog for dialog in await grace.get_dialogs() if dialog.id == int(ADA)]
        sandbox.equal("unread afterwards", dialog.unread_count, 0)


async def other(client, phone):
    return (await client(ResolvePhoneRequest(phone))).users[0]


async def missed_messages_are_fetched():
    async with logged_in(ADA) as ada, logged_in(GRACE) as grace:
        await ada.send_message(await other(ada, GRACE), "seen")
        before = await grace(GetStateRequest())
        for text in ("missed", "deleted"):
            sent = await ada.send_message(int(GRACE), text)
        await ada.delete_messages(int(GRACE), [sent.id], revoke=True)
        missed = await grace(GetDifferenceRequest(before.pts, before.date, before.qts))
        sandbox.equal("missed", [message.message for message in missed.new_messages], ["missed"])
        sandbox.equal("counter", missed.state.pts, before.pts + 3)
        empty = await grace(GetDifferenceRequest(missed.state.pts, missed.state.date, 0))
        sandbox.equal("afterwards", type(empty).__name__, "DifferenceEmpty")


async def a_bot_answers():
    async with logged_in(token="1:sandbox") as bot, logged_in(ADA) as ada:
        @bot.on(events.NewMessage(pattern="/start"))
        async def _(event):
            await event.respond("welcome")

        arrives = received(ada)
        await ada.send_message("sandbox1_bot", "/start")
        answer = await asyncio.wait_for(arrives.get(), 20)
        while answer.out:
            answer = await asyncio.wait_for(arrives.get(), 20)
        sandbox.equal("answer", (answer.sender_id, answer.raw_text), (1, "welcome"))


async def files_go_up_and_down():
    content = os.urandom(MEBIBYTE)
    async with logged_in(ADA) as ada, logged_in(GRACE) as grace:
        arrives = received(grace)
        sent = await ada.send_file(await other(ada, GRACE), content, caption="a file", force_document=True)
        sandbox.equal("own copy", await ada.download_media(sent, bytes) == content, True)
        update = await asyncio.wait_for(arrives.get(), 20)
        sandbox.equal("file", (update.file.size, update.raw_text), (MEBIBYTE, "a file"))
        sandbox.equal("download", await grace.download_media(update, bytes) == content, True)
        document = update.document
        location = InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
        hashes = await grace(GetFileHashesRequest(location, 0))
        sandbox.check_hashes(content, [(each.offset, each.limit, each.hash) for each in hashes])


CASES = [
    ("messages to oneself, dialogs and history", messages_to_oneself),
    ("two users talk", two_users_talk),
    ("missed messages", missed_messages_are_fetched),
    ("a bot answers", a_bot_answers),
    ("1 MiB up and down", files_go_up_and_down),
]
sandbox.run(f"Telethon {telethon.__version__}, messages", CASES)
