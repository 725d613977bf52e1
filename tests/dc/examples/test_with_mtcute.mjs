// A bot with mtcute, and its test without a network: node test_with_mtcute.mjs
//
// Needs @mtcute/node, and the command sansgram, whose path may be in $SANSGRAM.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MemoryStorage, TelegramClient } from '@mtcute/node';
import { addPublicKey, NodeCryptoProvider } from '@mtcute/node/utils.js';

/** The bot. */
function addHandlers(bot) {
  bot.onNewMessage.add(async (message) => {
    if (message.text === '/start') await bot.answerText(message, 'welcome');
  });
}

async function newClient(sandbox) {
  const crypto = new NodeCryptoProvider();
  await crypto.initialize();
  addPublicKey(crypto, readFileSync(sandbox.public_key, 'utf8'));
  const { id, address } = sandbox.dcs[1];
  const [ipAddress, port] = address.split(':');
  const dc = { id, ipAddress, port: Number(port) };
  const defaultDcs = { main: dc, media: dc };
  const apiHash = '0123456789abcdef0123456789abcdef';
  return new TelegramClient({ apiId: 1, apiHash, storage: new MemoryStorage(), crypto, defaultDcs, logLevel: 1 });
}

async function theBotWaitsAndAnswers(sandbox) {
  const [bot, user] = [await newClient(sandbox), await newClient(sandbox)];
  addHandlers(bot);
  await user.start({ phone: '9996621234', code: '22222' });
  await bot.start({ botToken: '1:sandbox' });
  // The script sends "/start" to the bot, and makes it wait once, which mtcute does by itself.
  for (;;) {
    const history = await user.getHistory('sandbox1_bot');
    if (history.length === 2) {
      assert.deepEqual(history.map((message) => message.text), ['welcome', '/start']);
      break;
    }
    await sleep(100);
  }
  await user.destroy();
  await bot.destroy();
}

const script = fileURLToPath(new URL('script.toml', import.meta.url));
const command = process.env.SANSGRAM ?? 'sansgram';
const args = ['sandbox', '--json', '--until-eof', '--script', script];
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const [line] = await once(createInterface({ input: child.stdout }), 'line');
try {
  await Promise.race([
    theBotWaitsAndAnswers(JSON.parse(line)),
    sleep(60_000, null, { ref: false }).then(() => assert.fail('no end after 60 s')),
  ]);
  console.log('the bot waited and answered');
} finally {
  child.kill();
}
