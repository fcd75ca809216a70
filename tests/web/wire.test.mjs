import assert from 'node:assert/strict';
import test from 'node:test';

import { Wire } from '../../src/saywire/web/js/wire.mjs';

const POINT = { session: 's', audio_start: 0, settled: 0, last_seq: 0, event_id: null, context: '' };

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
    this.hear({ type: 'session.created', session: { id: 's' } });
  }

  answer() {
    this.hear({ type: 'session.updated', session: { id: 's', resume: POINT } });
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
    this.onclose?.({ code });
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
  t.mock.method(Math, 'random', () => 0);
  const told = [];
  const wire = new Wire(
    { url: 'ws://there/', key: '', share: 'mine', session: { type: 'transcription' }, kept: 60000, ...more },
    {
      event: ({ type }) => told.push(['event', type]),
      rewind: (last) => told.push(['rewind', last]),
      lose: (samples) => told.push(['lose', samples]),
      state: (name) => told.push(['state', name]),
      begin: () => {},
      trace: (way, { type }) => told.push([way, type]),
      refuse: (name, reason) => told.push(['refuse', name, reason]),
    },
  );
  const of = (kind) => told.filter(([first]) => first === kind).map(([, ...rest]) => rest);
  return { wire, of, timers, socket: () => Socket.all.at(-1) };
}

test('what is heard before the connection stands is sent after the settings', (t) => {
  const { wire, socket } = dial(t);
  wire.hear(new Float32Array(100));
  socket().open();
  wire.hear(new Float32Array(100));
  assert.deepEqual(socket().types, ['update', 'update', 'append', 'append']);
  assert.deepEqual(socket().protocols, ['realtime', 'saywire-share.mine']);
  assert.equal(wire.heard, 200);
});

test('a key goes as a subprotocol', (t) => {
  assert.deepEqual(dial(t, { key: 'k' }).socket().protocols, ['realtime', 'saywire-share.mine', 'openai-insecure-api-key.k']);
});

test('a lost connection is dialled again, more and more slowly, and what has not settled sent again', (t) => {
  const { wire, of, timers, socket } = dial(t);
  socket().open();
  socket().answer();
  for (let nth = 0; nth < 4; nth += 1) wire.hear(new Float32Array(500));
  const resume = { ...POINT, audio_start: 1200, settled: 1200, last_seq: 1, event_id: 'c1' };
  socket().hear({ type: 'conversation.item.input_audio_transcription.completed', item_id: 'a', transcript: 'x', seq: 1, resume });
  socket().close(1012);
  wire.hear(new Float32Array(500));
  const waits = [];
  for (let nth = 0; nth < 8; nth += 1) {
    const { work, wait } = timers.pop();
    waits.push(wait);
    work();
    if (nth < 7) socket().close(1006);
  }
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
  socket().open();
  assert.deepEqual(socket().types, ['update']);
  socket().hear({ type: 'session.updated', session: { id: 's', resume } });
  assert.deepEqual(socket().types, ['update', 'append', 'append', 'append']);
  assert.deepEqual(of('rewind'), [[1]]);
  assert.deepEqual(of('state').map(([name]) => name), ['listening', ...Array(8).fill('away'), 'listening']);
  socket().close(1006);
  assert.deepEqual(timers.map(({ wait }) => wait), [50]);
});

test('who cuts the connection does not wait for its end', (t) => {
  const { wire, of, timers, socket } = dial(t);
  socket().open();
  const first = socket();
  wire.drop();
  assert.equal(first.readyState, 3);
  assert.deepEqual(of('state').at(-1), ['away']);
  wire.drop();
  assert.equal(timers.length, 1);
});

test('audio that was too much to keep is told', (t) => {
  const { wire, of, timers, socket } = dial(t, { kept: 1000 });
  socket().open();
  socket().answer();
  socket().close(1006);
  for (let nth = 0; nth < 3; nth += 1) wire.hear(new Float32Array(500));
  timers.pop().work();
  socket().open();
  assert.deepEqual(of('lose'), [[500]]);
});

test('the end waits for the last text', async (t) => {
  const { wire, socket } = dial(t);
  wire.finish();
  wire.finish();
  socket().open();
  wire.hear(new Float32Array(100));
  assert.deepEqual(socket().types, ['update', 'update', 'close']);
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
  assert.deepEqual(socket().types, ['update', 'update', 'append', 'close']);
});

test('who stops while the server is away waits for it, unless told not to', async (t) => {
  const { wire, timers, socket } = dial(t);
  socket().open();
  wire.hear(new Float32Array(100));
  socket().close(1006);
  wire.finish();
  assert.equal(timers.length, 1);
  wire.stop();
  await wire.done;
});

for (const [key, name] of [['', 'needKey'], ['k', 'wrongKey']]) {
  test(`a key that is wanted or wrong is said, and not tried again: ${name}`, async (t) => {
    const { wire, of, timers, socket } = dial(t, { key });
    socket().open();
    socket().close(3000);
    await wire.done;
    assert.deepEqual(of('refuse'), [[name, '']]);
    assert.deepEqual(timers, []);
  });
}

test('an end that trying again would not help is said, unless the server has said why', async (t) => {
  const silent = dial(t);
  silent.socket().open();
  silent.socket().close(4009);
  await silent.wire.done;
  assert.deepEqual(silent.of('refuse'), [['ended', '4009']]);
  const explained = dial(t);
  explained.socket().open();
  explained.socket().hear({ type: 'error', error: { code: 'x', message: 'because' } });
  explained.socket().close(4000);
  await explained.wire.done;
  assert.deepEqual(explained.of('refuse'), [['refused', 'because']]);
});

test('a server that cannot go on is not asked again', async (t) => {
  const { wire, of, socket } = dial(t);
  socket().open();
  socket().hear({ type: 'session.updated', session: { id: 's' } });
  socket().close(1006);
  await wire.done;
  assert.deepEqual(of('refuse'), [['ended', '1006']]);
});

test('an error is said, but not that there was nothing to commit', (t) => {
  const { of, socket } = dial(t);
  socket().open();
  socket().hear({ type: 'error', error: { code: 'input_audio_buffer_commit_empty', message: 'small' } });
  socket().hear({ type: 'error', error: { code: 'model_not_found', message: 'no such model' } });
  assert.deepEqual(of('refuse'), [['refused', 'no such model']]);
});

test('what goes over the wire can be watched', (t) => {
  const { of, socket } = dial(t);
  socket().open(); // which is told a session
  assert.ok(of('>').flat().includes('session.update'));
  assert.deepEqual(of('<'), [['session.created']]);
});
