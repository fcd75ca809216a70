// For developers: the last events, as they went over the wire. Audio is told by its length.

import { copyText } from './clipboard.mjs';
import { find } from './dom.mjs';

const MOST = 200;
const AUDIO = 'input_audio_buffer.append';

/** @typedef {{way: '>' | '<', event: {type: string, audio?: string}, count: number}} Entry  `>`: from here */

export class Drawer {
  /** @type {Entry[]} */
  #entries = [];

  constructor() {
    find('drawer').addEventListener('toggle', () => this.#paint());
    find('drawer-clear').addEventListener('click', () => { this.#entries = []; this.#paint(); });
    find('drawer-copy').addEventListener('click', () => copyText(this.#entries.map(write).join('\n')));
  }

  /**
   * @param {'>' | '<'} way
   * @param {{type: string, audio?: string}} event
   */
  note(way, event) {
    const last = this.#entries.at(-1);
    if (event.type === AUDIO && last?.event.type === AUDIO) last.count += 1;
    else this.#entries.push({ way, event: shorten(event), count: 1 });
    if (this.#entries.length > MOST) this.#entries.shift();
    if (find('drawer').open) this.#paint();
  }

  #paint() {
    if (!find('drawer').open) return;
    const list = find('events');
    const known = [...list.children];
    const texts = this.#entries.map(write);
    texts.forEach((text, nth) => {
      const item = known[nth] ?? list.appendChild(document.createElement('li'));
      if (item.textContent !== text) item.textContent = text;
    });
    known.slice(texts.length).forEach((item) => item.remove());
    list.scrollTop = list.scrollHeight;
  }
}

/** @param {Entry} entry */
const write = ({ way, event, count }) => `${way} ${JSON.stringify(event)}${count > 1 ? ` × ${count}` : ''}`;

/** @param {{type: string, audio?: string}} event */
const shorten = (event) => (event.audio ? { ...event, audio: `${event.audio.length} characters of base64` } : event);
