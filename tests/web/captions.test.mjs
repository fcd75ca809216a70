import assert from 'node:assert/strict';
import test from 'node:test';

import { Captions } from '../../src/saywire/web/js/captions.mjs';

const told = (lines, fresh = false) => ({ fresh, speaking: true, lines });
const line = (id, text, more = {}) => ({ id, start: id, end: null, text, unstable: '', final: false, gone: false, ...more });
const texts = (captions) => captions.lines.map(({ text, unstable }) => text + unstable);

test('a line grows in place and ends as its final', () => {
  const captions = new Captions();
  const [first] = captions.apply(told([line(1, 'he', { unstable: 'l' })], true));
  const [same, other] = captions.apply(told([line(1, 'hello', { end: 2, final: true }), line(2, 'you')]));
  assert.equal(first, same);
  assert.deepEqual({ ...same }, {
    start: 1, end: 2, text: 'hello', unstable: '', words: [], language: null, final: true, failed: null,
  });
  assert.deepEqual(captions.lines, [same, other]);
});

test('a line that is taken back is gone, also one that was never seen', () => {
  const captions = new Captions();
  captions.apply(told([line(1, 'a'), line(2, 'b')], true));
  const gone = captions.apply(told([line(1, '', { gone: true }), line(7, '', { gone: true })]));
  assert.equal(gone.length, 2);
  assert.ok(gone.every((one) => !captions.lines.includes(one)));
  assert.deepEqual(texts(captions), ['b']);
});

test('what is fresh takes the place of all', () => {
  const captions = new Captions();
  captions.apply(told([line(1, 'old')], true));
  captions.apply(told([line(1, 'new')], true));
  assert.deepEqual(texts(captions), ['new']);
});
