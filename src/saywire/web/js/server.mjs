// What the page asks of its server before anything is heard: its models and their languages, its version.

import { find } from './dom.mjs';
import { SourceError } from './sources.mjs';

/** @typedef {import('./page.mjs').Page} Page */
/** @typedef {{id: string, root: string, languages: string[]}} Model */

/**
 * An address of this server.
 * @param {string} path
 */
export const at = (path) => new URL(path, document.baseURI);

/**
 * Keeps the first entry, which is "automatic" or "default", and what is chosen where it is still there.
 * @param {HTMLSelectElement} select
 * @param {[string, string][]} entries value and text
 */
export function fill(select, entries) {
  const chosen = select.value;
  select.replaceChildren(select.options[0], ...entries.map(([value, text]) => new Option(text, value)));
  select.value = entries.some(([value]) => value === chosen) ? chosen : '';
}

export class Server {
  key = '';
  /** @type {Model[]} */
  #models = [];

  /**
   * @param {Page} page
   * @param {() => void} listed called when there are models to choose from
   */
  constructor(page, listed) {
    this.page = page;
    this.listed = listed;
    find('model').addEventListener('change', () => this.showLanguages());
    find('language-switch').addEventListener('click', () => this.showLanguages());
    find('key-field').addEventListener('submit', (event) => {
      event.preventDefault();
      this.key = find('key').value.trim();
      this.load();
    });
  }

  /** Shows what there is to choose from, or what is wrong. */
  async load() {
    try {
      /** @type {Model[]} */
      const models = (await this.#load('v1/models')).data;
      this.#models = models.filter(({ id, root }) => id === root); // without aliases
      find('key-field').hidden = true;
      ['needKey', 'wrongKey', 'unreachable'].forEach((name) => this.page.settle(name));
      fill(find('model'), this.#models.map(({ id }) => [id, id]));
      this.showLanguages();
      this.listed();
    } catch (error) {
      this.complain(error instanceof SourceError ? error.text : 'unreachable');
    }
  }

  /** Who made this page, and what else can be asked of it. */
  async introduce() {
    try {
      const { wires, version, webrtc } = await this.#load('./');
      find('version').textContent = version;
      find('transport-field').hidden = !webrtc || !('RTCPeerConnection' in window);
      find('wires').replaceChildren(...wires.map(makeItem));
    } catch {
      this.complain('unreachable');
    }
  }

  /**
   * Says what is wrong, and asks for a key where that is it.
   * @param {string} name
   * @param {string} reason
   */
  complain(name, reason = '') {
    this.page.notice(name, { reason });
    if (['needKey', 'wrongKey'].includes(name)) find('key-field').hidden = false;
  }

  showLanguages() {
    const wanted = find('model').value;
    const codes = this.#models.filter(({ id }) => !wanted || id === wanted).flatMap(({ languages }) => languages);
    fill(find('language'), [...new Set(codes)].sort().map((code) => [code, this.page.nameLanguage(code)]));
  }

  /**
   * Asks for something to be done; null where it was not, which is said.
   * @param {string} path
   * @param {string} method
   * @param {object | FormData} body an object is sent as JSON
   * @param {{signal?: AbortSignal, headers?: Record<string, string>}} more signal: that nobody waits for it any more
   */
  async ask(path, method, body = {}, { signal, headers } = {}) {
    const sent = body instanceof FormData ? body : JSON.stringify(body);
    try {
      const answer = await this.#send(path, { method, signal, headers, body: sent });
      if (answer.ok) return answer;
      this.complain('refused', (await answer.json()).error.message);
    } catch (error) {
      if (!signal?.aborted) this.complain(error instanceof SourceError ? error.text : 'unreachable');
    }
    return null;
  }

  /** @param {string} path */
  async #load(path) {
    const answer = await this.#send(path);
    if (!answer.ok) throw new SourceError('unreachable');
    return answer.json();
  }

  /**
   * Throws a SourceError where a key is wanted, or another one.
   * @param {string} path
   * @param {RequestInit} request
   */
  async #send(path, request = {}) {
    const headers = new Headers(request.headers);
    headers.set('accept', 'application/json');
    if (this.key) headers.set('authorization', `Bearer ${this.key}`);
    const answer = await fetch(at(path), { ...request, headers });
    if (answer.status === 401) throw new SourceError(this.key ? 'wrongKey' : 'needKey');
    return answer;
  }
}

/** @param {string} text */
const makeItem = (text) => Object.assign(document.createElement('li'), { textContent: text });
