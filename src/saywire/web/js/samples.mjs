// Samples: Float32Array, mono, [-1, 1]. How they are levelled, resampled and written on the wire.

const TAPS = 24; // zero crossings on either side
const STEPS = 512; // positions of the table between two crossings

/** Hann-windowed sinc, read by linear interpolation: more than 60 dB against aliases, which speech never hears. */
function makeTable() {
  const table = new Float32Array(TAPS * STEPS + 2);
  for (let at = 0; at <= TAPS * STEPS; at += 1) {
    const x = at / STEPS;
    const sinc = at === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    table[at] = sinc * 0.5 * (1 + Math.cos((Math.PI * x) / TAPS));
  }
  return table;
}

const TABLE = makeTable();

/** A stream of samples at another rate, any ratio; the same output however the input is cut. */
export class Resampler {
  #kept = new Float32Array(0);
  #first = 0; // position, in samples of the input, of #kept[0]
  #next = 0; // number of the next sample of the output

  /**
   * @param {number} from in Hz
   * @param {number} to in Hz
   */
  constructor(from, to) {
    this.from = from;
    this.to = to;
    this.scale = Math.min(1, (to / from) * 0.95); // of the cut-off, a little below the lower Nyquist frequency
    this.reach = Math.ceil(TAPS / this.scale);
    this.#first = -this.reach;
    this.#kept = new Float32Array(this.reach);
  }

  /** @param {Float32Array} samples */
  push(samples) {
    if (this.from === this.to) return samples;
    this.#append(samples);
    const known = this.#first + this.#kept.length - this.reach - 1;
    const count = Math.max(0, Math.floor((known * this.to) / this.from) + 1 - this.#next);
    const made = new Float32Array(count);
    for (let at = 0; at < count; at += 1) made[at] = this.#sampleAt(((this.#next + at) * this.from) / this.to);
    this.#next += count;
    this.#forget(Math.floor((this.#next * this.from) / this.to) - this.reach);
    return made;
  }

  /** What the filter still holds. */
  flush() {
    return this.from === this.to ? new Float32Array(0) : this.push(new Float32Array(this.reach + 1));
  }

  /** @param {number} position */
  #sampleAt(position) {
    const middle = Math.floor(position);
    let sum = 0;
    for (let at = middle - this.reach + 1; at <= middle + this.reach; at += 1) {
      const x = Math.abs(position - at) * this.scale * STEPS;
      if (x >= TAPS * STEPS) continue;
      const low = Math.floor(x);
      const weight = TABLE[low] + (TABLE[low + 1] - TABLE[low]) * (x - low);
      sum += weight * this.#kept[at - this.#first];
    }
    return sum * this.scale;
  }

  /** @param {Float32Array} samples */
  #append(samples) {
    const joined = new Float32Array(this.#kept.length + samples.length);
    joined.set(this.#kept);
    joined.set(samples, this.#kept.length);
    this.#kept = joined;
  }

  /** @param {number} before */
  #forget(before) {
    const gone = Math.min(Math.max(0, before - this.#first), this.#kept.length);
    this.#kept = this.#kept.slice(gone);
    this.#first += gone;
  }
}

/**
 * The mean of the channels, all of one length.
 * @param {Float32Array[]} channels
 */
export function mix(channels) {
  if (channels.length === 1) return channels[0];
  const mixed = new Float32Array(channels[0]?.length ?? 0);
  for (const channel of channels) {
    for (let at = 0; at < mixed.length; at += 1) mixed[at] += channel[at] / channels.length;
  }
  return mixed;
}

/**
 * The loudest sample, 0 to 1.
 * @param {Float32Array} samples
 */
export function peak(samples) {
  let loudest = 0;
  for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
  return Math.min(1, loudest);
}

/**
 * A peak as a share of a meter that begins at -60 dB.
 * @param {number} loudest
 */
export const meterOf = (loudest) => (loudest <= 0.001 ? 0 : 1 + (20 * Math.log10(Math.min(1, loudest))) / 60);

/**
 * 16 bits, little-endian whatever the machine, as base64.
 * @param {Float32Array} samples
 */
export function toBase64(samples) {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  samples.forEach((sample, at) => {
    const level = Math.max(-1, Math.min(1, sample || 0)); // NaN is silence
    view.setInt16(at * 2, Math.round(level < 0 ? level * 32768 : level * 32767), true);
  });
  const bytes = new Uint8Array(view.buffer);
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
