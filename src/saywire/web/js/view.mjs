// The transcript on the page: only the line that changed is touched.

import { showTime } from './times.mjs';

const NEAR = 48; // pixels from the end that count as being there
const SPOKEN = 20; // finals kept for screen readers

/** @typedef {import('./transcript.mjs').Line} Line */

export class View {
  /** @type {Map<Line, HTMLElement>} */
  #items = new Map();
  #due = false;
  #at = 0;

  /**
   * @param {{scroller: HTMLElement, list: HTMLElement, spoken: HTMLElement, jump: HTMLElement, empty: HTMLElement}} parts
   * @param {(reason: string) => string} explain
   */
  constructor({ scroller, list, spoken, jump, empty }, explain) {
    this.scroller = scroller;
    this.list = list;
    this.spoken = spoken;
    this.jump = jump;
    this.empty = empty;
    this.explain = explain;
    this.follows = true;
    this.scroller.addEventListener('scroll', () => this.#look());
    this.jump.addEventListener('click', () => this.follow());
  }

  /**
   * @param {Line} line
   * @param {boolean} quietly without reading it out
   */
  show(line, quietly = false) {
    const item = this.#items.get(line) ?? this.#add(line);
    const [time, stable, unstable] = item.children;
    time.textContent = showTime(line.start);
    stable.textContent = line.failed ? this.explain(line.failed) : line.text;
    unstable.textContent = line.unstable;
    item.lang = line.language ?? '';
    item.classList.toggle('open', !line.final);
    item.classList.toggle('failed', Boolean(line.failed));
    if (line.final && !quietly) this.#speak(stable.textContent);
    this.#keepUp();
  }

  /** @param {Line} line */
  remove(line) {
    this.#items.get(line)?.remove();
    this.#items.delete(line);
    this.empty.hidden = this.#items.size > 0;
  }

  clear() {
    this.#items.clear();
    this.list.replaceChildren();
    this.spoken.replaceChildren();
    this.empty.hidden = false;
  }

  follow() {
    this.follows = true;
    this.#keepUp();
  }

  /** @param {Line} line */
  #add(line) {
    const item = document.createElement('li');
    const unstable = Object.assign(document.createElement('span'), { className: 'unstable' });
    item.append(document.createElement('time'), document.createElement('span'), unstable);
    this.#items.set(line, item);
    this.list.append(item);
    this.empty.hidden = true;
    return item;
  }

  /** @param {string | null} text */
  #speak(text) {
    const said = document.createElement('p');
    said.textContent = text;
    this.spoken.append(said);
    while (this.spoken.children.length > SPOKEN) this.spoken.firstChild?.remove();
  }

  /** Once a frame, when the lines are laid out anyway: to ask for it at each partial is dear beside thousands. */
  #keepUp() {
    this.jump.hidden = this.follows;
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      if (this.follows) this.scroller.scrollTop = this.scroller.scrollHeight;
    });
  }

  /** Who scrolls up stays there; lines that came since the last frame are no scrolling up. */
  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.follows = true;
    else if (scrollTop < this.#at) this.follows = false;
    this.#at = scrollTop;
    this.jump.hidden = this.follows;
  }
}
