// The websocket of a session: it is opened again where it breaks, for as long as anybody waits.

import { Session } from './session.mjs';

/** @typedef {import('./session.mjs').ServerEvent} ServerEvent */

export const KEPT = 360; // seconds of audio that may wait to settle; an utterance without a pause may last 300
const SHORTEST = 50; // ms between two attempts, doubled each time
const LONGEST = 2000;
const FULL = 262144; // bytes on their way
const PASSING = new Set([1001, 1006, 1012, 1013]);
const HARMLESS = new Set(['input_audio_buffer_commit_empty']);
const REFUSED = 3000;

/**
 * Who hears of a connection.
 * @typedef {object} Listener
 * @property {(event: ServerEvent) => void} event
 * @property {(last: number) => void} rewind all behind this transcript is said again
 * @property {(samples: number) => void} lose so many were forgotten, unsettled
 * @property {(name: string) => void} state
 * @property {(name: string, reason: string) => void} refuse
 * @property {(samples: number) => void} begin a session begins anew, after so many
 * @property {(way: '>' | '<', event: {type: string}) => void} trace what went over the wire
 */

export class Wire {
  /** @type {WebSocket | null} */
  #socket = null;
  #tries = 0;
  #connections = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #finishing = false;
  #over = false;
  #refused = false;
  /** @type {() => void} */
  #end = () => {};

  /**
   * @param {{url: URL | string, key: string, share: string, session: object, kept: number}} options
   *   share: with which others may read along; kept: samples that may wait to settle
   * @param {Listener} listener
   */
  constructor({ url, key, share, session, kept }, listener) {
    this.url = url;
    this.key = key;
    // Secrets do not belong into an address, which proxies write down.
    this.protocols = ['realtime', `saywire-share.${share}`];
    if (key) this.protocols.push(`openai-insecure-api-key.${key}`);
    this.listener = listener;
    this.session = new Session(session, kept);
    /** @type {Promise<void>} */
    this.done = new Promise((resolve) => { this.#end = resolve; });
    this.#dial();
  }

  /** Samples that were heard. */
  get heard() {
    return this.session.ledger.end;
  }

  /** @param {Float32Array} samples */
  hear(samples) {
    if (this.#over || this.#finishing || !samples.length) return;
    this.session.hear(samples);
    this.#pump();
  }

  /** Nothing is heard until it is over: nothing is sent, so there is nothing to do. */
  mute() {}

  /** Ends the turn, so that its text comes. */
  commit() {
    this.session.order('input_audio_buffer.commit');
    this.#pump();
  }

  /** Resolves when the network has taken most of what it was given. */
  async ready() {
    while (!this.#over && (!this.#isOpen() || (this.#socket?.bufferedAmount ?? 0) > FULL)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Asks for what there is still to say, also of a server that is away; `done` resolves then. */
  finish() {
    if (this.#finishing) return;
    this.#finishing = true;
    this.session.order('session.close');
    this.#pump();
  }

  /** Waits for nobody. */
  stop() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#end();
  }

  /** As if the connection had broken: for who knows that the network is gone. */
  drop() {
    if (!this.#socket || this.#over) return;
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#break();
  }

  #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #pump() {
    if (!this.#isOpen()) return;
    for (const event of this.session.take()) {
      this.#socket?.send(JSON.stringify(event));
      this.listener.trace('>', event);
    }
  }

  #dial() {
    const socket = new WebSocket(this.url, this.protocols);
    this.#socket = socket;
    socket.onopen = () => this.#open();
    socket.onmessage = ({ data }) => this.#read(JSON.parse(data));
    socket.onclose = ({ code }) => this.#close(code);
  }

  #open() {
    this.#connections += 1;
    if (this.#connections > 1) {
      const lost = this.session.reconnect();
      if (lost) this.listener.lose(lost);
      this.listener.rewind(this.session.last);
    }
    this.listener.state(this.#finishing ? 'finishing' : 'listening');
  }

  /** @param {ServerEvent} event */
  #read(event) {
    this.listener.trace('<', event);
    const news = this.session.receive(event);
    this.#pump();
    if (event.type === 'session.updated') this.#tries = 0;
    if (event.type === 'error' && news && !HARMLESS.has(event.error?.code ?? '')) {
      this.#refuse('refused', event.error?.message);
    }
    if (news) this.listener.event(event);
    if (this.session.broken) this.#refuse('refused', this.session.broken);
    if (this.session.closed || this.session.broken) this.stop();
  }

  /** @param {number} code */
  #close(code) {
    if (this.#over) return;
    if (PASSING.has(code) && this.session.resumable) {
      this.#break();
      return;
    }
    if (code === REFUSED) this.#refuse(this.key ? 'wrongKey' : 'needKey');
    else if (!this.#refused) this.#refuse('ended', String(code));
    this.stop();
  }

  /**
   * @param {string} name
   * @param {string} reason
   */
  #refuse(name, reason = '') {
    this.#refused = true;
    this.listener.refuse(name, reason);
  }

  #break() {
    this.#socket = null;
    this.listener.state('away');
    const wait = Math.min(SHORTEST * 2 ** this.#tries, LONGEST);
    // Jittered, so that a crowd spreads.
    this.#timer = setTimeout(() => this.#dial(), wait * (1 - Math.random() / 2));
    this.#tries += 1;
  }
}
