// A clip: it is recorded, and recognised in one piece when it is whole. Like a run (run.mjs) to whoever has one.

import { find } from './dom.mjs';
import { peak } from './samples.mjs';
import { RATE, SourceError, openMicrophone } from './sources.mjs';
import { showTime } from './times.mjs';
import { toWav } from './wav.mjs';

/** @typedef {import('./run.mjs').Chosen} Chosen */
/** @typedef {import('./run.mjs').Stage} Stage */
/** @typedef {import('./sources.mjs').Source} Source */
/** @typedef {import('./transcript.mjs').Line} Line */
/** @typedef {import('./transcript.mjs').Word} Word */

/** @typedef {{language?: string, segments: {start: number, end: number, text: string}[], words?: Word[]}} Heard */

export const LONGEST = 600; // seconds, which is less than a server takes

export class Clip {
  paused = false;
  stopped = false;
  manual = false;
  heard = 0;
  /** What nobody has recognised, though it was wanted. @type {File | null} */
  unsent = null;
  /** @type {Float32Array[]} */
  #blocks = [];
  /** @type {Source | null} */
  #source = null;
  /** @type {() => void} */
  #finish = () => {};
  #request = new AbortController();

  /**
   * @param {Chosen} chosen
   * @param {Stage} stage
   * @param {import('./server.mjs').Server} server
   */
  constructor(chosen, stage, server) {
    this.chosen = chosen;
    this.stage = stage;
    this.server = server;
  }

  /** Whether it can be paused. */
  get running() {
    return this.#source !== null && !this.stopped;
  }

  /**
   * Resolves at its end.
   * @param {number} start samples before it
   */
  async play(start) {
    const { page } = this.stage;
    page.status('opening');
    try {
      await this.#record();
      page.status('recognising');
      await this.#recognise(start / RATE);
      page.status(this.unsent ? 'idle' : 'done');
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      page.status('idle');
      this.stage.complain(error.text);
    }
    this.stage.level(0);
  }

  /** Records no more, and has it recognised; the second time waits for nothing. */
  async stop() {
    if (this.stopped) this.#request.abort();
    this.stopped = true;
    this.stage.change();
    this.#finish();
  }

  pause() {
    if (!this.running) return;
    this.paused = !this.paused;
    this.stage.page.status(this.paused ? 'paused' : 'recording');
    this.stage.level(0);
    this.stage.change();
  }

  talk() {
    return false;
  }

  drop() {}

  async #record() {
    const { page } = this.stage;
    /** @type {Promise<void>} */
    const finished = new Promise((resolve) => { this.#finish = resolve; });
    const source = await openMicrophone(this.chosen.device, {
      hear: (samples) => this.#hear(samples),
      tell: (name) => (name ? page.notice(name) : page.settle('muted')),
    });
    this.#source = source;
    page.status('recording');
    this.stage.change();
    if (!this.stopped) await Promise.race([finished, source.done]);
    this.stopped = true;
    this.stage.change();
    await source.stop();
  }

  /** @param {Float32Array} samples */
  #hear(samples) {
    if (this.paused || this.stopped) return;
    this.#blocks.push(samples);
    this.heard += samples.length;
    this.stage.level(peak(samples));
    find('recorded').textContent = showTime(this.heard / RATE);
    if (this.heard >= LONGEST * RATE) this.#finish();
  }

  /** @param {number} offset seconds */
  async #recognise(offset) {
    if (!this.heard) return;
    const { model, language, hotwords } = this.chosen.session;
    const form = new FormData();
    const recording = new File([toWav(this.#blocks, RATE)], 'clip.wav', { type: 'audio/wav' });
    form.set('file', recording);
    form.set('model', model || 'auto');
    form.set('response_format', 'verbose_json');
    if (language) form.set('language', language);
    hotwords.forEach((word) => form.append('keywords[]', word));
    for (const each of ['segment', 'word']) form.append('timestamp_granularities[]', each);
    const answer = await this.server.ask('v1/audio/transcriptions', 'POST', form, { signal: this.#request.signal });
    /** @type {Heard | null | undefined} */
    const heard = await answer?.json().catch(() => this.stage.complain('unreachable'));
    if (heard) this.#show(heard, offset);
    else if (!this.#request.signal.aborted) this.unsent = recording;
  }

  /**
   * @param {Heard} heard
   * @param {number} offset
   */
  #show({ segments, words = [] }, offset) {
    const { transcript, show } = this.stage;
    for (const { start, end, text } of segments) {
      const within = words.filter((word) => word.start >= start && word.start < end);
      /** @type {Line} */
      const line = {
        start: offset + start, end: offset + end, text: text.trim(), unstable: '', language: null, final: true, failed: null,
        words: within.map((word) => ({ ...word, start: offset + word.start, end: offset + word.end })),
      };
      if (!line.text) continue;
      transcript.lines.push(line);
      show(line);
    }
  }
}
