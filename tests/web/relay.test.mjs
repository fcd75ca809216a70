import assert from 'node:assert/strict';
import test from 'node:test';

import { TEXTS, describe, show, words } from '../../src/saywire/relay/web/captions.mjs';

const state = { type: 'state', connected: true, capturing: true, waiting: 0, lost: 0 };

test('both languages have every text, with the same places', () => {
  const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  assert.deepEqual(Object.keys(TEXTS.zh).sort(), Object.keys(TEXTS.en).sort());
  for (const [name, text] of Object.entries(TEXTS.en)) assert.deepEqual(places(TEXTS.zh[name]), places(text), name);
});

test('a browser gets its language, or English', () => {
  assert.equal(words('zh-CN'), TEXTS.zh);
  assert.equal(words('fr'), TEXTS.en);
});

test('how a relay is', () => {
  assert.equal(describe(state, TEXTS.en), 'Listening');
  assert.equal(describe({ ...state, capturing: false }, TEXTS.en), 'Not listening');
  assert.match(describe({ ...state, connected: false, waiting: 12 }, TEXTS.en), /away; 12\.0 s/);
  assert.match(describe({ ...state, lost: 3 }, TEXTS.zh), /丢失了 3\.0 秒/);
  assert.equal(describe(null, TEXTS.en), TEXTS.en.gone);
});

test('what becomes a line', () => {
  const final = { type: 'final', utterance: 0, text: 'hello', start: 65.2, end: 66 };
  assert.deepEqual(show(final, TEXTS.en), { time: '1:05', text: 'hello', lost: false });
  assert.equal(show({ ...final, text: '' }, TEXTS.en), null);
  assert.deepEqual(show({ type: 'lost', start: 2, end: 14.5 }, TEXTS.en), {
    time: '0:02', text: '12.5 s of audio lost', lost: true,
  });
  assert.equal(show({ type: 'warning', message: 'x' }, TEXTS.en), null);
});
