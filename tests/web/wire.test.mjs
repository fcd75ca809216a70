import assert from 'node:assert/strict';
import test from 'node:test';

import { Wire, describeSession } from '../../src/saywire/web/js/wire.mjs';

class Socket {
  static OPEN = 1;
  static all = [];
  readyState = 0;
  bufferedAmount = 0;
  sent = [];

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    Socket.all.push(this);
  }

  open() {
    this.readyState = Socket.OPEN;
    this.onopen();
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  hear(event) {
    this.onmessage({ data: JSON.stringify(event) });
  }

  close(code = 1000) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose({ code });
  }

  get types() {
    return this.sent.map(({ type }) => type.split('.').pop());
  }
}

/** A wire with what it says, and its timers, which run when they are told to. */
function dial(t, more = {}) {
  Socket.all = [];
  globalThis.WebSocket = Socket;
  const timers = [];
  t.mock.method(globalThis, 'setTimeout', (work, wait) => timers.push({ work, wait }));
  const told = [];
  const wire = new Wire(
    { url: 'ws://there/', key: '', session: { type: 'transcription' }, rate: 1000, start: 0, kept: 60, ...more },
    {
      begin: (seconds) => told.push(['begin', seconds]),
      event: ({ type }) => told.push(['event', type]),
      state: (name) => told.push(['state', name]),
      refuse: (name, reason) => told.push(['refuse', name, reason]),
    },
  );
  return { wire, told, timers, socket: () => Socket.all.at(-1) };
}

const completed = (end) => ({ type: 'conversation.item.input_audio_transcription.completed', item_id: 'a', transcript: 'x', start: 0, end });

test('what is heard before the connection stands is sent after the settings', (t) => {
  const { wire, socket } = dial(t);
  wire.hear(new Float32Array(100));
  socket().open();
  wire.hear(new Float32Array(100));
  assert.deepEqual(socket().types, ['update', 'append', 'append']);
  assert.deepEqual(socket().protocols, ['realtime']);
});

test('a key goes as a subprotocol', (t) => {
  assert.deepEqual(dial(t, { key: 'k' }).socket().protocols, ['realtime', 'openai-insecure-api-key.k']);
});

test('a lost connection is dialled again, and only what is not settled sent again', (t) => {
  const { wire, told, timers, socket } = dial(t, { start: 5000 });
  socket().open();
  for (let nth = 0; nth < 4; nth += 1) wire.hear(new Float32Array(500));
  socket().hear(completed(1.2));
  socket().close(1012);
  wire.hear(new Float32Array(500));
  assert.deepEqual(timers.map(({ wait }) => wait), [500]);
  timers.pop().work();
  socket().close(1006);
  assert.deepEqual(timers.map(({ wait }) => wait), [1000]);
  timers.pop().work();
  socket().open();
  assert.deepEqual(socket().types, ['update', 'append', 'append', 'append']);
  assert.deepEqual(told.filter(([kind]) => kind === 'begin'), [['begin', 5], ['begin', 6]]);
  socket().hear({ type: 'session.updated' });
  socket().close(1006);
  assert.deepEqual(timers.map(({ wait }) => wait), [500]);
});

test('the end waits for the last text', async (t) => {
  const { wire, socket } = dial(t);
  wire.finish();
  socket().open();
  wire.hear(new Float32Array(100));
  assert.deepEqual(socket().types, ['update', 'close']);
  socket().hear({ type: 'session.closed' });
  await wire.done;
  assert.equal(socket().readyState, 3);
});

test('a connection that is lost while it ends is dialled again, and ended', (t) => {
  const { wire, timers, socket } = dial(t);
  socket().open();
  wire.hear(new Float32Array(100));
  wire.finish();
  socket().close(1006);
  timers.pop().work();
  socket().open();
  assert.deepEqual(socket().types, ['update', 'append', 'close']);
});

test('who stops while the server is away waits for nobody', async (t) => {
  const { wire, timers, socket } = dial(t);
  socket().close(1006);
  assert.equal(timers.length, 1);
  wire.finish();
  await wire.done;
});

for (const [key, name] of [['', 'needKey'], ['k', 'wrongKey']]) {
  test(`a key that is wanted or wrong is said, and not tried again: ${name}`, async (t) => {
    const { wire, told, timers, socket } = dial(t, { key });
    socket().open();
    socket().close(3000);
    await wire.done;
    assert.deepEqual(told.at(-1), ['refuse', name, '']);
    assert.deepEqual(timers, []);
  });
}

test('an error is said, but not that there was nothing to commit', (t) => {
  const { told, socket } = dial(t);
  socket().open();
  socket().hear({ type: 'error', error: { code: 'input_audio_buffer_commit_empty', message: 'small' } });
  socket().hear({ type: 'error', error: { code: 'model_not_found', message: 'no such model' } });
  assert.deepEqual(told.filter(([kind]) => kind === 'refuse'), [['refuse', 'refused', 'no such model']]);
});

test('what is not chosen is left to the server', () => {
  const { audio, include } = describeSession({ model: '', language: '', hotwords: [] }, 16000);
  assert.deepEqual(audio.input.format, { type: 'audio/pcm', rate: 16000 });
  assert.deepEqual(audio.input.transcription, { model: 'auto' });
  assert.deepEqual(include, ['item.input_audio_transcription.unstable']);
  const chosen = describeSession({ model: 'tiny', language: 'zh', hotwords: ['a'] }, 16000).audio.input.transcription;
  assert.deepEqual(chosen, { model: 'tiny', language: 'zh', keywords: ['a'] });
});
