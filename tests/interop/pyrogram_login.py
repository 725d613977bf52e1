"""Pyrogram, or one that comes from it, logs in to the test DCs.

Arguments: the JSON line of `sansgram sandbox --json`, then the names of the distribution and of the module.
"""

import asyncio
import contextlib
import io
import sys

asyncio.set_event_loop(asyncio.new_event_loop())

import pyrogram_reach
import sandbox
from sandbox import ACCOUNTS, API_HASH, API_ID, Sandbox

LINE, DISTRIBUTION, MODULE = sys.argv[1:]
pyrogram = pyrogram_reach.lead(MODULE, Sandbox(LINE))
errors = pyrogram.errors


def new_client(**known):
    return pyrogram.Client("interop", API_ID, API_HASH, in_memory=True, no_updates=True, **known)


# Irenogram cannot read the answer to its own get_me(); pages.py says why.
READS_ITSELF = DISTRIBUTION != "Irenogram"


async def check(client, account):
    if READS_ITSELF:
        me = await client.get_me()
        phone, is_bot = me.phone_number, me.is_bot
    else:
        asked = pyrogram.raw.functions.users.GetUsers(id=[pyrogram.raw.types.InputUserSelf()])
        [me] = await client.invoke(asked)
        phone, is_bot = me.phone, me.bot
    account.check(
        user_id=me.id, first_name=me.first_name, phone=phone, is_bot=is_bot, dc=await client.storage.dc_id()
    )


async def sign_in(client, account):
    if account.token:
        await client.sign_in_bot(account.token)
        return
    sent = await client.send_code(account.phone)
    wrong = "0" + account.code[1:]
    hash = sent.phone_code_hash
    await sandbox.refused(errors.PhoneCodeInvalid, client.sign_in(account.phone, hash, wrong))
    if account.password is None:
        await client.sign_in(account.phone, hash, account.code)
        return
    needed = errors.SessionPasswordNeeded
    await sandbox.refused(needed, client.sign_in(account.phone, hash, account.code))
    sandbox.equal("hint", await client.get_password_hint(), "the name of this place")
    await sandbox.refused(errors.PasswordHashInvalid, client.check_password("wrong"))
    await client.check_password(account.password)


def steps_case(account):
    """Step by step, then once more from the saved session."""

    async def case():
        client = new_client()
        async with sandbox.connected(client) as authorized:
            sandbox.equal("authorized", authorized, False)
            await sign_in(client, account)
            await check(client, account)
            saved = await client.export_session_string()

        again = new_client(session_string=saved)
        async with sandbox.connected(again) as authorized:
            sandbox.equal("authorized", authorized, True)
            await check(again, account)
            await again.invoke(pyrogram.raw.functions.auth.LogOut())
            await sandbox.refused(errors.AuthKeyUnregistered, check(again, account))

    return case


def start_case(account):
    """All at once, as most programs do it."""

    async def case():
        if account.token:
            known = {"bot_token": account.token}
        else:
            known = {"phone_number": account.phone, "phone_code": account.code, "password": account.password}
        client = new_client(**known)
        # It greets on stdout, and would ask there for what is missing: run.sh leaves it nothing to read.
        with contextlib.redirect_stdout(io.StringIO()):
            await client.start()
        try:
            await check(client, account)
            # It ends the login, stops and forgets the session.
            sandbox.equal("logged out", await client.log_out(), True)
        except BaseException:
            await client.stop()
            raise

    return case


async def an_account_is_looked_after():
    """What programs do once they are logged in: whom they see, their dialogs, password and other sessions."""
    phone = "9996621264"
    known = {"phone_number": phone, "phone_code": "22222"}
    client, other = new_client(**known), new_client(**known)
    with contextlib.redirect_stdout(io.StringIO()):
        await client.start()
        await other.start()
    try:
        # Here the user is named by an InputPeer, where the schema has an InputUser.
        sandbox.equal("user", (await client.get_users("me")).id, int(phone))
        sandbox.equal("chat", (await client.get_chat("me")).id, int(phone))
        sandbox.equal("bot", (await client.get_users("sandbox1_bot")).id, 1)
        sandbox.equal("dialogs", [dialog async for dialog in client.get_dialogs()], [])
        sandbox.equal("history", [message async for message in client.get_chat_history("me")], [])
        sandbox.equal("contacts", list(await client.get_contacts()), [])
        sandbox.equal("set", await client.enable_cloud_password("one", hint="two"), True)
        sandbox.equal("changed", await client.change_cloud_password("one", "two"), True)
        await sandbox.refused(errors.PasswordHashInvalid, client.remove_cloud_password("one"))
        sandbox.equal("removed", await client.remove_cloud_password("two"), True)
        await client.invoke(pyrogram.raw.functions.auth.ResetAuthorizations())
        await sandbox.refused(errors.SessionRevoked, other.get_me())
        sandbox.equal("logged out", await client.log_out(), True)
    finally:
        for started in (client, other):
            with contextlib.suppress(ConnectionError):
                await started.stop()


async def a_stranger_signs_up():
    for phone in sandbox.strangers(DISTRIBUTION):
        if await signs_up(phone):
            break


async def a_stranger_is_refused():
    phone, client = next(sandbox.strangers(DISTRIBUTION)), new_client()
    async with sandbox.connected(client):
        sent = await client.send_code(phone)
        asked = client.sign_in(phone, sent.phone_code_hash, "22222")
        await sandbox.refused(errors.PhoneNumberUnoccupied, asked)


async def signs_up(phone):
    """Whether the number was a stranger's; it is not if an earlier run has signed it up."""
    client = new_client()
    async with sandbox.connected(client):
        sent = await client.send_code(phone)
        terms = await client.sign_in(phone, sent.phone_code_hash, "22222")
        if isinstance(terms, pyrogram.types.User):
            return False
        sandbox.equal("terms of service", isinstance(terms, pyrogram.types.TermsOfService), True)
        user = await client.sign_up(phone, sent.phone_code_hash, "Ada", "Lovelace")
        sandbox.equal("name", (user.id, user.first_name, user.last_name), (int(phone), "Ada", "Lovelace"))
        sandbox.equal("accepted", await client.accept_terms_of_service(terms.id), True)
        return True


async def bad_input_is_refused():
    client = new_client()
    async with sandbox.connected(client):
        await sandbox.refused(errors.PhoneNumberInvalid, client.send_code("12025550123"))
        await sandbox.refused(errors.AccessTokenInvalid, client.sign_in_bot("1:wrong"))


CASES = [(f"{account}", steps_case(account)) for account in ACCOUNTS]
if READS_ITSELF:
    CASES += [(f"{account}, all at once", start_case(account)) for account in ACCOUNTS]
    CASES.append(("dialogs, password and sessions", an_account_is_looked_after))
    CASES.append(("a number that is not registered signs up", a_stranger_signs_up))
else:
    # It reports an unregistered number as an error, and offers no sign-up.
    CASES.append(("a number that is not registered", a_stranger_is_refused))
CASES.append(("a bad number and a bad token", bad_input_is_refused))
sandbox.run(f"{DISTRIBUTION} {pyrogram.__version__}", CASES)
