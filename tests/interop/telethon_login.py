"""Telethon logs in to the test DCs. Argument: the JSON line of `sansgram sandbox --json`."""

import asyncio
import sys

asyncio.set_event_loop(asyncio.new_event_loop())

import telethon
from telethon import TelegramClient, errors, utils
from telethon.crypto import rsa as telethon_rsa
from telethon.network import ConnectionTcpFull
from telethon.sessions import StringSession
from telethon.tl.functions.auth import AcceptLoginTokenRequest
from telethon.tl.functions.users import GetFullUserRequest

import sandbox
from sandbox import ACCOUNTS, API_HASH, API_ID, HOME_DC, Sandbox

SANDBOX = Sandbox(sys.argv[1])
telethon_rsa._server_keys.clear()
telethon_rsa.add_key(SANDBOX.public_key_pem, old=False)


def new_client(saved=None):
    """A client that has the home DC's address only, or a saved session."""
    session = StringSession(saved)
    if saved is None:
        session.set_dc(HOME_DC, *SANDBOX.addresses[HOME_DC])
    # The list of DCs is kept for all clients of a process; each must ask for it anew.
    TelegramClient._config = None
    # It leaves out the leading zeros of a new key, so that one handshake of 256 fails.
    return TelegramClient(session, API_ID, API_HASH, connection=ConnectionTcpFull, connection_retries=4)


async def check(client, account):
    me = await client.get_me()
    account.check(
        user_id=me.id, first_name=me.first_name, phone=me.phone, is_bot=me.bot, dc=client.session.dc_id
    )
    sandbox.equal("address", (client.session.server_address, client.session.port), SANDBOX.addresses[account.dc])


async def sign_in(client, account):
    if account.token:
        await client.sign_in(bot_token=account.token)
        return
    await client.send_code_request(account.phone)
    wrong = "0" + account.code[1:]
    await sandbox.refused(errors.PhoneCodeInvalidError, client.sign_in(account.phone, wrong))
    if account.password is None:
        await client.sign_in(account.phone, account.code)
        return
    needed = errors.SessionPasswordNeededError
    await sandbox.refused(needed, client.sign_in(account.phone, account.code))
    await sandbox.refused(errors.PasswordHashInvalidError, client.sign_in(password="wrong"))
    await client.sign_in(password=account.password)


def sign_in_case(account):
    async def case():
        client = new_client()
        async with sandbox.connected(client):
            sandbox.equal("authorized", await client.is_user_authorized(), False)
            # Telethon remembers the answer, and asks again only if it has none.
            client._authorized = None
            await sign_in(client, account)
            await check(client, account)
            saved = client.session.save()

        # The key outlives the connection, and ends with the logout.
        again = new_client(saved)
        async with sandbox.connected(again):
            await check(again, account)
            full = await again(GetFullUserRequest("me"))
            sandbox.equal("full user", full.full_user.id, account.user_id)
            await again.catch_up()
            sandbox.equal("logged out", await again.log_out(), True)
        after = new_client(saved)
        async with sandbox.connected(after):
            sandbox.equal("user after the logout", await after.get_me(), None)

    return case


def qr_case(account):
    """One client is logged in, and scans what another one shows."""

    async def case():
        phone, desktop = new_client(), new_client()
        async with sandbox.connected(phone), sandbox.connected(desktop):
            await sign_in(phone, account)
            shown = await desktop.qr_login()
            waiting = asyncio.ensure_future(shown.wait(30))
            await asyncio.sleep(0)
            await phone(AcceptLoginTokenRequest(token=shown.token))
            if account.password is None:
                await waiting
            else:
                await sandbox.refused(errors.SessionPasswordNeededError, waiting)
                await desktop.sign_in(password=account.password)
            await check(desktop, account)

    return case


async def sign_up_is_asked_of_strangers():
    phone, client = next(sandbox.strangers("Telethon")), new_client()
    async with sandbox.connected(client):
        await client.send_code_request(phone)
        unoccupied = errors.PhoneNumberUnoccupiedError
        await sandbox.refused(unoccupied, client.sign_in(phone, "22222"))
        sandbox.equal("terms of service", bool(client._tos and client._tos.text), True)


async def bad_input_is_refused():
    client = new_client()
    async with sandbox.connected(client):
        await sandbox.refused(errors.PhoneNumberInvalidError, client.send_code_request("12025550123"))
        await sandbox.refused(errors.AccessTokenInvalidError, client.sign_in(bot_token="1:wrong"))


CASES = [(f"{account}", sign_in_case(account)) for account in ACCOUNTS]
CASES += [(f"{account}, by QR code", qr_case(account)) for account in ACCOUNTS if account.phone]
CASES.append(("a number that is not registered", sign_up_is_asked_of_strangers))
CASES.append(("a bad number and a bad token", bad_input_is_refused))
sandbox.run(f"Telethon {telethon.__version__}", CASES)
