// A transcription session of the OpenAI Realtime wire (docs/openai.md) that outlives its connections: where one breaks,
// the session goes on over the next one, on any server that has the model, and says what it would have said
// (docs/resume.md). Without I/O: what to send is taken with `take`, what came is given to `receive`.

import { Ledger } from './ledger.mjs';
import { toBase64 } from './samples.mjs';

/** @typedef {import('./ledger.mjs').Point} Point */

/**
 * What the server says, as far as it means something here.
 * @typedef {object} ServerEvent
 * @property {string} type
 * @property {string} [item_id]
 * @property {number} [audio_start_ms]
 * @property {number} [audio_end_ms]
 * @property {string} [delta]
 * @property {string} [unstable]
 * @property {string} [transcript]
 * @property {number} [start]
 * @property {number} [end]
 * @property {import('./transcript.mjs').Word[]} [words]
 * @property {{code: string}[] | null} [languages]
 * @property {number} [seq]
 * @property {Point} [resume]
 * @property {{id: string, resume?: Point}} [session]
 * @property {{message: string, code?: string | null, param?: string | null, event_id?: string | null}} [error]
 */

/**
 * What a session asks for; what is not chosen is left to the server.
 * @param {{model: string, language: string, hotwords: string[]}} chosen
 * @param {number} rate
 * @param {boolean} manual whether the client ends the turns
 */
export function describeSession({ model, language, hotwords }, rate, manual = false) {
  /** @type {{model: string, language?: string, keywords?: string[]}} */
  const transcription = { model: model || 'auto' };
  if (language) transcription.language = language;
  if (hotwords.length) transcription.keywords = hotwords;
  return {
    type: 'transcription',
    audio: {
      input: { format: { type: 'audio/pcm', rate }, transcription, turn_detection: manual ? null : { type: 'server_vad' } },
    },
    include: ['item.input_audio_transcription.unstable'],
  };
}

export class Session {
  /** Whether the server has said that nothing follows. */
  closed = false;
  /** Why it can never go on; null: it can. @type {string | null} */
  broken = null;
  #ids = 0;
  #seq = 0;
  /** @type {Point | null} */
  #point = null;
  #begun = false;
  #ready = false;
  #due = false;
  #first = '';

  /**
   * @param {object} settings
   * @param {number} limit samples that are kept at most
   */
  constructor(settings, limit) {
    this.ledger = new Ledger(limit);
    this.order('session.update', settings);
  }

  /** Whether another connection can take it over. */
  get resumable() {
    return !this.broken && (!this.#begun || this.#point !== null);
  }

  /** The number of the last transcript that is not said again. */
  get last() {
    return this.#point?.last_seq ?? 0;
  }

  /** @param {Float32Array} samples */
  hear(samples) {
    this.ledger.add({ samples });
  }

  /**
   * @param {string} type
   * @param {object} [session] of an update
   */
  order(type, session) {
    this.ledger.add({ id: this.#name(), type, ...(session && { session }) });
  }

  /** What follows goes over another connection. Returns the samples that had to be left out. */
  reconnect() {
    this.#ready = this.#due = false;
    this.ledger.rewind();
    const { lost } = this.ledger;
    const start = this.#point?.audio_start ?? 0;
    if (lost > start && this.#point) this.#point = { ...this.#point, audio_start: lost, settled: lost, context: '' };
    return Math.max(0, lost - start);
  }

  /** The events that can be sent now. */
  *take() {
    if (this.#due) {
      this.#due = false;
      yield this.#makeFirst();
    }
    for (let next = this.#ready && this.ledger.take(); next; next = this.ledger.take()) {
      if ('samples' in next) yield { type: 'input_audio_buffer.append', audio: toBase64(next.samples) };
      else yield { type: next.type, event_id: next.id, ...(next.session && { session: next.session }) };
    }
  }

  /**
   * Returns whether it is news: not what was said before, and not what only the session has to know.
   * @param {ServerEvent} event
   */
  receive(event) {
    if (event.type === 'session.created') this.#greet(event.session?.id ?? '');
    if (event.type === 'session.updated' && !event.resume) this.#answer(event.session?.resume);
    if (event.type === 'session.closed') this.closed = true;
    if (event.type === 'error' && this.#refuse(event.error ?? { message: '?' })) return false;
    const repeated = event.seq !== undefined && event.seq <= this.#seq;
    this.#seq = Math.max(this.#seq, event.seq ?? 0);
    if (event.resume) this.#settle(event.resume);
    return !repeated;
  }

  #name() {
    this.#ids += 1;
    return `c${this.#ids}`;
  }

  /** What is said first on a connection: tell me where I could go on, or, I go on there. */
  #makeFirst() {
    this.#first = this.#name();
    const { session, audio_start, last_seq, context } = this.#point ?? {};
    const resume = this.#point ? { session, audio_start, last_seq, context } : {};
    const asked = { type: 'transcription', ...this.ledger.settings, resume };
    return { type: 'session.update', event_id: this.#first, session: asked };
  }

  /** @param {string} id */
  #greet(id) {
    // Who never got an answer, and had to forget audio meanwhile, begins where what is left does.
    const { lost } = this.ledger;
    const start = { session: id, audio_start: lost, settled: lost, last_seq: 0, event_id: null, context: '' };
    if (lost && !this.#point) this.#point = start;
    this.#due = true;
    this.#ready = !this.#point;
  }

  /** @param {Point | undefined} told */
  #answer(told) {
    if (!this.#first) return; // of an update that is no wish
    this.#first = '';
    if (this.#point && told?.audio_start !== this.#point.audio_start) this.broken = 'the session cannot go on here';
    this.#point ??= told ?? null;
    this.#begun = this.#ready = true;
  }

  /**
   * Returns whether it was about going on, and nobody else's affair.
   * @param {{message: string, param?: string | null, event_id?: string | null}} error
   */
  #refuse({ message, param, event_id }) {
    if (!event_id || event_id !== this.#first) {
      this.ledger.refuse(event_id ?? '');
      return false;
    }
    this.#first = '';
    if (this.#point?.context && param?.startsWith('session.resume')) {
      // Of another server's make, or another model's: without it only what the engine had learned is lost.
      this.#settle({ ...this.#point, audio_start: this.#point.settled, context: '' });
      this.#due = true;
    } else if (this.#point) this.broken = message;
    else this.#begun = true;
    return true;
  }

  /** @param {Point} point */
  #settle(point) {
    this.#point = point;
    this.ledger.settle(point);
  }
}
