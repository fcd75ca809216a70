import assert from 'node:assert/strict';
import test from 'node:test';

import { toWav } from '../../src/saywire/web/js/wav.mjs';

test('a recording is a WAV file of 16 bits, clipped', () => {
  const bytes = Buffer.from(toWav([Float32Array.of(0, 1), Float32Array.of(-9, NaN, 0.5)], 16000));
  assert.equal(bytes.length, 44 + 10);
  assert.deepEqual([0, 8, 12, 36].map((at) => bytes.toString('latin1', at, at + 4)), ['RIFF', 'WAVE', 'fmt ', 'data']);
  assert.deepEqual([4, 16, 24, 28, 40].map((at) => bytes.readUInt32LE(at)), [46, 16, 16000, 32000, 10]);
  assert.deepEqual([20, 22, 32, 34].map((at) => bytes.readUInt16LE(at)), [1, 1, 2, 16]);
  assert.deepEqual([44, 46, 48, 50, 52].map((at) => bytes.readInt16LE(at)), [0, 32767, -32767, 0, 16384]);
});
