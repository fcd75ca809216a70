// How captions are shown: as a page, large (the last lines, for a hall), or as an overlay (for OBS and the like).
// ?view=large, ?view=overlay; with bg and color (any CSS colour), size (px) and lines.

import { find } from './dom.mjs';
import { recall, remember } from './page.mjs';

const SMALLEST = 12;
const LARGEST = 240;
const STEP = 1.15;
const SIZES = { page: 20, large: 64, overlay: 40 }; // px
const SHARE = 12; // large captions are no larger than that part of the width, so that a phone shows some words

/** @typedef {keyof typeof SIZES} Mode */

export class Modes {
  #asked = new URLSearchParams(location.search);
  /** @type {Mode} */
  #mode = 'page';

  constructor() {
    const view = this.#asked.get('view');
    this.#paint('bg', '--behind');
    this.#paint('color', '--caption');
    find('large').addEventListener('click', () => this.toggle());
    find('leave').addEventListener('click', () => this.leave());
    find('smaller').addEventListener('click', () => this.grow(-1));
    find('larger').addEventListener('click', () => this.grow(1));
    document.addEventListener('fullscreenchange', () => { if (!document.fullscreenElement) this.leave(); });
    this.#enter(view === 'large' || view === 'overlay' ? view : 'page');
  }

  /** Whether only captions are shown. */
  get bare() {
    return this.#mode !== 'page';
  }

  /** Large captions on the full screen, where the browser lets us, or the page again. */
  async toggle() {
    if (this.#mode === 'large' && document.fullscreenElement) return this.leave();
    this.#enter('large');
    try {
      await document.documentElement.requestFullscreen?.();
    } catch {
      // then they are as large as the window
    }
  }

  leave() {
    if (document.fullscreenElement) document.exitFullscreen();
    if (this.#mode === 'large') this.#enter('page');
  }

  /** @param {1 | -1} direction */
  grow(direction) {
    this.#resize(this.#size * STEP ** direction);
    remember(`size.${this.#mode}`, String(this.#size));
  }

  get #size() {
    return Number(document.documentElement.dataset.size);
  }

  /** @param {Mode} mode */
  #enter(mode) {
    this.#mode = mode;
    document.documentElement.dataset.view = mode;
    document.documentElement.dataset.lines = ['1', '2', '3'].find((lines) => lines === this.#asked.get('lines')) ?? '3';
    const asked = mode === 'page' ? null : this.#asked.get('size');
    const usual = mode === 'large' ? Math.min(SIZES.large, innerWidth / SHARE) : SIZES[mode];
    this.#resize(Number(asked ?? recall(`size.${mode}`)) || usual);
  }

  /** @param {number} size */
  #resize(size) {
    const known = Math.min(LARGEST, Math.max(SMALLEST, size));
    document.documentElement.dataset.size = String(known);
    document.documentElement.style.setProperty('--size', `${known}px`);
    find('scroller').scrollTop = find('scroller').scrollHeight;
  }

  /**
   * @param {string} name of a colour that was asked for
   * @param {string} property
   */
  #paint(name, property) {
    const colour = this.#asked.get(name);
    if (colour && CSS.supports('color', colour)) document.documentElement.style.setProperty(property, colour);
  }
}
