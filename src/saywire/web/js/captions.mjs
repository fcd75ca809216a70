// What a viewer shows: lines that others said, as the server tells them (docs/captions.md); and what it is told of
// those that were said before.

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

/** @typedef {{fresh: boolean, missing: boolean, speaking: boolean, lines: ToldLine[]}} Told */

const MOST = 1000; // lines that a server keeps
const LARGEST = 1000000; // bytes that it takes of them at once

/**
 * What was said before, for those who come late: as much of its end as a server takes.
 * @param {Line[]} lines
 */
export function describePast(lines) {
  const said = lines.filter(({ final, failed }) => final && !failed).map(({ text, start, end }) => ({ text, start, end }));
  let first = said.length;
  for (let bytes = 0; first > 0 && said.length - first < MOST; first -= 1) {
    bytes += new TextEncoder().encode(JSON.stringify(said[first - 1])).length + 1;
    if (bytes > LARGEST) break;
  }
  return { lines: said.slice(first), missing: first > 0 };
}

export class Captions {
  /** @type {Line[]} */
  lines = [];
  /** @type {Map<number, Line>} */
  #known = new Map();

  /**
   * Returns the lines that changed; those that are no longer in `lines` are gone.
   * @param {Told} told
   */
  apply({ fresh, missing, lines }) {
    if (fresh) this.clear();
    const changed = missing ? this.#leaveOut(lines[0]?.start ?? 0) : [];
    return changed.concat(lines.map((line) => this.#change(line)));
  }

  clear() {
    this.lines = [];
    this.#known.clear();
  }

  /**
   * Lines that are no longer kept: a mark stands for them, and what was not finished before nobody will finish.
   * @param {number} start where it goes on
   */
  #leaveOut(start) {
    const open = this.lines.filter(({ final }) => !final);
    const mark = { ...makeLine(), start, final: true, failed: 'missing' };
    this.lines = [...this.lines.filter(({ final }) => final), mark];
    for (const [id, line] of this.#known) if (open.includes(line)) this.#known.delete(id);
    return [...open, mark];
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
    const line = makeLine();
    this.#known.set(id, line);
    this.lines.push(line);
    return line;
  }
}

/** @returns {Line} */
const makeLine = () => ({
  start: 0, end: null, text: '', unstable: '', words: [], language: null, final: false, failed: null,
});
