import assert from 'node:assert/strict';
import test from 'node:test';

import { Session, describeSession } from '../../src/saywire/web/js/session.mjs';

const SETTINGS = { type: 'transcription', include: ['x'] };
const POINT = { session: 's1', audio_start: 3, settled: 4, last_seq: 1, event_id: 'c1', context: 'abc' };
const START = { ...POINT, audio_start: 0, settled: 0, last_seq: 0, event_id: null, context: '' };
const created = (id) => ({ type: 'session.created', session: { id } });
const answered = (resume) => ({ type: 'session.updated', session: { id: 's1', resume } });
const completed = (seq, resume) => ({
  type: 'conversation.item.input_audio_transcription.completed', item_id: `i${seq}`, transcript: 'x', seq, resume,
});

const brief = (event) => {
  if (event.type === 'session.update') return [event.event_id, event.session.resume ?? 'settings'];
  return event.type === 'input_audio_buffer.append' ? Buffer.from(event.audio, 'base64').length / 2 : event.type;
};
const sent = (session) => [...session.take()].map(brief);

/** A session of five samples, with a point at the third. */
function begin() {
  const session = new Session(SETTINGS, 100);
  session.hear(new Float32Array(5));
  session.receive(created('s1'));
  assert.deepEqual(sent(session), [['c2', {}], ['c1', 'settings'], 5]);
  session.receive(answered(START));
  session.receive(answered(START));
  assert.equal(session.receive(completed(1, POINT)), true);
  return session;
}

test('nothing is said before the greeting, and then first that it wants to be told points', () => {
  const session = new Session(SETTINGS, 100);
  session.hear(new Float32Array(2));
  assert.deepEqual(sent(session), []);
  session.receive(created('s1'));
  assert.deepEqual(sent(session), [['c2', {}], ['c1', 'settings'], 2]);
  session.order('input_audio_buffer.commit');
  assert.deepEqual([...session.take()], [{ type: 'input_audio_buffer.commit', event_id: 'c3' }]);
});

test('it goes on at the point: the settings, then, after the answer, what came since', () => {
  const session = begin();
  assert.equal(session.reconnect(), 0);
  session.hear(new Float32Array(1));
  assert.deepEqual(sent(session), []);
  session.receive(created('s2'));
  const [first, ...rest] = session.take();
  const { event_id: _, settled: __, ...place } = POINT;
  assert.deepEqual(first.session, { type: 'transcription', include: ['x'], resume: place });
  assert.deepEqual(rest, []);
  session.receive(answered(POINT));
  assert.deepEqual(sent(session), [2, 1]);
  assert.equal(session.last, 1);
  assert.equal(session.broken, null);
});

test('a transcript is taken once', () => {
  const session = begin();
  assert.equal(session.receive(completed(2, undefined)), true);
  session.reconnect();
  assert.equal(session.receive(completed(2, { ...POINT, last_seq: 2 })), false);
  assert.equal(session.receive(completed(3, undefined)), true);
  assert.equal(session.last, 2);
});

test('silence that settled is a point, too', () => {
  const session = begin();
  const point = { ...POINT, audio_start: 5, settled: 5 };
  session.receive({ ...answered(point), resume: point });
  session.reconnect();
  session.receive(created('s2'));
  assert.equal(sent(session)[0][1].audio_start, 5);
});

test('a context that another server refuses is left out', () => {
  const session = begin();
  session.reconnect();
  session.receive(created('s2'));
  const [[id]] = sent(session);
  const error = { message: 'of another model', param: 'session.resume.context', event_id: id };
  assert.equal(session.receive({ type: 'error', error }), false);
  assert.deepEqual(sent(session), [['c4', { session: 's1', audio_start: 4, last_seq: 1, context: '' }]]);
  session.receive(answered({ ...POINT, audio_start: 4, context: '' }));
  assert.deepEqual(sent(session), [1]);
});

test('a server that does not go on ends it', () => {
  const refused = begin();
  refused.reconnect();
  refused.receive(created('s2'));
  const [[id]] = sent(refused);
  refused.receive({ type: 'error', error: { message: 'no', param: 'session', event_id: id } });
  assert.equal(refused.broken, 'no');
  const ignored = begin();
  ignored.reconnect();
  ignored.receive(created('s2'));
  sent(ignored);
  ignored.receive(answered(undefined));
  assert.ok(ignored.broken);
  assert.equal(ignored.resumable, false);
});

test('a server without points is used, and cannot be gone on from', () => {
  for (const answer of [answered(undefined), { type: 'error', error: { message: 'unknown field', event_id: 'c2' } }]) {
    const session = new Session(SETTINGS, 100);
    session.receive(created('s1'));
    sent(session);
    assert.equal(session.resumable, true);
    session.receive(answer);
    assert.deepEqual([session.resumable, session.broken], [false, null]);
    session.hear(new Float32Array(3));
    assert.deepEqual(sent(session), [3]);
  }
});

test('who was never answered begins anew', () => {
  const session = new Session(SETTINGS, 100);
  session.hear(new Float32Array(5));
  session.receive(created('s1'));
  sent(session);
  assert.equal(session.reconnect(), 0);
  session.receive(created('s2'));
  assert.deepEqual(sent(session), [['c3', {}], ['c1', 'settings'], 5]);
});

test('audio that had to be forgotten is told, once, and the rest keeps its times', () => {
  const session = new Session(SETTINGS, 4);
  session.hear(new Float32Array(3));
  session.receive(created('s1'));
  sent(session);
  session.receive(answered(START));
  session.hear(new Float32Array(3));
  assert.equal(session.reconnect(), 3);
  assert.equal(session.reconnect(), 0);
  session.receive(created('s2'));
  assert.deepEqual(sent(session)[0][1], { session: 's1', audio_start: 3, last_seq: 0, context: '' });
});

test('the same where there never was an answer', () => {
  const session = new Session(SETTINGS, 4);
  session.hear(new Float32Array(3));
  session.hear(new Float32Array(3));
  session.receive(created('s7'));
  assert.deepEqual(sent(session), [['c2', { session: 's7', audio_start: 3, last_seq: 0, context: '' }]]);
  session.receive(answered({ ...START, session: 's7', audio_start: 3, settled: 3 }));
  assert.deepEqual(sent(session), [['c1', 'settings'], 3]);
});

test('other errors are news, and what they refuse is not said again', () => {
  const session = new Session(SETTINGS, 100);
  session.receive(created('s1'));
  sent(session);
  assert.equal(session.receive({ type: 'error', error: { message: 'no such model', event_id: 'c1' } }), true);
  session.reconnect();
  session.receive(created('s2'));
  assert.deepEqual(sent(session), [['c3', {}]]);
});

test('the end', () => {
  const session = begin();
  session.receive({ type: 'session.closed' });
  assert.equal(session.closed, true);
});

test('what is not chosen is left to the server', () => {
  const { audio, include } = describeSession({ model: '', language: '', hotwords: [] }, 16000);
  assert.deepEqual(audio.input.format, { type: 'audio/pcm', rate: 16000 });
  assert.deepEqual(audio.input.transcription, { model: 'auto' });
  assert.deepEqual(include, ['item.input_audio_transcription.unstable']);
  assert.deepEqual(audio.input.turn_detection, { type: 'server_vad' });
  assert.equal(describeSession({ model: '', language: '', hotwords: [] }, 16000, true).audio.input.turn_detection, null);
  const chosen = describeSession({ model: 'tiny', language: 'zh', hotwords: ['a'] }, 16000).audio.input.transcription;
  assert.deepEqual(chosen, { model: 'tiny', language: 'zh', keywords: ['a'] });
});
