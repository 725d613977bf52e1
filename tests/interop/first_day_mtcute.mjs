// The eight tasks of a first day, with mtcute, as the book shows them. Argument: the JSON line of `sansgram sandbox --json`.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryStorage, TelegramClient } from '@mtcute/node';
import { addPublicKey, NodeCryptoProvider } from '@mtcute/node/utils.js';
import { API_HASH, API_ID, equal, run, Sandbox } from './sandbox.mjs';

// ANCHOR: log_in
async function logIn(client, phone, code, password) {
  // Each value may be a function that asks for it.
  return client.start({ phone, code, password });
}
// ANCHOR_END: log_in

// ANCHOR: keep
async function keep(client) {
  // A name as `storage`, 'me.session', keeps it in a SQLite file; this is the same as a text.
  return client.exportSession();
}
// ANCHOR_END: keep

// ANCHOR: bot
async function bot(client, botToken) {
  return client.start({ botToken });
}
// ANCHOR_END: bot

// ANCHOR: send
async function send(client, text) {
  return client.sendText('me', text);
}
// ANCHOR_END: send

// ANCHOR: chats
async function chats(client) {
  const names = [];
  for await (const dialog of client.iterDialogs()) names.push(dialog.peer.displayName);
  return names;
}
// ANCHOR_END: chats

// ANCHOR: follow
function follow(client, show) {
  client.onNewMessage.add(async (message) => show(message.text));
}
// ANCHOR_END: follow

// ANCHOR: download
async function download(client) {
  for await (const message of client.iterHistory('me')) {
    if (message.media?.type === 'document') return client.downloadAsBuffer(message.media);
  }
}
// ANCHOR_END: download

// ANCHOR: log_out
async function logOut(client) {
  await client.logOut();
}
// ANCHOR_END: log_out

const sandbox = new Sandbox(process.argv[2]);
const home = sandbox.dcs.get(2);
const crypto = new NodeCryptoProvider();
await crypto.initialize();
addPublicKey(crypto, sandbox.publicKey);
// Each run has an account of its own, since what earlier ones sent is still there.
const ADA = `999662${String(Math.floor(Date.now() / 100) % 1000).padStart(3, '0')}4`;

const newClient = () =>
  new TelegramClient({
    apiId: API_ID,
    apiHash: API_HASH,
    storage: new MemoryStorage(),
    crypto,
    defaultDcs: { main: home, media: home },
    logLevel: 1,
  });

async function aUser() {
  const [first, other, client] = [newClient(), newClient(), newClient()];
  await logIn(first, ADA, '22222');
  await client.importSession(await keep(first));
  await first.destroy();
  const arrived = new Promise((show) => follow(other, show));
  await logIn(other, ADA, '22222');
  await client.start();
  // mtcute 0.30.3 begins to follow updates in the background once it has logged in, and drops what arrives until then.
  let shown;
  do {
    await send(client, 'hello');
    shown = await Promise.race([arrived, sleep(1000)]);
  } while (shown === undefined);
  equal('update', shown, 'hello');
  const file = randomBytes(70_000);
  await client.sendMedia('me', { type: 'document', file: new Uint8Array(file), fileName: 'a.bin' });
  equal('file', Buffer.compare(file, await download(client)), 0);
  equal('chats', await chats(client), ['Sandbox DC 2']);
  await logOut(client);
  await logOut(other);
  await client.destroy();
  await other.destroy();
}

async function aBot() {
  const client = newClient();
  await bot(client, '1:sandbox');
  equal('bot', (await client.getMe()).id, 1);
  await logOut(client);
  await client.destroy();
}

run('first day with mtcute', [['a user', aUser], ['a bot', aBot]]);
