import assert from 'node:assert/strict';
import test from 'node:test';

import { Resampler, meterOf, mix, peak, toBase64 } from '../../src/saywire/web/js/samples.mjs';

const tone = (hertz, rate, seconds) =>
  Float32Array.from({ length: Math.round(rate * seconds) }, (_, at) => 0.5 * Math.sin((2 * Math.PI * hertz * at) / rate));

function resample(samples, from, to, sizes = [samples.length]) {
  const resampler = new Resampler(from, to);
  const made = [];
  for (let at = 0, nth = 0; at < samples.length; nth += 1) {
    const size = sizes[nth % sizes.length];
    made.push(...resampler.push(samples.subarray(at, at + size)));
    at += size;
  }
  return Float32Array.from([...made, ...resampler.flush()]);
}

const loudness = (samples) => Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
const middle = (samples) => samples.subarray(400, samples.length - 400);

for (const rate of [44100, 48000, 8000, 22050]) {
  test(`a tone at ${rate} Hz is the same tone at 16 kHz, sample for sample`, () => {
    const made = resample(tone(1000, rate, 0.5), rate, 16000);
    const right = tone(1000, 16000, 0.5);
    assert.ok(Math.abs(made.length - right.length) < 64, `${made.length} samples`);
    const wrong = middle(right).map((one, at) => one - middle(made)[at]);
    assert.ok(peak(wrong) < 0.002, `off by ${peak(wrong)}`);
  });
}

test('what is above half of the new rate does not come back as something else', () => {
  assert.ok(loudness(middle(resample(tone(10000, 44100, 0.5), 44100, 16000))) < 0.0005);
});

test('how the input is cut changes nothing', () => {
  const samples = tone(700, 44100, 0.3);
  const whole = resample(samples, 44100, 16000);
  for (const sizes of [[1, 7, 160], [128], [999, 1]]) assert.deepEqual(resample(samples, 44100, 16000, sizes), whole);
});

test('the same rate passes through', () => {
  const samples = tone(100, 16000, 0.01);
  assert.equal(new Resampler(16000, 16000).push(samples), samples);
});

test('channels are averaged', () => {
  assert.deepEqual(mix([Float32Array.of(1, 0), Float32Array.of(0, 0.5)]), Float32Array.of(0.5, 0.25));
  assert.deepEqual(mix([]), new Float32Array(0));
});

test('levels', () => {
  assert.equal(peak(Float32Array.of(0.1, -0.75, 2)), 1);
  assert.deepEqual([0, 0.001, 1].map(meterOf), [0, 0, 1]);
  assert.ok(Math.abs(meterOf(0.0316) - 0.5) < 0.01);
});

test('16 bits, little-endian, clipped', () => {
  const bytes = Buffer.from(toBase64(Float32Array.of(0, 1, -1, 9, -9, 0.5, NaN)), 'base64');
  const values = Array.from({ length: 7 }, (_, at) => bytes.readInt16LE(at * 2));
  assert.deepEqual(values, [0, 32767, -32768, 32767, -32768, 16384, 0]);
  assert.equal(Buffer.from(toBase64(new Float32Array(100000)), 'base64').length, 200000);
});
