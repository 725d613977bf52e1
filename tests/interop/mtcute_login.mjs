// mtcute logs in to the test DCs. Arguments: the JSON line of `sansgram sandbox --json`, and then, for DCs behind an
// MTProxy, its secret.
import { readFileSync } from 'node:fs';
import { MemoryStorage, MtProxyTcpTransport, TelegramClient } from '@mtcute/node';
import { addPublicKey, NodeCryptoProvider } from '@mtcute/node/utils.js';
import { ACCOUNTS, API_HASH, API_ID, equal, refused, run, Sandbox } from './sandbox.mjs';

const sandbox = new Sandbox(process.argv[2]);
const secret = process.argv[3];
const home = sandbox.dcs.get(2);
const crypto = new NodeCryptoProvider();
await crypto.initialize();
addPublicKey(crypto, sandbox.publicKey);

function newClient() {
  return new TelegramClient({
    apiId: API_ID,
    apiHash: API_HASH,
    storage: new MemoryStorage(),
    crypto,
    defaultDcs: { main: home, media: home },
    disableUpdates: true,
    logLevel: 1,
    ...(secret && {
      transport: new MtProxyTcpTransport({ host: home.ipAddress, port: home.port, secret }),
    }),
  });
}

async function signIn(client, account) {
  if (account.token) return client.signInBot(account.token);
  const { phone, code } = account;
  const { phoneCodeHash } = await client.sendCode({ phone });
  await refused('PHONE_CODE_INVALID', client.signIn({ phone, phoneCodeHash, phoneCode: `0${code.slice(1)}` }));
  const signed = client.signIn({ phone, phoneCodeHash, phoneCode: code });
  if (!account.password) return signed;
  await refused('SESSION_PASSWORD_NEEDED', signed);
  await refused('PASSWORD_HASH_INVALID', client.checkPassword('wrong'));
  return client.checkPassword(account.password);
}

const signInCase = (account) => async () => {
  const client = newClient();
  try {
    const user = await signIn(client, account);
    equal('user', [user.id, user.isBot, user.phoneNumber], [account.userId, !account.phone, account.phone ?? null]);
    const me = await client.getMe();
    equal('user again', me.id, account.userId);
    const [stored] = await client.call({ _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] });
    equal('user as it is', stored.id, account.userId);
    const session = await client.exportSession();
    await client.destroy();

    // The key outlives the connection, and ends with the logout.
    const again = newClient();
    try {
      await again.importSession(session);
      equal('user from the saved session', (await again.getMe()).id, account.userId);
      equal('full user', (await again.getFullUser('me')).id, account.userId);
      await again.logOut();
      await refused('AUTH_KEY_UNREGISTERED', again.call({ _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] }));
    } finally {
      await again.destroy();
    }
  } finally {
    await client.destroy().catch(() => {});
  }
};

const installed = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const version = installed.dependencies['@mtcute/node'];
// The way to a DC elsewhere is the proxy's to find, if there is one: that is tried with two accounts.
const accounts = secret ? ACCOUNTS.slice(0, 2) : ACCOUNTS;
const how = secret ? ' through an MTProxy' : '';
await run(`mtcute ${version}${how}`, accounts.map((account) => [account.name, signInCase(account)]));
