// The session strings of GramJS and mtcute, both ways, with random keys. Argument: the sansgram command.
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStringSession, writeStringSession } from '@mtcute/core/utils.js';
import { equal } from './sandbox.mjs';

const require = createRequire(import.meta.url);
const { StoreSession, StringSession } = require('telegram/sessions');
const { AuthKey } = require('telegram/crypto/AuthKey');

const SANSGRAM = process.argv[2];
const ROUNDS = 8;
const ADDRESSES = ['149.154.175.50', '149.154.167.51', '149.154.175.100', '149.154.167.91', '149.154.171.5'];

const directory = mkdtempSync(join(tmpdir(), 'sansgram-sessions-'));
process.chdir(directory);
let count = 0;

function sessions(...args) {
  const done = spawnSync(SANSGRAM, ['sessions', ...args], { cwd: directory, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`sansgram sessions ${args[0]}: ${done.stderr}`);
  return done.stdout;
}

function takenOver(what, string, expected) {
  const name = `ours-${count++}`;
  sessions('import', '--from', string, '--session', name);
  const shown = JSON.parse(sessions('show', '--session', name, '--json'));
  for (const [field, value] of Object.entries(expected)) equal(`${what}: ${field}`, shown[field], value);
  return name;
}

const keyId = (key) => createHash('sha1').update(key).digest().subarray(12, 20).toString('hex');

async function gramjs(key, dc) {
  const theirs = new StringSession('');
  theirs.setDC(dc, ADDRESSES[dc - 1], 443);
  const authKey = new AuthKey();
  await authKey.setKey(key);
  theirs.setAuthKey(authKey);
  const name = takenOver('gramjs', theirs.save(), { dc, user_id: null, test: false, auth_key_id: keyId(key) });

  for (const to of ['gramjs', 'telethon']) {
    const exported = new StringSession(sessions('export', '--session', name, '--to', to));
    await exported.load();
    const found = [exported.dcId, exported.serverAddress, exported.port, exported.authKey.getKey().toString('hex')];
    equal(`gramjs opens ${to}`, found, [dc, ADDRESSES[dc - 1], 443, key.toString('hex')]);
  }
}

// GramJS takes the folder's name for the session's, below the directory where it runs.
async function gramjsStore(key, dc) {
  const theirs = new StoreSession(`theirs-${count}`);
  await theirs.load();
  theirs.setDC(dc, ADDRESSES[dc - 1], 443);
  const authKey = new AuthKey();
  await authKey.setKey(key);
  theirs.setAuthKey(authKey);
  theirs.save();
  const folder = `theirs-${count}`;
  const expected = { dc, user_id: null, test: false, auth_key_id: keyId(key) };
  const name = takenOver('gramjs-store', folder, expected);

  sessions('export', '--session', name, '--to', 'gramjs-store', '--output', `store-${name}`);
  const exported = new StoreSession(`store-${name}`);
  await exported.load();
  const found = [exported.dcId, exported.serverAddress, exported.port, exported.getAuthKey().getKey().toString('hex')];
  equal('gramjs opens the folder', found, [dc, ADDRESSES[dc - 1], 443, key.toString('hex')]);
}

function mtcute(key, dc) {
  const main = { id: dc, ipAddress: ADDRESSES[dc - 1], port: 443, ipv6: false, mediaOnly: false, testMode: false };
  const media = randomInt(2) ? { ...main, mediaOnly: true } : main;
  const userId = randomInt(1, 2 ** 47);
  const self = randomInt(3) ? { userId, isBot: randomInt(2) === 1, isPremium: false, usernames: [] } : null;
  const string = writeStringSession({ version: 3, primaryDcs: { main, media }, self, authKey: key });
  const expected = { dc, test: false, auth_key_id: keyId(key) };
  expected.user_id = self ? self.userId : null;
  expected.is_bot = self ? self.isBot : null;
  const name = takenOver('mtcute', string, expected);

  const exported = readStringSession(sessions('export', '--session', name, '--to', 'mtcute'));
  equal('mtcute opens its DC', exported.primaryDcs.main, main);
  equal('mtcute opens its key', Buffer.from(exported.authKey).toString('hex'), key.toString('hex'));
  equal('mtcute opens its user', exported.self, self);
}

try {
  for (let round = 0; round < ROUNDS; round++) {
    await gramjs(randomBytes(256), randomInt(1, 6));
    await gramjsStore(randomBytes(256), randomInt(1, 6));
    mtcute(randomBytes(256), randomInt(1, 6));
  }
  console.log(`gramjs, mtcute: ${ROUNDS} sessions there and back`);
} catch (error) {
  console.log(`gramjs, mtcute: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
