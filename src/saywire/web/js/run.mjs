// A run: from start to the last word. A source is heard, a session says what was said.

import { Call } from './call.mjs';
import { peak } from './samples.mjs';
import { describeSession } from './session.mjs';
import { RATE, SourceError, decodeFile, openMicrophone, openTab, playSamples } from './sources.mjs';
import { KEPT, Wire } from './wire.mjs';

/** @typedef {import('./sources.mjs').Source} Source */
/** @typedef {import('./sources.mjs').Sink} Sink */
/** @typedef {import('./sources.mjs').PlaySink} PlaySink */
/** @typedef {import('./transcript.mjs').Line} Line */

const SILENT = 0.0005; // a peak that no open microphone stays below
const PATIENCE = 3; // seconds of that
const RELEASE = 0.2; // seconds that are heard after the button: fingers are faster than words

/**
 * What was chosen before the start. `load` gives the bytes of what is played.
 * @typedef {object} Chosen
 * @property {string} kind microphone, tab, file or sample
 * @property {string} device
 * @property {boolean} fast
 * @property {() => Promise<ArrayBuffer>} load
 * @property {{model: string, language: string, hotwords: string[]}} session
 * @property {URL} url
 * @property {string} key
 * @property {string} share the speaker's secret
 * @property {boolean} manual whether a button is held while one talks
 * @property {boolean} call whether it goes over WebRTC
 * @property {(path: string, method: string, form: FormData, more: {headers: Record<string, string>}) => Promise<Response | null>} ask
 */

/**
 * Who shows what comes of it.
 * @typedef {object} Stage
 * @property {import('./page.mjs').Page} page
 * @property {import('./transcript.mjs').Transcript} transcript
 * @property {(line: Line | null) => void} show
 * @property {(loudest: number) => void} level
 * @property {(share: number) => void} progress
 * @property {(seconds: number) => void} delay
 * @property {(name: string, reason?: string) => void} complain
 * @property {() => void} change
 * @property {(way: '>' | '<', event: {type: string}) => void} trace
 * @property {() => void} connected there is a connection, for the first time or again
 */

export class Run {
  paused = false;
  stopped = false;
  #quiet = 0;
  #start = 0;
  /** Samples that are still heard after the button was let go. */
  #release = 0;
  /** @type {Wire | Call | null} */
  #wire = null;
  /** @type {Source | null} */
  #source = null;

  /**
   * @param {Chosen} chosen
   * @param {Stage} stage
   */
  constructor(chosen, stage) {
    this.chosen = chosen;
    this.stage = stage;
    this.live = ['microphone', 'tab'].includes(chosen.kind);
    this.manual = this.live && chosen.manual;
    this.paused = this.manual;
  }

  /** Whether it can be paused. */
  get running() {
    return this.#wire !== null && !this.stopped;
  }

  /** Samples that were heard. */
  get heard() {
    return this.#wire?.heard ?? 0;
  }

  /**
   * Resolves at its end.
   * @param {number} start samples of the runs before
   */
  async play(start) {
    this.#start = start;
    this.stage.page.status('opening');
    try {
      const open = await this.#prepare();
      if (!this.stopped) this.#connect();
      if (!this.stopped) this.#source = open();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.stage.complain(error.text);
    }
    if (this.#source && !this.stopped) this.#watchSource(this.#source);
    if (this.#source) await this.#wire?.done;
    await this.#end();
  }

  /** Says no more, and waits for what was said; the second time for nothing. */
  async stop() {
    if (this.stopped) this.#wire?.stop();
    if (this.stopped) return;
    this.stopped = true;
    this.stage.page.status('finishing');
    this.stage.change();
    await this.#source?.stop();
    this.#wire?.finish();
  }

  pause() {
    if (this.running && !this.manual) this.#pause(!this.paused);
  }

  /**
   * The button is held, or let go. Whether there is one.
   * @param {boolean} held
   */
  talk(held) {
    if (!this.manual || !this.running) return false;
    if (held) this.#release = 0;
    else if (!this.paused) this.#release = RELEASE * RATE;
    if (held && this.paused) this.#pause(false);
    return true;
  }

  /** @param {boolean} paused */
  #pause(paused) {
    this.paused = paused;
    this.#wire?.mute(paused);
    if (paused) this.#wire?.commit();
    this.stage.page.status(this.#name('listening'));
    this.stage.level(0);
    this.stage.change();
  }

  /**
   * What a state of the connection is called here.
   * @param {string} state
   */
  #name(state) {
    if (state !== 'listening' || !this.paused) return state;
    return this.manual ? 'holdToTalk' : 'paused';
  }

  /** The network is gone. */
  drop() {
    this.#wire?.drop();
  }

  /** What can fail without the server is done first; returns what begins to hear. */
  async #prepare() {
    if (this.live) return this.#openLive();
    const samples = await decodeFile(await this.chosen.load());
    return () => playSamples(samples, this.chosen.fast, {
      hear: (heard) => this.#hear(heard),
      ready: async () => { await this.#wire?.ready(); },
      paused: () => this.paused,
      progress: this.stage.progress,
    });
  }

  /** The permission is asked for before there is a session; until there is one nothing is heard. */
  async #openLive() {
    const { kind, device } = this.chosen;
    const { page } = this.stage;
    /** @type {Sink} */
    const sink = {
      hear: (samples) => this.#hear(samples),
      tell: (name) => (name ? page.notice(name) : page.settle('muted')),
    };
    const source = await (kind === 'tab' ? openTab(sink) : openMicrophone(device, sink));
    this.#source = source;
    return () => source;
  }

  #connect() {
    const { key, share, call, ask } = this.chosen;
    this.stage.page.status('connecting');
    this.stage.transcript.begin(this.#start / RATE);
    const url = new URL(this.chosen.url);
    const session = describeSession(this.chosen.session, RATE, this.manual);
    const stream = this.#source?.stream;
    if (call && stream) {
      url.pathname += '/calls';
      const options = { url, session, stream, start: this.#start, rate: RATE };
      const headers = { 'saywire-share': share };
      this.#wire = new Call(options, (path, form) => ask(path, 'POST', form, { headers }), this.#listener());
    } else {
      url.protocol = url.protocol.replace('http', 'ws');
      const kept = this.live ? KEPT * RATE : Infinity;
      this.#wire = new Wire({ url, key, share, session, kept }, this.#listener());
    }
    this.#wire.mute(this.paused);
    this.stage.change();
  }

  /** @returns {import('./wire.mjs').Listener} */
  #listener() {
    const { page, transcript, show, complain, connected, trace } = this.stage;
    return {
      trace,
      begin: (samples) => {
        transcript.end().forEach(show);
        transcript.begin((this.#start + samples) / RATE);
      },
      event: (event) => this.#show(transcript.apply(event)),
      rewind: (last) => transcript.rewind(last),
      lose: (samples) => {
        transcript.end().forEach(show);
        page.notice('lost', { seconds: Math.ceil(samples / RATE) });
      },
      state: (name) => {
        page.status(this.#name(name), { minutes: KEPT / 60 });
        if (!name.startsWith('away')) connected();
      },
      refuse: complain,
    };
  }

  /** @param {Line | null} line */
  #show(line) {
    this.stage.show(line);
    const until = line?.words.at(-1)?.end ?? (line?.final ? line.end : null);
    if (this.live && line && until !== null) this.stage.delay((this.#start + this.heard) / RATE - until);
  }

  /** @param {Float32Array} samples */
  #hear(samples) {
    if (this.paused || this.stopped || !this.#wire) return;
    this.#watchLevel(samples);
    this.#wire.hear(samples);
    if (!this.#release) return;
    this.#release = Math.max(0, this.#release - samples.length);
    if (!this.#release) this.#pause(true);
  }

  /** @param {Float32Array} samples */
  #watchLevel(samples) {
    const { page, level } = this.stage;
    const loudest = peak(samples);
    level(loudest);
    this.#quiet = loudest < SILENT ? this.#quiet + samples.length / RATE : 0;
    if (this.live && this.#quiet > PATIENCE && page.quiet) page.notice('noSignal');
    if (!this.#quiet) page.settle('noSignal');
  }

  /** @param {Source} source */
  async #watchSource(source) {
    const ended = await source.done;
    if (this.stopped) return;
    if (ended) this.stage.page.notice(ended);
    await this.stop();
  }

  async #end() {
    this.stopped = true;
    await this.#source?.stop();
    this.#wire?.stop();
    this.stage.transcript.end().forEach(this.stage.show);
    this.stage.level(0);
    this.stage.page.status(this.#wire ? 'done' : 'idle');
  }
}
