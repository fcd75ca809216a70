// A transcription session over /v1/realtime (docs/openai.md), which outlives its connections: what no final has
// settled is sent again over the next one, and the transcript goes on where it was.

import { Tail } from './tail.mjs';
import { toBase64 } from './samples.mjs';

export const KEPT = 60; // seconds of unsettled audio of a source that never ends
const WAITS = [500, 1000, 2000, 4000, 8000]; // ms
const FULL = 262144; // bytes on their way
const AGAIN = new Set([1001, 1005, 1006, 1011, 1012, 1013]);
const HARMLESS = new Set(['input_audio_buffer_commit_empty']);

/** What a session asks for; what is not chosen is left to the server. */
export function describeSession({ model, language, hotwords }, rate) {
  const transcription = { model: model || 'auto' };
  if (language) transcription.language = language;
  if (hotwords.length) transcription.keywords = hotwords;
  return {
    type: 'transcription',
    audio: { input: { format: { type: 'audio/pcm', rate }, transcription, turn_detection: { type: 'server_vad' } } },
    include: ['item.input_audio_transcription.unstable'],
  };
}

export class Wire {
  #socket = null;
  #tries = 0;
  #timer = null;
  #finishing = false;
  #over = false;
  #end;
  #begun = 0; // position, in samples, of the connection's first

  /**
   * @param {{url: URL, key: string, session: object, rate: number, start: number, kept: number}} options
   *   start: samples of the transcript before it; kept: at most so many seconds are sent again
   * @param {{begin: (seconds: number) => void, event: (event: object) => void, state: (name: string) => void,
   *   refuse: (name: string, reason: string) => void}} listener
   */
  constructor(options, listener) {
    this.options = options;
    this.listener = listener;
    this.tail = new Tail(options.kept * options.rate);
    this.done = new Promise((resolve) => { this.#end = resolve; });
    this.#dial();
  }

  hear(samples) {
    if (this.#over || this.#finishing || !samples.length) return;
    this.tail.push(samples);
    if (this.#isOpen()) this.#append(samples);
  }

  /** Ends the turn, so that its text comes. */
  commit() {
    if (this.#isOpen()) this.#say({ type: 'input_audio_buffer.commit' });
  }

  /** Resolves when the network has taken most of what it was given. */
  async ready() {
    while (!this.#over && (!this.#isOpen() || this.#socket.bufferedAmount > FULL)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Asks for what there is still to say; `done` resolves then. */
  finish() {
    this.#finishing = true;
    if (this.#isOpen()) this.#say({ type: 'session.close' });
    else if (!this.#socket) this.stop(); // it is away: there is nobody to wait for
  }

  stop() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#end();
  }

  #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #say(event) {
    this.#socket.send(JSON.stringify(event));
  }

  #append(samples) {
    this.#say({ type: 'input_audio_buffer.append', audio: toBase64(samples) });
  }

  #dial() {
    const { url, key } = this.options;
    const socket = new WebSocket(url, key ? ['realtime', `openai-insecure-api-key.${key}`] : ['realtime']);
    this.#socket = socket;
    socket.onopen = () => this.#open();
    socket.onmessage = ({ data }) => this.#read(JSON.parse(data));
    socket.onclose = (closed) => this.#close(closed);
  }

  #open() {
    this.#begun = this.tail.start;
    this.listener.begin((this.options.start + this.#begun) / this.options.rate);
    this.#say({ type: 'session.update', session: this.options.session });
    this.tail.chunks().forEach((samples) => this.#append(samples));
    if (this.#finishing) this.#say({ type: 'session.close' });
    this.listener.state('listening');
  }

  #read(event) {
    if (event.type === 'session.updated') this.#tries = 0;
    if (event.type === 'error' && !HARMLESS.has(event.error.code)) {
      this.listener.refuse('refused', event.error.message);
    }
    if (event.type.endsWith('transcription.completed') && event.end !== undefined) {
      this.tail.settle(this.#begun + Math.floor(event.end * this.options.rate));
    }
    this.listener.event(event);
    if (event.type === 'session.closed') this.stop();
  }

  #close(closed) {
    this.#socket = null;
    if (this.#over) return;
    if (closed.code === 3000) this.listener.refuse(this.options.key ? 'wrongKey' : 'needKey', '');
    if (!AGAIN.has(closed.code)) {
      this.stop();
      return;
    }
    this.listener.state('away');
    this.#timer = setTimeout(() => this.#dial(), WAITS[Math.min(this.#tries, WAITS.length - 1)]);
    this.#tries += 1;
  }
}
