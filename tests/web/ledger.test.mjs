import assert from 'node:assert/strict';
import test from 'node:test';

import { Ledger } from '../../src/saywire/web/js/ledger.mjs';

const order = (id, session) => ({ id, type: 'session.update', session });
const audio = (...samples) => ({ samples: Float32Array.from(samples) });
const point = (audio_start, event_id = null) => ({ session: 's', audio_start, settled: audio_start, last_seq: 0, event_id, context: '' });

function takeAll(ledger) {
  const taken = [];
  for (let next = ledger.take(); next; next = ledger.take()) taken.push(next.id ?? [...next.samples]);
  return taken;
}

function make(limit, ...messages) {
  const ledger = new Ledger(limit);
  messages.forEach((message) => ledger.add(message));
  return ledger;
}

test('what has not settled is taken again, in its order', () => {
  const ledger = make(100, order('a', { x: 1 }), audio(1, 2), order('b'), audio(3, 4));
  assert.deepEqual(takeAll(ledger), ['a', [1, 2], 'b', [3, 4]]);
  ledger.settle(point(3, 'a'));
  assert.deepEqual(takeAll(ledger), []);
  ledger.add(audio(5));
  ledger.rewind();
  assert.deepEqual(takeAll(ledger), ['b', [4], [5]]);
  assert.deepEqual([ledger.settings, ledger.end], [{ x: 1 }, 5]);
});

test('what settles in the midst of being sent moves nothing', () => {
  const ledger = make(100, order('a'), audio(1, 2), audio(3, 4), order('b'));
  ledger.take();
  ledger.take();
  ledger.settle(point(1, 'a'));
  assert.deepEqual(takeAll(ledger), [[3, 4], 'b']);
});

test('an order that settles takes those before it along, and no audio', () => {
  const ledger = make(100, order('a'), audio(1), order('b'), order('c'));
  ledger.settle(point(0, 'b'));
  assert.deepEqual(takeAll(ledger), [[1], 'c']);
});

test('a point that names an order which is long gone settles none', () => {
  const ledger = make(100, order('b'));
  ledger.settle(point(0, 'a'));
  assert.deepEqual(takeAll(ledger), ['b']);
});

test('a refused order is not said again', () => {
  const ledger = make(100, order('a', { x: 1 }), audio(1));
  ledger.refuse('a');
  ledger.refuse('nobody');
  ledger.settle(point(0, 'a'));
  assert.deepEqual([takeAll(ledger), ledger.settings], [[[1]], {}]);
});

test('only so much is kept: the oldest audio goes first, orders stay', () => {
  const ledger = make(4, order('a'), audio(1, 2), audio(3, 4));
  assert.equal(ledger.lost, 0);
  ledger.add(audio(5));
  assert.equal(ledger.lost, 2);
  assert.deepEqual(takeAll(ledger), ['a', [3, 4], [5]]);
  assert.equal(ledger.end, 5);
  ledger.settle(point(5, 'a'));
  assert.deepEqual([ledger.lost, takeAll(ledger)], [5, []]);
});
