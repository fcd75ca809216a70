// The transcripts that this browser keeps, as long as it is not told to keep none. No server sees them.

import { find } from './dom.mjs';
import { recall, remember } from './page.mjs';
import { Shelf } from './shelf.mjs';

/** @typedef {import('./transcript.mjs').Line} Line */

const SHOWN = 60; // characters

export class History {
  #shelf = new Shelf();
  /** The talk that is going on, and how many of its lines are kept. @type {{id: number, kept: number} | null} */
  #talk = null;
  /** Writes, one after the other. @type {Promise<void>} */
  #written = Promise.resolve();

  /**
   * @param {import('./page.mjs').Page} page
   * @param {(lines: Line[]) => boolean} show whether it can be shown now
   */
  constructor(page, show) {
    this.page = page;
    this.show = show;
    find('keep').checked = recall('keep') !== 'no';
    find('keep').addEventListener('change', () => remember('keep', find('keep').checked ? 'yes' : 'no'));
    find('history-open').addEventListener('click', () => this.#open());
    find('forget').addEventListener('click', () => { if (confirm(page.say('sureAll'))) this.#clear(); });
    find('history-close').addEventListener('click', () => find('history').close());
  }

  /** Whether what is said outlasts the page. */
  get keeps() {
    return find('keep').checked;
  }

  /**
   * A line that became final.
   * @param {Line} line
   */
  keep(line) {
    if (!this.keeps || line.failed) return;
    this.#written = this.#written.then(() => this.#put(line)).catch(() => this.page.notice('notKept'));
  }

  /** What follows is another talk. */
  turn() {
    this.#written = this.#written.then(() => { this.#talk = null; });
  }

  /** @param {Line} line */
  async #put(line) {
    this.#talk ??= { id: await this.#shelf.begin(line.text.slice(0, SHOWN)), kept: 0 };
    await this.#shelf.put(this.#talk.id, this.#talk.kept, line);
    this.#talk.kept += 1;
  }

  async #open() {
    await this.#written;
    try {
      await this.#list();
      find('history-busy').hidden = true;
      find('history').showModal();
    } catch {
      this.page.notice('notKept'); // some browsers forbid it, as in a private window
    }
  }

  async #list() {
    const talks = await this.#shelf.talks();
    find('talks').replaceChildren(...talks.map((talk) => this.#describe(talk)));
    find('no-talks').hidden = talks.length > 0;
    find('forget').disabled = !talks.length;
  }

  /** @param {import('./shelf.mjs').Talk} talk */
  #describe({ id, at, text }) {
    const item = document.createElement('li');
    const when = Object.assign(document.createElement('time'), { textContent: new Date(at).toLocaleString(this.page.language) });
    const what = Object.assign(document.createElement('span'), { textContent: text });
    item.append(when, what, this.#button('openTalk', text, () => this.#take(id)), this.#button('delete', text, () => this.#remove(id)));
    return item;
  }

  /**
   * @param {string} name
   * @param {string} about for who does not see what it stands beside
   * @param {() => void} act
   */
  #button(name, about, act) {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: this.page.say(name) });
    button.dataset.act = name;
    button.ariaLabel = `${this.page.say(name)}: ${about}`;
    button.addEventListener('click', act);
    return button;
  }

  /** @param {number} id */
  async #take(id) {
    const lines = await this.#shelf.lines(id);
    find('history-busy').hidden = this.show(lines);
    if (!find('history-busy').hidden) return;
    await this.#written;
    this.#talk = { id, kept: lines.length };
    find('history').close();
  }

  /** @param {number} id */
  async #remove(id) {
    if (this.#talk?.id === id) this.#talk = null;
    await this.#shelf.remove(id);
    await this.#list();
    find('history-close').focus();
  }

  async #clear() {
    this.#talk = null;
    await this.#shelf.clear();
    await this.#list();
    find('history-close').focus();
  }
}
