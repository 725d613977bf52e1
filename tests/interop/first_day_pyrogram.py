"""The eight tasks of a first day, with Pyrogram or one that comes from it, as the book shows them.

Arguments: the JSON line of `sansgram sandbox --json`, then the names of the distribution and of the module.
"""

import asyncio
import contextlib
import io
import os
import sys

asyncio.set_event_loop(asyncio.new_event_loop())

import pyrogram_reach
import sandbox
from sandbox import API_HASH, API_ID, Sandbox

LINE, DISTRIBUTION, MODULE = sys.argv[1:]
pyrogram = pyrogram_reach.lead(MODULE, Sandbox(LINE))
Client = pyrogram.Client
ADA, _ = sandbox.two_numbers(f"first day with {DISTRIBUTION}")


# ANCHOR: log_in
async def log_in(client):
    # Prompts for a value that Client(…) is not given: phone_number, phone_code, password.
    await client.start()
    return client.me
# ANCHOR_END: log_in


# ANCHOR: keep
async def keep(client):
    # Client("me", …) keeps it in me.session; this is the same as a text.
    return await client.export_session_string()
# ANCHOR_END: keep


# ANCHOR: bot
async def bot(token, **options):
    client = Client("bot", API_ID, API_HASH, bot_token=token, **options)
    await client.start()
    return client
# ANCHOR_END: bot


# ANCHOR: send
async def send(client, text):
    return await client.send_message("me", text)
# ANCHOR_END: send


# ANCHOR: chats
async def chats(client):
    return [dialog.chat.title or dialog.chat.first_name async for dialog in client.get_dialogs()]
# ANCHOR_END: chats


# ANCHOR: follow
def follow(client, show):
    @client.on_message()
    async def new_message(client, message):
        show(message.text)
    # Then wait: await pyrogram.idle()
# ANCHOR_END: follow


# ANCHOR: download
async def download(client):
    async for message in client.get_chat_history("me"):
        if message.document:
            return await client.download_media(message, in_memory=True)
# ANCHOR_END: download


# ANCHOR: log_out
async def log_out(client):
    await client.log_out()
# ANCHOR_END: log_out


def new_client(**values):
    return Client("me", API_ID, API_HASH, in_memory=True, **values)


async def a_user():
    values = {"phone_number": ADA, "phone_code": "22222"}
    client, other = new_client(**values), new_client(**values)
    arrived = asyncio.Queue()
    follow(other, arrived.put_nowait)
    with contextlib.redirect_stdout(io.StringIO()):
        await log_in(client)
        await log_in(other)
    again = new_client(session_string=await keep(client))
    await client.stop()
    await again.start()
    await send(again, "hello")
    sandbox.equal("update", await asyncio.wait_for(arrived.get(), 20), "hello")
    file = io.BytesIO(os.urandom(70_000))
    file.name = "a.bin"
    await again.send_document("me", file)
    sandbox.equal("file", (await download(again)).getvalue() == file.getvalue(), True)
    sandbox.equal("chats", await chats(again), ["Sandbox"])
    await log_out(again)
    sandbox.equal("logged out", again.is_connected, False)
    await log_out(other)


async def a_bot():
    client = await bot("1:sandbox", in_memory=True)
    sandbox.equal("bot", client.me.id, 1)
    await log_out(client)


sandbox.run(f"first day with {DISTRIBUTION} {pyrogram.__version__}", [("a user", a_user), ("a bot", a_bot)])
