"""Pyrogram, or one that comes from it, sends messages and files over the test DCs.

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
from sandbox import API_HASH, API_ID, MEBIBYTE, Sandbox

LINE, DISTRIBUTION, MODULE = sys.argv[1:]
pyrogram = pyrogram_reach.lead(MODULE, Sandbox(LINE))
raw = pyrogram.raw
# Each run has accounts of its own, since what earlier ones sent is still there.
ADA, GRACE = sandbox.two_numbers(DISTRIBUTION)


@contextlib.asynccontextmanager
async def logged_in(phone=None, token=None):
    known = {"bot_token": token} if token else {"phone_number": phone, "phone_code": "22222"}
    client = pyrogram.Client("interop", API_ID, API_HASH, in_memory=True, **known)
    client.arrived = asyncio.Queue()

    async def arrive(client, message):
        await client.arrived.put(message)

    client.add_handler(pyrogram.handlers.MessageHandler(arrive))
    with contextlib.redirect_stdout(io.StringIO()):
        await client.start()
    try:
        yield client
    finally:
        await client.stop()


def arrival(client):
    return asyncio.wait_for(client.arrived.get(), 20)


async def messages_to_oneself():
    async with logged_in(ADA) as client, logged_in(ADA) as other:
        sent = await client.send_message("me", "hello, **myself**")
        sandbox.equal("text", sent.text, "hello, myself")
        update = await arrival(other)
        sandbox.equal("update", (update.id, update.text), (sent.id, "hello, myself"))
        for n in range(120):
            await client.send_message("me", f"number {n}")
        dialogs = [dialog async for dialog in client.get_dialogs()]
        sandbox.equal("dialogs", [(dialog.chat.id, dialog.top_message.text) for dialog in dialogs], [(int(ADA), "number 119")])
        texts = [message.text async for message in client.get_chat_history("me")]
        numbers = [f"number {n}" for n in range(120)]
        sandbox.equal("history", texts, numbers[::-1] + ["hello, myself"])
        found = [message.text async for message in client.search_messages("me", "NUMBER 7", limit=2)]
        sandbox.equal("search", found, ["number 79", "number 78"])
        sandbox.equal("message", (await client.get_messages("me", sent.id)).text, "hello, myself")
        await client.delete_messages("me", sent.id)
        sandbox.equal("deleted", bool((await client.get_messages("me", sent.id)).empty), True)


async def known(client, phone):
    """The other user, who is found by the phone number."""
    await client.invoke(raw.functions.contacts.ResolvePhone(phone=phone))
    return int(phone)


def in_reply_to(message_id):
    """The argument by which the later ones name the message that is replied to, or the earlier ones."""
    if hasattr(pyrogram.types, "ReplyParameters"):
        return {"reply_parameters": pyrogram.types.ReplyParameters(message_id=message_id)}
    return {"reply_to_message_id": message_id}


async def two_users_talk():
    async with logged_in(ADA) as ada, logged_in(GRACE) as grace:
        await ada.send_message(await known(ada, GRACE), "question")
        question = await arrival(grace)
        sandbox.equal("question", (question.from_user.id, question.text), (int(ADA), "question"))
        await grace.send_message(int(ADA), "answer", **in_reply_to(question.id))
        answer = await arrival(ada)
        sandbox.equal("answer", (answer.text, answer.reply_to_message.text), ("answer", "question"))
        sandbox.equal("read", await grace.read_chat_history(int(ADA)), True)


async def a_bot_answers():
    async with logged_in(token="1:sandbox") as bot, logged_in(ADA) as ada:
        await ada.send_message("sandbox1_bot", "/start")
        start = await arrival(bot)
        await start.reply("welcome")
        answer = await arrival(ada)
        sandbox.equal("answer", (answer.from_user.id, answer.text), (1, "welcome"))


async def files_go_up_and_down():
    content = os.urandom(MEBIBYTE)
    file = io.BytesIO(content)
    file.name = "a.bin"
    async with logged_in(ADA) as ada, logged_in(GRACE) as grace:
        sent = await ada.send_document(await known(ada, GRACE), file, caption="a file")
        own = await ada.download_media(sent, in_memory=True)
        sandbox.equal("own copy", own.getvalue() == content, True)
        update = await arrival(grace)
        sandbox.equal("file", (update.document.file_size, update.document.file_name, update.caption), (MEBIBYTE, "a.bin", "a file"))
        got = await grace.download_media(update, in_memory=True)
        sandbox.equal("download", got.getvalue() == content, True)
        decoded = pyrogram.file_id.FileId.decode(update.document.file_id)
        location = raw.types.InputDocumentFileLocation(
            id=decoded.media_id, access_hash=decoded.access_hash, file_reference=decoded.file_reference, thumb_size=""
        )
        hashes = await grace.invoke(raw.functions.upload.GetFileHashes(location=location, offset=0))
        sandbox.check_hashes(content, [(each.offset, each.limit, each.hash) for each in hashes])


CASES = [
    ("messages to oneself, dialogs and history", messages_to_oneself),
    ("two users talk", two_users_talk),
    ("a bot answers", a_bot_answers),
    ("1 MiB up and down", files_go_up_and_down),
]
sandbox.run(f"{DISTRIBUTION} {pyrogram.__version__}, messages", CASES)
