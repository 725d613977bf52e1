// The event loop of the machine in a browser: WebSockets, timers, clocks and randomness.
'use strict';

const TICK = 0, OPENED = 1, RECEIVED = 2, LOST = 3;
const sockets = new Map();
let wasm, login, timer;

const bytes = (at, length) => new Uint8Array(wasm.memory.buffer, at, length);
const text = (at, length) => new TextDecoder().decode(bytes(at, length));

// Copies data into the memory of the machine, which frees it.
function copy(data) {
  const at = wasm.allocate(data.length);
  bytes(at, data.length).set(data);
  return [at, data.length];
}

function handle(kind, conn = 0, data = null) {
  const [at, length] = data ? copy(data) : [0, 0];
  wasm.handle(login, kind, conn, at, length);
}

const page = {
  performance_now: () => performance.now(),
  date_now: () => Date.now(),
  fill_random(at, length) {
    // A call gives at most 65,536 bytes.
    for (let done = 0; done < length; done += 65536) {
      crypto.getRandomValues(bytes(at + done, Math.min(65536, length - done)));
    }
  },
  open(conn, at, length) {
    const socket = new WebSocket(`ws://${text(at, length)}/apiws`, 'binary');
    socket.binaryType = 'arraybuffer';
    // Events of a socket that the machine has closed are not for it.
    const on = (kind) => (event) => {
      if (sockets.get(conn) !== socket) return;
      if (kind === LOST) sockets.delete(conn);
      handle(kind, conn, kind === RECEIVED ? new Uint8Array(event.data) : null);
    };
    socket.onopen = on(OPENED);
    socket.onmessage = on(RECEIVED);
    socket.onclose = on(LOST);
    sockets.set(conn, socket);
  },
  send(conn, at, length) {
    // A copy: the browser sends later.
    sockets.get(conn)?.send(bytes(at, length).slice());
  },
  close(conn) {
    const socket = sockets.get(conn);
    sockets.delete(conn);
    // A browser has no reset: what it still buffers is sent.
    socket?.close();
  },
  show_code(at, size, link, length) {
    const modules = bytes(at, size * size), quiet = 4, scale = 6;
    const canvas = document.getElementById('code'), context = canvas.getContext('2d');
    canvas.width = canvas.height = (size + 2 * quiet) * scale;
    context.fillStyle = 'white';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = 'black';
    modules.forEach((dark, index) => {
      const [x, y] = [index % size, Math.floor(index / size)];
      if (dark) context.fillRect((x + quiet) * scale, (y + quiet) * scale, scale, scale);
    });
    canvas.hidden = false;
    document.getElementById('link').textContent = text(link, length);
    report('/code', text(link, length));
  },
  show_text(at, length) {
    document.getElementById('text').textContent = text(at, length);
    report('/text', document.body.innerText);
  },
  wake_after(milliseconds) {
    clearTimeout(timer);
    // A timer takes 31 bits; an early tick does no harm.
    timer = setTimeout(() => handle(TICK), Math.min(Math.ceil(milliseconds), 2 ** 31 - 1));
  },
};

// Tells the server of the page what it shows, if it wants to know: the test does.
function report(path, body) {
  if (new URLSearchParams(location.search).has('report')) fetch(path, { method: 'POST', body });
}

async function main() {
  const setup = await (await fetch('setup.txt')).text();
  const module = await WebAssembly.instantiateStreaming(fetch('sansgram_browser.wasm'), { page });
  wasm = module.instance.exports;
  // `start` already opens a WebSocket; its events come later, when `login` is set.
  login = wasm.start(...copy(new TextEncoder().encode(setup)));
}

main().catch((error) => {
  document.getElementById('text').textContent = String(error);
  report('/text', String(error));
});
