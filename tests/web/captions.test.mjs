import assert from 'node:assert/strict';
import test from 'node:test';

import { Captions, describePast } from '../../src/saywire/web/js/captions.mjs';

const told = (lines, fresh = false, missing = false) => ({ fresh, missing, speaking: true, lines });
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

test('lines that are missing leave a mark between those before and those behind', () => {
  const captions = new Captions();
  captions.apply(told([line(1, 'a', { end: 2, final: true }), line(2, 'half a')], true));
  const changed = captions.apply(told([line(1003, 'z', { final: true })], false, true));
  assert.deepEqual(texts(captions), ['a', '', 'z']);
  const [, hole] = captions.lines;
  assert.deepEqual([hole.failed, hole.final, hole.start], ['missing', true, 1003]);
  assert.ok(changed.includes(hole));
  assert.equal(changed.filter((one) => !captions.lines.includes(one)).length, 1); // nobody will finish it
  captions.apply(told([line(1003, 'z', { final: true })], true, true));
  assert.deepEqual(captions.lines.map(({ failed }) => failed), ['missing', null]);
});

test('who comes late is told the end of what was said before, and whether there was more', () => {
  const said = (count, text) => Array.from({ length: count }, (_, at) => ({ text, start: at, end: at + 1, final: true, failed: null }));
  const unsaid = [{ text: 'half', final: false, failed: null }, { text: '', final: true, failed: 'why' }];
  assert.deepEqual(describePast([...said(1, 'a'), ...unsaid]), { lines: [{ text: 'a', start: 0, end: 1 }], missing: false });
  assert.deepEqual(describePast([]), { lines: [], missing: false });
  const many = describePast(said(1500, 'a'));
  assert.deepEqual([many.lines.length, many.lines.at(-1)?.start, many.missing], [1000, 1499, true]);
  const long = describePast(said(900, '说'.repeat(500)));
  assert.ok(long.missing && long.lines.length > 600);
  assert.ok(new TextEncoder().encode(JSON.stringify({ share: 'k'.repeat(128), ...long })).length < 2 ** 20);
});
