// Telegram Desktop's tdata by @mtcute/convert, both ways, with random keys. Argument: the sansgram command.
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DC_MAPPING_PROD, Tdata, convertFromTdata, convertToTdata } from '@mtcute/convert';
import { equal } from './sandbox.mjs';

const SANSGRAM = process.argv[2];
const ROUNDS = 4;
const directory = mkdtempSync(join(tmpdir(), 'sansgram-tdata-'));

function sessions(passcode, ...args) {
  const env = passcode ? { ...process.env, SANSGRAM_PASSCODE: passcode } : process.env;
  const done = spawnSync(SANSGRAM, ['sessions', ...args], { cwd: directory, encoding: 'utf8', env });
  if (done.status !== 0) throw new Error(`sansgram sessions ${args[0]}: ${done.stderr}`);
  return done.stdout.trim();
}

async function thereAndBack(round) {
  const passcode = round % 2 ? 'a secret' : undefined;
  const all = [0, 1].map(() => ({ key: randomBytes(256), dc: randomInt(1, 6), user: randomInt(1, 2 ** 47) }));
  const theirs = join(directory, `theirs-${round}`);
  const written = all.map(({ key, dc, user }) => ({
    version: 3,
    primaryDcs: DC_MAPPING_PROD[dc],
    self: { userId: user, isBot: false, isPremium: false, usernames: [] },
    authKey: key,
  }));
  await convertToTdata(written, { path: theirs, passcode });
  for (const [at, { key, dc, user }] of all.entries()) {
    const name = `ours-${round}-${at}`;
    sessions(passcode, 'import', '--from', theirs, '--account', String(at + 1), '--session', name);
    const shown = JSON.parse(sessions(undefined, 'show', '--session', name, '--json'));
    const keyId = createHash('sha1').update(key).digest().subarray(12, 20).toString('hex');
    equal('account', [shown.dc, shown.user_id, shown.auth_key_id, shown.test], [dc, user, keyId, false]);

    const ours = join(directory, `of-${name}`);
    sessions(passcode, 'export', '--session', name, '--to', 'tdata', '--output', ours);
    const read = await convertFromTdata(await Tdata.open({ path: ours, passcode }));
    const found = [read.primaryDcs.main.id, read.self.userId, Buffer.from(read.authKey).toString('hex')];
    equal('exported folder', found, [dc, user, key.toString('hex')]);
  }
}

try {
  for (let round = 0; round < ROUNDS; round++) await thereAndBack(round);
  console.log(`mtcute: ${ROUNDS} folders of Telegram Desktop there and back`);
} catch (error) {
  console.log(`mtcute: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
