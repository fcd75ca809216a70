import assert from 'node:assert/strict';
import test from 'node:test';

import { readHotwords } from '../../src/saywire/web/js/hotwords.mjs';
import { TEXTS, chooseLanguage, say } from '../../src/saywire/web/js/texts.mjs';

const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();

test('both languages have every text, with the same places', () => {
  assert.deepEqual(Object.keys(TEXTS.zh).sort(), Object.keys(TEXTS.en).sort());
  for (const [name, text] of Object.entries(TEXTS.en)) {
    assert.ok(text && TEXTS.zh[name], name);
    assert.deepEqual(places(TEXTS.zh[name]), places(text), name);
  }
});

test('Chinese texts are Chinese', () => {
  const latin = Object.entries(TEXTS.zh).filter(([name, text]) => !/\p{Script=Han}/u.test(text) && name !== 'pageLanguage');
  assert.deepEqual(latin, []);
});

test('the language of the page is the first of ours that is preferred', () => {
  assert.equal(chooseLanguage(['fr', 'zh-TW', 'en']), 'zh');
  assert.equal(chooseLanguage(['EN-gb', 'zh']), 'en');
  assert.equal(chooseLanguage(['fr']), 'en');
  assert.equal(chooseLanguage([]), 'en');
});

test('texts with places', () => {
  assert.equal(say('en', 'refused', { reason: 'too {late}' }), 'The server says: too {late}');
  assert.throws(() => say('en', 'nothing like it'), /no text/);
});

test('hot words', () => {
  assert.deepEqual(readHotwords(' saywire, 你好、世界，\n\n saywire ;a b'), ['saywire', '你好', '世界', 'a b']);
  assert.deepEqual(readHotwords(' \n'), []);
});
