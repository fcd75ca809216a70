import assert from 'node:assert/strict';
import test from 'node:test';

import { Call } from '../../src/saywire/web/js/call.mjs';

class Channel {
  readyState = 'connecting';
  sent = [];

  send(text) {
    this.sent.push(JSON.parse(text).type);
  }

  open() {
    this.readyState = 'open';
    this.onopen();
  }

  hear(event) {
    this.onmessage({ data: JSON.stringify(event) });
  }

  close() {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.onclose();
  }
}

class Peer extends EventTarget {
  static all = [];
  iceGatheringState = 'complete';
  connectionState = 'new';
  tracks = [];
  closed = false;

  constructor() {
    super();
    Peer.all.push(this);
  }

  addTrack(track) {
    this.tracks.push(track);
  }

  createDataChannel(name) {
    this.channel = Object.assign(new Channel(), { name });
    return this.channel;
  }

  async setLocalDescription() {
    this.localDescription = { type: 'offer', sdp: 'offered' };
  }

  async setRemoteDescription(answer) {
    this.answer = answer;
  }

  close() {
    this.closed = true;
  }
}

const settled = async () => { for (let nth = 0; nth < 20; nth += 1) await Promise.resolve(); };

/** A call, with what it says and asks, and its timers, which run when they are told to. */
async function dial(t, refuses = () => false) {
  Peer.all = [];
  globalThis.RTCPeerConnection = Peer;
  const timers = [];
  t.mock.method(globalThis, 'setTimeout', (work, wait) => timers.push({ work, wait }));
  const [told, asked, track] = [[], [], { enabled: true }];
  const ask = async (url, form) => {
    asked.push({ url: new URL(url), sdp: form.get('sdp'), session: form.get('session') });
    return refuses() ? null : { text: async () => 'answered' };
  };
  const options = { url: new URL('http://there/v1/realtime/calls?share=k'), session: { type: 'transcription' } };
  const stream = { getAudioTracks: () => [track] };
  const call = new Call({ ...options, stream, start: 500, rate: 1000 }, ask, {
    begin: (samples) => told.push(['begin', samples]),
    event: ({ type }) => told.push(['event', type]),
    state: (name) => told.push(['state', name]),
    refuse: (name, reason) => told.push(['refuse', name, reason]),
    trace: () => {},
  });
  await settled();
  const peer = () => Peer.all.at(-1);
  const again = async () => { timers.filter(({ wait }) => wait === 1000).pop().work(); await settled(); };
  return { call, told, asked, track, peer, again };
}

test('a call is offered with its track and its settings, and answered', async (t) => {
  const { call, told, asked, track, peer } = await dial(t);
  const { url, sdp, session } = asked[0];
  assert.deepEqual([sdp, session, url.searchParams.get('share_start')], ['offered', '{"type":"transcription"}', '0.5']);
  assert.deepEqual([peer().tracks, peer().answer, peer().channel.name], [[track], { type: 'answer', sdp: 'answered' }, 'oai-events']);
  peer().channel.open();
  call.mute(true);
  call.commit();
  assert.equal(track.enabled, false);
  assert.deepEqual([told, peer().channel.sent], [[['state', 'listening']], ['input_audio_buffer.commit']]);
});

test('the end waits for the last text', async (t) => {
  const { call, told, peer } = await dial(t);
  peer().channel.open();
  call.finish();
  call.finish();
  assert.deepEqual(peer().channel.sent, ['session.close']);
  const [{ channel }, last] = [peer(), peer()];
  channel.hear({ type: 'session.closed' });
  await call.done;
  assert.ok(last.closed);
  assert.deepEqual(told.at(-1), ['event', 'session.closed']);
});

test('a call that breaks is made again, and its session begins where the transcript is', async (t) => {
  const { call, told, asked, peer, again } = await dial(t);
  peer().channel.open();
  call.hear(new Float32Array(1500));
  peer().channel.close();
  assert.deepEqual(told.at(-1), ['state', 'awayCall']);
  await again();
  assert.equal(asked[1].url.searchParams.get('share_start'), '2');
  peer().channel.open();
  assert.deepEqual(told.slice(-2), [['begin', 1500], ['state', 'listening']]);
  Object.assign(peer(), { connectionState: 'failed' }).onconnectionstatechange();
  assert.deepEqual(told.at(-1), ['state', 'awayCall']);
  call.stop();
  await call.done;
});

test('a server that refuses ends the first call, and is asked again for one that broke', async (t) => {
  let refusing = true;
  const refused = await dial(t, () => refusing);
  await refused.call.done;
  assert.deepEqual(refused.told, []);
  refusing = false;
  const { call, asked, peer, again } = await dial(t, () => refusing);
  peer().channel.open();
  refusing = true;
  call.drop();
  await again();
  await again();
  assert.equal(asked.length, 3);
  call.finish(); // there is nobody to wait for
  await call.done;
});

test('who goes before the ways to them are known asks the server for nothing', async (t) => {
  const { call, asked, peer, again } = await dial(t);
  peer().channel.open();
  t.mock.method(Peer.prototype, 'setLocalDescription', () => call.stop());
  call.drop();
  await again();
  await call.done;
  assert.equal(asked.length, 1);
});

test('an answer that the browser cannot use ends the call, and is said', async (t) => {
  t.mock.method(Peer.prototype, 'setRemoteDescription', async () => { throw new Error('no such codec'); });
  const { call, told } = await dial(t);
  await call.done;
  assert.deepEqual(told, [['refuse', 'refused', 'Error: no such codec']]);
});

test('an error is said, but not that there was nothing to commit', async (t) => {
  const { told, peer } = await dial(t);
  peer().channel.open();
  peer().channel.hear({ type: 'error', error: { code: 'input_audio_buffer_commit_empty', message: 'small' } });
  peer().channel.hear({ type: 'error', error: { code: 'model_not_found', message: 'no such model' } });
  assert.deepEqual(told.filter(([kind]) => kind === 'refuse'), [['refuse', 'refused', 'no such model']]);
});
