// Runs on the audio thread: gives the page the mean of the channels in blocks of about 40 ms.

const BLOCK = 0.04;

class Tap extends AudioWorkletProcessor {
  #block = new Float32Array(Math.round(sampleRate * BLOCK / 128) * 128);
  #filled = 0;

  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    const length = channels[0]?.length ?? 128; // a source without a signal may have no channels
    for (let at = 0; at < length; at += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[at];
      this.#block[this.#filled + at] = channels.length ? sum / channels.length : 0;
    }
    this.#filled += length;
    if (this.#filled >= this.#block.length) {
      this.port.postMessage(this.#block.slice());
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('tap', Tap);
