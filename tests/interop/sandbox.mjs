// What the clients in JavaScript must know of the test DCs, and how they report; sandbox.py is the same for Python.
import { readFileSync } from 'node:fs';

export const API_ID = 1;
export const API_HASH = '0123456789abcdef0123456789abcdef';
export const PASSWORD = 'sandbox';
// Milliseconds for one login, handshakes included.
const PATIENCE = 60_000;

/** The test DCs, from the line that `sansgram sandbox --json` prints first. */
export class Sandbox {
  constructor(line) {
    const described = JSON.parse(line);
    this.publicKey = readFileSync(described.public_key, 'utf8');
    this.dcs = new Map(
      described.dcs.map(({ id, address }) => {
        const at = address.lastIndexOf(':');
        return [id, { id, ipAddress: address.slice(0, at), port: Number(address.slice(at + 1)) }];
      }),
    );
  }
}

/** By phone, by phone and password, by token: each at home and, through a migration, elsewhere. */
export const ACCOUNTS = [
  { dc: 2, phone: '9996621244' },
  { dc: 1, phone: '9996611244' },
  { dc: 2, phone: '9996621242', password: PASSWORD },
  { dc: 3, phone: '9996635682', password: PASSWORD },
  { dc: 2, token: '1:sandbox' },
  { dc: 1, token: '2:elsewhere' },
].map((account) => ({
  ...account,
  code: String(account.dc).repeat(5),
  userId: Number(account.phone ?? account.token.split(':')[0]),
  name: `${account.phone ? `phone ${account.phone}` : `bot ${account.token}`} on DC ${account.dc}`,
}));

export function equal(what, found, expected) {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  }
}

/** Fails unless the promise is refused with this error of the server. */
export async function refused(name, promise) {
  const error = await promise.then(() => null, (error) => error);
  equal('refusal', error?.text ?? error?.errorMessage, name);
}

/** Runs [name, async function] pairs; ends the process, with status 1 unless all went well. */
export async function run(client, cases) {
  let failed = 0;
  for (const [name, test] of cases) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end after ${PATIENCE} ms`)), PATIENCE);
    });
    try {
      await Promise.race([test(), late]);
      console.log(`ok      ${client}: ${name}`);
    } catch (error) {
      failed += 1;
      console.error(`FAILED  ${client}: ${name}:`, error);
    }
    clearTimeout(timer);
    if (failed === 2) break;
  }
  if (failed) console.error(`${client}: ${failed} of ${cases.length} failed`);
  process.exit(failed ? 1 : 0);
}
