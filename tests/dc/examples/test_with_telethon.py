"""A bot with Telethon, and its test without a network: python test_with_telethon.py

Needs telethon, and the command sansgram, whose path may be in $SANSGRAM.
"""

import asyncio
import json
import os
import pathlib
import subprocess

from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.sessions import MemorySession

SCRIPT = pathlib.Path(__file__).with_name("script.toml")


def add_handlers(bot):
    """The bot."""

    @bot.on(events.NewMessage(pattern="/start"))
    async def start(event):
        await event.respond("welcome")


def new_client(sandbox):
    host, _, port = sandbox["dcs"][1]["address"].rpartition(":")
    session = MemorySession()
    session.set_dc(sandbox["dcs"][1]["id"], host, int(port))
    return TelegramClient(session, 1, "0123456789abcdef0123456789abcdef")


async def test_the_bot_waits_and_answers(sandbox):
    bot, user = new_client(sandbox), new_client(sandbox)
    add_handlers(bot)
    await user.start(phone="9996621234", code_callback=lambda: "22222")
    await bot.start(bot_token="1:sandbox")
    # The script sends "/start" to the bot, and makes it wait once, which Telethon does by itself.
    while [message.text async for message in user.iter_messages("sandbox1_bot")] != ["welcome", "/start"]:
        await asyncio.sleep(0.1)
    await user.disconnect()
    await bot.disconnect()


command = [os.environ.get("SANSGRAM", "sansgram"), "sandbox", "--json", "--until-eof", "--script", SCRIPT]
with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
    sandbox = json.loads(process.stdout.readline())
    rsa.add_key(pathlib.Path(sandbox["public_key"]).read_text(), old=False)
    try:
        asyncio.run(asyncio.wait_for(test_the_bot_waits_and_answers(sandbox), 60))
        print("the bot waited and answered")
    finally:
        process.terminate()
