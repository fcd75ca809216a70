// What was said to the server and has not settled, so that a session can go on over another connection
// (docs/resume.md). Messages go in at one end and are taken, one after the other, to be sent; `rewind` lets all that
// have not settled be taken again. Positions are samples of the session, from its first.

/**
 * An event that is not audio, with an id by which the server refers to it.
 * @typedef {{id: string, type: string, session?: object}} Order
 * @typedef {{samples: Float32Array}} Audio
 */

/**
 * From where a session can go on.
 * @typedef {object} Point
 * @property {string} session
 * @property {number} audio_start
 * @property {number} settled
 * @property {number} last_seq
 * @property {string | null} event_id
 * @property {string} context
 */

export class Ledger {
  /** What the updates that have settled ask for. */
  settings = {};
  /** Audio before this was forgotten, settled or not. */
  lost = 0;
  /** Where the next sample will lie. */
  end = 0;
  /** @type {{at: number, message: Audio | Order}[]} */
  #kept = [];
  #next = 0;
  #samples = 0;

  /** @param {number} limit how many samples to keep at most; the oldest go first */
  constructor(limit) {
    this.limit = limit;
  }

  /** @param {Audio | Order} message */
  add(message) {
    this.#kept.push({ at: this.end, message });
    if (!('samples' in message)) return;
    this.end += message.samples.length;
    this.#samples += message.samples.length;
    while (this.#samples > this.limit) this.#drop(this.#kept.findIndex((one) => 'samples' in one.message));
  }

  /** The next to be sent; undefined when there is none. */
  take() {
    const next = this.#kept[this.#next];
    if (next) this.#next += 1;
    return next?.message;
  }

  /** What was taken did not arrive. */
  rewind() {
    this.#next = 0;
  }

  /**
   * The server refused this order: it will never settle.
   * @param {string} id
   */
  refuse(id) {
    const at = this.#kept.findIndex(({ message }) => 'id' in message && message.id === id);
    if (at >= 0) this.#drop(at);
  }

  /**
   * What lies before the point has settled.
   * @param {Point} point
   */
  settle(point) {
    const last = this.#kept.findIndex(({ message }) => 'id' in message && message.id === point.event_id);
    for (let at = this.#kept.length - 1; at >= 0; at -= 1) {
      const { message } = this.#kept[at];
      if ('samples' in message) this.#cut(at, point.audio_start);
      else if (at <= last) {
        // The page says its settings once, so that nothing has to be merged.
        Object.assign(this.settings, message.session);
        this.#drop(at);
      }
    }
  }

  /**
   * @param {number} nth
   * @param {number} before a position
   */
  #cut(nth, before) {
    const one = this.#kept[nth];
    if (!('samples' in one.message)) return;
    const gone = before - one.at;
    if (gone >= one.message.samples.length) this.#drop(nth);
    else if (gone > 0) {
      this.#samples -= gone;
      this.#kept[nth] = { at: before, message: { samples: one.message.samples.subarray(gone) } };
    }
  }

  /** @param {number} nth */
  #drop(nth) {
    const [{ at, message }] = this.#kept.splice(nth, 1);
    if (nth < this.#next) this.#next -= 1;
    if (!('samples' in message)) return;
    this.#samples -= message.samples.length;
    this.lost = Math.max(this.lost, at + message.samples.length);
  }
}
