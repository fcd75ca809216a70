// The audio that no final has settled yet, kept so that a lost connection loses no speech. Positions in samples.

export class Tail {
  #chunks = [];
  #start = 0;
  #length = 0;

  /** @param {number} limit how many samples to keep at most; the oldest go first */
  constructor(limit) {
    this.limit = limit;
  }

  get start() {
    return this.#start;
  }

  get end() {
    return this.#start + this.#length;
  }

  push(samples) {
    this.#chunks.push(samples);
    this.#length += samples.length;
    while (this.#length > this.limit && this.#chunks.length > 1) this.#drop();
  }

  /** Forgets whole chunks before a position. */
  settle(position) {
    while (this.#chunks.length && this.#start + this.#chunks[0].length <= position) this.#drop();
  }

  chunks() {
    return [...this.#chunks];
  }

  #drop() {
    const gone = this.#chunks.shift().length;
    this.#start += gone;
    this.#length -= gone;
  }
}
