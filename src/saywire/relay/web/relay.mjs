// The relay's page: what a `saywire relay` on this machine hears, and whether it listens. The words of its websocket
// are in relay/control.py.

import { describe, show, words } from './captions.mjs';

const PAUSE = 1000; // milliseconds before a relay that is gone is called again
const texts = words(navigator.language);

/** @param {string} id */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const scroller = find('scroller');

/** @type {WebSocket} */
let socket;

for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-text]')))
  element.textContent = texts[element.dataset.text ?? ''];
find('transcript').setAttribute('aria-label', texts.transcript);
document.documentElement.lang = texts.language;
document.title = `${texts.title} – saywire`;
find('start').onclick = () => socket.send('{"type":"start_system_audio"}');
find('stop').onclick = () => socket.send('{"type":"stop_system_audio"}');

/** @param {import('./captions.mjs').Told} told */
function hear(told) {
  const line = show(told, texts);
  const following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
  if (told.type === 'partial') {
    find('stable').textContent = told.text.slice(0, told.stable);
    find('unstable').textContent = told.text.slice(told.stable);
  } else if (told.type === 'final') {
    find('stable').textContent = find('unstable').textContent = '';
  }
  if (line) {
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = line.time;
    item.append(time, line.text);
    if (line.lost) item.className = 'failed';
    find('lines').append(item);
  }
  if (following) scroller.scrollTop = scroller.scrollHeight;
  if (told.type === 'warning') notice(told.message);
  if (told.type === 'state') state(told);
}

/** @param {string} message */
function notice(message) {
  find('notice').textContent = message;
  find('notice').hidden = !message;
}

/** @param {import('./captions.mjs').Told & {type: 'state'} | null} how null: the relay itself is gone */
function state(how) {
  const status = find('status');
  status.textContent = describe(how, texts);
  status.dataset.state = how?.connected ? (how.capturing ? 'listening' : '') : 'away';
  /** @type {HTMLButtonElement} */ (find('start')).disabled = !how || how.capturing;
  /** @type {HTMLButtonElement} */ (find('stop')).disabled = !how || !how.capturing;
  if (how?.connected && !how.lost) notice('');
}

function connect() {
  const address = new URL('captions', location.href);
  address.protocol = 'ws:';
  socket = new WebSocket(address);
  socket.onopen = () => find('lines').replaceChildren();
  socket.onmessage = (message) => hear(JSON.parse(message.data));
  socket.onclose = () => {
    state(null);
    setTimeout(connect, PAUSE);
  };
}

connect();
