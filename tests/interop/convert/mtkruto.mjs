// MTKruto's session strings, both ways, as @mtcute/convert writes and reads them, with random keys. Argument: the
// sansgram command.
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMtkrutoSession, serializeMtkrutoSession } from '@mtcute/convert';

const SANSGRAM = process.argv[2];
const ROUNDS = 8;
const directory = mkdtempSync(join(tmpdir(), 'sansgram-mtkruto-'));

function sessions(...args) {
  const done = spawnSync(SANSGRAM, ['sessions', ...args], { cwd: directory, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`sansgram sessions ${args[0]}: ${done.stderr}`);
  return done.stdout;
}

function equal(what, found, expected) {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
  }
}

try {
  for (let round = 0; round < ROUNDS; round++) {
    const key = randomBytes(256);
    // Runs of zeros are packed, up to 255 of them.
    key.fill(0, randomInt(1, 100), randomInt(100, 256));
    const session = { dcId: randomInt(1, 4), isTest: randomInt(2) === 1, authKey: new Uint8Array(key) };
    const name = `ours-${round}`;
    sessions('import', '--from', serializeMtkrutoSession(session), '--session', name);
    const shown = JSON.parse(sessions('show', '--session', name, '--json'));
    const keyId = createHash('sha1').update(key).digest().subarray(12, 20).toString('hex');
    equal('imported', [shown.dc, shown.test, shown.auth_key_id], [session.dcId, session.isTest, keyId]);

    sessions('export', '--session', name, '--to', 'mtkruto', '--output', `${name}.txt`);
    const read = parseMtkrutoSession(readFileSync(join(directory, `${name}.txt`), 'utf8'));
    const found = [read.dcId, read.isTest, Buffer.from(read.authKey).toString('hex')];
    equal('exported', found, [session.dcId, session.isTest, key.toString('hex')]);
  }
  console.log(`mtkruto: ${ROUNDS} sessions there and back`);
} catch (error) {
  console.log(`mtkruto: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
