import assert from 'node:assert/strict';
import test from 'node:test';

import { Tail } from '../../src/saywire/web/js/tail.mjs';
import { Transcript } from '../../src/saywire/web/js/transcript.mjs';

const SAID = 'conversation.item.input_audio_transcription.';
const started = (id, ms) => ({ type: 'input_audio_buffer.speech_started', item_id: id, audio_start_ms: ms });
const delta = (id, text, unstable, words) => ({ type: `${SAID}delta`, item_id: id, delta: text, unstable, words });
const completed = (id, transcript, more) => ({ type: `${SAID}completed`, item_id: id, transcript, ...more });

const apply = (transcript, ...events) => events.map((event) => transcript.apply(event));

test('a line grows in place and ends as its final', () => {
  const transcript = new Transcript();
  const words = [{ word: 'hello', start: 0.5, end: 0.9 }];
  const changed = apply(
    transcript, started('a', 400), delta('a', '', 'hel'), delta('a', 'hello ', 'wor', words),
    { type: 'input_audio_buffer.speech_stopped', item_id: 'a', audio_end_ms: 2000 },
  );
  assert.equal(new Set(changed).size, 1);
  const { text, unstable, start, end, final } = transcript.lines[0];
  assert.deepEqual({ text, unstable, start, end, final }, { text: 'hello ', unstable: 'wor', start: 0.4, end: 2, final: false });
  apply(transcript, completed('a', 'hello world', { start: 0.5, end: 1.7 }));
  const line = { id: 'a', start: 0.5, end: 1.7, text: 'hello world', unstable: '', words, final: true, failed: null };
  assert.deepEqual(transcript.lines, [line]);
});

test('two lines at once keep their order', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), started('b', 3000), completed('b', 'two'), completed('a', 'one'));
  assert.deepEqual(transcript.lines.map(({ text }) => text), ['one', 'two']);
});

test('an item in which nothing was said leaves no line', () => {
  const transcript = new Transcript();
  const [line, same] = apply(transcript, started('a', 0), completed('a', ''));
  assert.equal(line, same);
  assert.deepEqual(transcript.lines, []);
});

test('a failed item says why', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), { type: `${SAID}failed`, item_id: 'a', error: { message: 'broken' } });
  assert.equal(transcript.lines[0].failed, 'broken');
});

test('a new connection gives up what was open, and counts from its offset', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), completed('a', 'one', { start: 0, end: 1 }), started('b', 2000), delta('b', 'tw', ''));
  assert.deepEqual(transcript.begin(1.5).map(({ id }) => id), ['b']);
  apply(transcript, started('c', 500), completed('c', 'two', { start: 0.5, end: 1, words: [{ word: 'two', start: 0.5, end: 1 }] }));
  assert.deepEqual(transcript.lines.map(({ text, start, end }) => [text, start, end]), [['one', 0, 1], ['two', 2, 2.5]]);
  assert.deepEqual(transcript.lines[1].words, [{ word: 'two', start: 2, end: 2.5 }]);
});

test('at the end what was heard stays', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), delta('a', 'half ', 'wo'), started('b', 1000));
  assert.equal(transcript.end().length, 2);
  assert.deepEqual(transcript.lines.map(({ text, unstable, final }) => [text, unstable, final]), [['half wo', '', true]]);
});

test('other events change nothing', () => {
  assert.equal(new Transcript().apply({ type: 'session.updated' }), null);
});

test('the tail keeps what is not settled, and only so much', () => {
  const tail = new Tail(5);
  [[1, 2], [3, 4]].forEach((chunk) => tail.push(Float32Array.from(chunk)));
  assert.deepEqual([tail.start, tail.end], [0, 4]);
  tail.settle(3);
  assert.deepEqual([tail.start, tail.end, tail.chunks().length], [2, 4, 1]);
  tail.push(new Float32Array(4));
  assert.deepEqual([tail.start, tail.end], [4, 8]);
  tail.settle(100);
  assert.deepEqual([tail.start, tail.end, tail.chunks()], [8, 8, []]);
});
