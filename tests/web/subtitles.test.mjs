import assert from 'node:assert/strict';
import test from 'node:test';

import { FORMATS, toJson, toSrt, toText, toTimedText, toVtt } from '../../src/saywire/web/js/subtitles.mjs';
import { showTime, stamp } from '../../src/saywire/web/js/times.mjs';

const line = (text, start, end, more) => ({ text, start, end, words: [], final: true, failed: null, ...more });
const LINES = [
  line('Hello, world.', 0.7, 2),
  line('never said', 2, 3, { failed: 'broken' }),
  line('a < b & c -->\n\n 你好', 3661.9996, 3663.5),
  line('  ', 4, 5),
  line('still open', 9, null, { final: false }),
  line('no end', 3700, null),
];

test('times are rounded once', () => {
  assert.equal(stamp(59.9996), '00:01:00.000');
  assert.equal(stamp(3725.04, ','), '01:02:05,040');
  assert.equal(stamp(-1), '00:00:00.000');
  assert.equal(stamp(NaN), '00:00:00.000');
  assert.equal(stamp(360000), '100:00:00.000');
  assert.equal(showTime(65.99), '1:05');
  assert.equal(showTime(3725), '1:02:05');
});

test('SubRip', () => {
  assert.equal(
    toSrt(LINES),
    '1\n00:00:00,700 --> 00:00:02,000\nHello, world.\n\n' +
      '2\n01:01:02,000 --> 01:01:03,500\na < b & c --> 你好\n\n' +
      '3\n01:01:40,000 --> 01:01:40,001\nno end\n',
  );
});

test('WebVTT escapes what would be markup', () => {
  assert.equal(
    toVtt(LINES.slice(0, 3)),
    'WEBVTT\n\n00:00:00.700 --> 00:00:02.000\nHello, world.\n\n' +
      '01:01:02.000 --> 01:01:03.500\na &lt; b &amp; c --&gt; 你好\n',
  );
});

test('plain text, with and without times', () => {
  assert.equal(toText(LINES.slice(0, 3)), 'Hello, world.\na < b & c --> 你好\n');
  assert.equal(toTimedText(LINES.slice(0, 3)), '[0:00] Hello, world.\n[1:01:01] a < b & c --> 你好\n');
});

test('JSON holds words', () => {
  const words = [{ word: 'Hi', start: 1, end: 1.5 }];
  assert.deepEqual(JSON.parse(toJson([line('Hi', 1, 2, { words })])), { segments: [{ start: 1, end: 2, text: 'Hi', words }] });
});

test('an empty transcript is a valid file in every format', () => {
  const written = Object.values(FORMATS).map(({ write }) => write([]));
  assert.deepEqual(written, ['', '', 'WEBVTT\n', '{\n  "segments": []\n}\n']);
});
