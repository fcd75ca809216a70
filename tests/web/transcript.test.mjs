import assert from 'node:assert/strict';
import test from 'node:test';

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
  const line = { start: 0.5, end: 1.7, text: 'hello world', unstable: '', words, language: null, final: true, failed: null };
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

test('a new session ends what was open, and counts from its offset', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), completed('a', 'one', { start: 0, end: 1 }), started('b', 2000), delta('b', 'tw', ''));
  transcript.begin(1.5);
  apply(transcript, started('c', 500), completed('c', 'two', { start: 0.5, end: 1, words: [{ word: 'two', start: 0.5, end: 1 }] }));
  assert.deepEqual(
    transcript.lines.map(({ text, start, end }) => [text, start, end]),
    [['one', 0, 1], ['tw', 2, null], ['two', 2, 2.5]],
  );
  assert.deepEqual(transcript.lines[2].words, [{ word: 'two', start: 2, end: 2.5 }]);
});

test('what is said again takes its old place, and its text never runs backwards', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), completed('a', 'one'), started('b', 2000), delta('b', 'please ', 'pl'), started('c', 3000));
  const [, b, c] = transcript.lines;
  transcript.rewind(1);
  assert.deepEqual(apply(transcript, delta('x', '', 'ple'), delta('x', 'please ', '')), [null, null]);
  assert.deepEqual([b.text, b.unstable], ['please ', 'pl']);
  apply(transcript, delta('x', '', 'play'), completed('x', 'please play'));
  assert.deepEqual([b.text, b.unstable, b.final], ['please play', '', true]);
  assert.equal(apply(transcript, started('y', 3000))[0], c);
  assert.equal(transcript.lines.length, 3);
});

test('what is said again otherwise than before is shown', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), delta('a', '', 'please'));
  transcript.rewind(0);
  const [line] = apply(transcript, delta('x', '', 'fl'));
  assert.equal(line.unstable, 'fl');
});

test('a transcript that came without its point is not doubled', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), completed('a', 'one'));
  transcript.rewind(0);
  apply(transcript, started('x', 0), delta('x', 'one', ''), { type: 'input_audio_buffer.speech_stopped', item_id: 'x', audio_end_ms: 9 });
  apply(transcript, started('y', 2000), completed('y', 'two'));
  assert.deepEqual(transcript.lines.map(({ text }) => text), ['one', 'two']);
});

test('an item that was committed without a voice has its number', () => {
  const transcript = new Transcript();
  apply(transcript, { type: 'input_audio_buffer.committed', item_id: 'a' }, started('b', 0), completed('a', ''), delta('b', 'x', ''));
  transcript.rewind(1);
  apply(transcript, started('y', 0), completed('y', 'xy'));
  assert.deepEqual(transcript.lines.map(({ text }) => text), ['xy']);
});

test('what begins without being told where begins behind what was said, or at its first word', () => {
  const transcript = new Transcript();
  transcript.begin(10);
  apply(transcript, delta('a', '', 'one'), completed('a', 'one', { start: 0.5, end: 2 }), delta('b', '', 'two'));
  assert.deepEqual(transcript.lines.map(({ start }) => start), [10.5, 12]);
  apply(transcript, delta('c', 'three', '', [{ word: 'three', start: 4.5, end: 5 }]));
  assert.equal(transcript.lines[2].start, 14.5);
  transcript.begin(20);
  apply(transcript, delta('d', '', 'four'));
  assert.equal(transcript.lines[3].start, 20);
});

test('what is being said outlives a clear', () => {
  const transcript = new Transcript();
  apply(transcript, started('a', 0), completed('a', 'one'), started('b', 0), delta('b', 'tw', ''));
  transcript.clear();
  apply(transcript, completed('b', 'two'));
  assert.deepEqual(transcript.lines.map(({ text }) => text), ['two']);
});

test('the language of a line is that which was heard', () => {
  const transcript = new Transcript();
  const [line] = apply(transcript, completed('a', '你好', { languages: [{ code: 'zh' }] }));
  assert.equal(line.language, 'zh');
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
