// Shortcuts, and the list of them. Those of a single character can be switched off (WCAG 2.1.4).

import { find } from './dom.mjs';
import { recall, remember } from './page.mjs';

const FIELDS = 'input:not([type=checkbox]), textarea, select, dialog';
const PRESSED = `${FIELDS}, input, button, a, summary, #scroller`; // what Space means something to

/**
 * @typedef {object} Actions
 * @property {() => void} press begin, pause or go on
 * @property {(held: boolean) => boolean} talk whether there is somebody to talk to
 * @property {() => void} save
 */

export class Keys {
  /**
   * @param {import('./modes.mjs').Modes} modes
   * @param {Actions} actions
   */
  constructor(modes, actions) {
    this.modes = modes;
    this.actions = actions;
    find('single').checked = recall('keys') !== 'off';
    find('single').addEventListener('change', () => remember('keys', find('single').checked ? 'on' : 'off'));
    find('help-open').addEventListener('click', () => find('help').showModal());
    find('help-close').addEventListener('click', () => find('help').close());
    document.addEventListener('keydown', (event) => { if (this.#obey(event)) event.preventDefault(); });
    document.addEventListener('keyup', ({ key }) => { if (key === ' ') actions.talk(false); });
    window.addEventListener('blur', () => actions.talk(false)); // its end would not be told
  }

  /** @param {KeyboardEvent} event */
  #obey(event) {
    const { key } = event;
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 's') return done(this.actions.save);
    if (event.ctrlKey || event.metaKey || event.altKey || isIn(event, FIELDS)) return false;
    if (key === 'Escape') return done(() => this.modes.leave());
    return find('single').checked && this.#obeySingle(event, key.toLowerCase());
  }

  /**
   * @param {KeyboardEvent} event
   * @param {string} key
   */
  #obeySingle(event, key) {
    switch (key) {
      case ' ':
        if (isIn(event, PRESSED)) return false;
        return done(() => { if (!event.repeat && !this.actions.talk(true)) this.actions.press(); });
      case 'f':
        return done(() => this.modes.toggle());
      case '+': case '=':
        return done(() => this.modes.grow(1));
      case '-':
        return done(() => this.modes.grow(-1));
      case '?':
        return done(() => find('help').showModal());
      default:
        return false;
    }
  }
}

/** @param {() => void} act */
function done(act) {
  act();
  return true;
}

/**
 * @param {KeyboardEvent} event
 * @param {string} selector
 */
const isIn = ({ target }, selector) => target instanceof Element && Boolean(target.closest(selector));
