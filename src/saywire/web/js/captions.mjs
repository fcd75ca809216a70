// What a viewer shows: lines that others said, as the server tells them (docs/captions.md).

/** @typedef {import('./transcript.mjs').Line} Line */

/**
 * @typedef {object} ToldLine
 * @property {number} id
 * @property {number} start
 * @property {number | null} end
 * @property {string} text
 * @property {string} unstable
 * @property {boolean} final
 * @property {boolean} gone
 */

/** @typedef {{fresh: boolean, speaking: boolean, lines: ToldLine[]}} Told */

export class Captions {
  /** @type {Line[]} */
  lines = [];
  /** @type {Map<number, Line>} */
  #known = new Map();

  /**
   * Returns the lines that changed; those that are no longer in `lines` are gone.
   * @param {Told} told
   */
  apply({ fresh, lines }) {
    if (fresh) this.clear();
    return lines.map((line) => this.#change(line));
  }

  clear() {
    this.lines = [];
    this.#known.clear();
  }

  /** @param {ToldLine} told */
  #change({ id, start, end, text, unstable, final, gone }) {
    const line = this.#known.get(id) ?? this.#add(id);
    if (gone) {
      this.lines = this.lines.filter((one) => one !== line);
      this.#known.delete(id);
    }
    return Object.assign(line, { start, end, text, unstable, final });
  }

  /** @param {number} id */
  #add(id) {
    /** @type {Line} */
    const line = { start: 0, end: null, text: '', unstable: '', words: [], language: null, final: false, failed: null };
    this.#known.set(id, line);
    this.lines.push(line);
    return line;
  }
}
