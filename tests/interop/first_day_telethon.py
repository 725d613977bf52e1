"""The eight tasks of a first day, with Telethon, as the book shows them. Argument: the JSON line of `sansgram sandbox --json`."""

import asyncio
import os
import sys

asyncio.set_event_loop(asyncio.new_event_loop())

import telethon
from telethon import TelegramClient, events
from telethon.crypto import rsa as telethon_rsa
from telethon.sessions import StringSession

import sandbox
from sandbox import API_HASH, API_ID, HOME_DC, Sandbox

SANDBOX = Sandbox(sys.argv[1])
telethon_rsa._server_keys.clear()
telethon_rsa.add_key(SANDBOX.public_key_pem, old=False)
ADA, _ = sandbox.two_numbers("first day with Telethon")


# ANCHOR: log_in
async def log_in(client, **values):
    # Prompts for a value that is not given: phone, code_callback, password.
    return await client.start(**values)
# ANCHOR_END: log_in


# ANCHOR: keep
def keep(client):
    # TelegramClient("me", …) keeps it in me.session; this is the same as a text.
    return StringSession.save(client.session)
# ANCHOR_END: keep


# ANCHOR: bot
async def bot(client, token):
    return await client.start(bot_token=token)
# ANCHOR_END: bot


# ANCHOR: send
async def send(client, text):
    return await client.send_message("me", text)
# ANCHOR_END: send


# ANCHOR: chats
async def chats(client):
    return [dialog.name async for dialog in client.iter_dialogs()]
# ANCHOR_END: chats


# ANCHOR: follow
async def follow(client, show):
    @client.on(events.NewMessage)
    async def new_message(event):
        show(event.raw_text)

    await client.run_until_disconnected()
# ANCHOR_END: follow


# ANCHOR: download
async def download(client):
    async for message in client.iter_messages("me"):
        if message.file:
            return await message.download_media(bytes)
# ANCHOR_END: download


# ANCHOR: log_out
async def log_out(client):
    await client.log_out()
# ANCHOR_END: log_out


def new_client(session):
    TelegramClient._config = None
    if not session.dc_id:
        session.set_dc(HOME_DC, *SANDBOX.addresses[HOME_DC])
    return TelegramClient(session, API_ID, API_HASH, connection_retries=4)


async def a_user():
    client = new_client(StringSession())
    await log_in(client, phone=ADA, code_callback=lambda: "22222", password=None)
    again = new_client(StringSession(keep(client)))
    await client.disconnect()
    await again.connect()
    other = new_client(StringSession())
    await log_in(other, phone=ADA, code_callback=lambda: "22222")
    arrived = asyncio.Queue()
    following = asyncio.ensure_future(follow(other, arrived.put_nowait))
    await send(again, "hello")
    sandbox.equal("update", await asyncio.wait_for(arrived.get(), 20), "hello")
    content = os.urandom(70_000)
    await again.send_file("me", content, force_document=True)
    sandbox.equal("file", await download(again) == content, True)
    sandbox.equal("chats", await chats(again), ["Sandbox DC 2"])
    await log_out(again)
    sandbox.equal("logged out", again.is_connected(), False)
    await log_out(other)
    await following


async def a_bot():
    client = new_client(StringSession())
    await bot(client, "1:sandbox")
    sandbox.equal("bot", (await client.get_me()).id, 1)
    await log_out(client)


sandbox.run(f"first day with Telethon {telethon.__version__}", [("a user", a_user), ("a bot", a_bot)])
