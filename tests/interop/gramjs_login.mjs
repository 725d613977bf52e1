// GramJS, or its fork teleproto, logs in to the test DCs. Arguments: the JSON line of `sansgram sandbox
// --json`; then, if it is another one, the package's name; then `ws` for a WebSocket, as a browser opens it.
import { createHash, createPublicKey } from 'node:crypto';
import { createRequire } from 'node:module';
import { ACCOUNTS, API_HASH, API_ID, equal, refused, run, Sandbox } from './sandbox.mjs';

const require = createRequire(import.meta.url);
const [, , line, name = 'telegram', way] = process.argv;
const { Api, TelegramClient } = require(name);
const { Logger } = require(`${name}/extensions`);
const { ConnectionTCPFull, ConnectionTCPObfuscated } = require(`${name}/network`);
const { StringSession } = require(`${name}/sessions`);
const { _serverKeys } = require(`${name}/crypto/RSA`);
const { returnBigInt } = require(`${name}/Helpers`);
const { version } = require(`${name}/package.json`);
const inBrowser = way === 'ws';
const networkSocket = inBrowser
  ? require(`${name}/extensions/PromisedWebSockets`).PromisedWebSockets
  : undefined;

const sandbox = new Sandbox(line);
const home = sandbox.dcs.get(2);
const credentials = { apiId: API_ID, apiHash: API_HASH };

/** Makes the sandbox's key the only one that a server may identify itself by. */
function trust(pem) {
  const { n, e } = createPublicKey(pem).export({ format: 'jwk' });
  const [modulus, exponent] = [n, e].map((number) => Buffer.from(number, 'base64url'));
  const tl = (bytes) => {
    const head = bytes.length < 254 ? [bytes.length] : [254, bytes.length & 255, bytes.length >> 8, 0];
    const whole = Buffer.concat([Buffer.from(head), bytes]);
    return Buffer.concat([whole, Buffer.alloc((4 - (whole.length % 4)) % 4)]);
  };
  const digest = createHash('sha1').update(tl(modulus)).update(tl(exponent)).digest();
  _serverKeys.clear();
  _serverKeys.set(digest.readBigInt64LE(12).toString(), {
    n: returnBigInt(BigInt(`0x${modulus.toString('hex')}`)),
    e: Number(`0x${exponent.toString('hex')}`),
  });
}

trust(sandbox.publicKey);

/** Its strings hold no port above 32767. */
class Session extends StringSession {
  setDC(dcId, address) {
    super.setDC(dcId, address, 443);
  }
}

/** It takes every port for 80. */
class Connection extends (inBrowser ? ConnectionTCPObfuscated : ConnectionTCPFull) {
  constructor(known) {
    super({ ...known, port: sandbox.dcs.get(known.dcId).port });
  }
}

function newClient(saved) {
  const session = new Session(saved ?? '');
  if (!saved) session.setDC(2, home.ipAddress);
  // It leaves out the leading zeros of a new key, so that one handshake of 256 fails; the number counts all attempts.
  const known = { connection: Connection, connectionRetries: 5, baseLogger: new Logger('none') };
  const options = inBrowser ? { ...known, networkSocket, useWSS: false } : known;
  const client = new TelegramClient(session, API_ID, API_HASH, options);
  client.onError = async (error) => console.log(`        GramJS: ${error.message}`);
  return client;
}

async function signIn(client, account) {
  if (account.token) return client.signInBot(credentials, { botAuthToken: account.token });
  const { phone, code } = account;
  const { phoneCodeHash } = await client.sendCode(credentials, phone);
  const signed = (phoneCode) => client.invoke(new Api.auth.SignIn({ phoneNumber: phone, phoneCodeHash, phoneCode }));
  await refused('PHONE_CODE_INVALID', signed(`0${code.slice(1)}`));
  if (!account.password) return (await signed(code)).user;
  await refused('SESSION_PASSWORD_NEEDED', signed(code));
  const given = ['wrong', account.password];
  const errors = [];
  const user = await client.signInWithPassword(credentials, {
    password: async () => given.shift(),
    onError: async (error) => void errors.push(error.errorMessage),
  });
  equal('refusals', errors, ['PASSWORD_HASH_INVALID']);
  return user;
}

const signInCase = (account) => async () => {
  const client = newClient();
  await client.connect();
  try {
    const user = await signIn(client, account);
    equal('user', [Number(user.id), user.bot], [account.userId, !account.phone]);
    equal('DC', client.session.dcId, account.dc);
    const saved = client.session.save();
    await client.disconnect();

    // The key outlives the connection, and ends with the logout.
    const again = newClient(saved);
    await again.connect();
    try {
      equal('user from the saved session', Number((await again.getMe()).id), account.userId);
      const full = await again.invoke(new Api.users.GetFullUser({ id: 'me' }));
      equal('full user', Number(full.fullUser.id), account.userId);
      await again.invoke(new Api.auth.LogOut());
      const self = new Api.users.GetUsers({ id: [new Api.InputUserSelf()] });
      await refused('AUTH_KEY_UNREGISTERED', again.invoke(self));
    } finally {
      await again.destroy();
    }
  } finally {
    await client.destroy();
  }
};

const title = { telegram: 'GramJS' }[name] ?? name;
await run(`${title} ${version}${inBrowser ? ', WebSocket' : ''}`, ACCOUNTS.map((account) => [account.name, signInCase(account)]));
