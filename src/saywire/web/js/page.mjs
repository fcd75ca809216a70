// The page's words, its looks, and what it remembers.

import { find, findAll } from './dom.mjs';
import { TEXTS, chooseLanguage, say } from './texts.mjs';

/** @param {string} name */
export function recall(name) {
  try {
    return localStorage.getItem(`saywire.${name}`);
  } catch {
    return null; // storage may be forbidden
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(`saywire.${name}`, value);
  } catch {
    // then it lasts as long as the page
  }
}

const MOMENT = 4000; // ms

/** What stands at the places of a text. @typedef {Record<string, string | number>} Values */

export class Page {
  /** @type {[string, Values]} */
  #status = ['idle', {}];
  /** @type {[string, Values] | null} */
  #notice = null;
  /** What is told for a moment, in place of the notice. @type {string | null} */
  #moment = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.language = recall('language') ?? chooseLanguage(navigator.languages ?? [navigator.language]);
    if (!(this.language in TEXTS)) this.language = 'en';
    find('language-switch').addEventListener('click', () => this.#switch());
    find('theme').addEventListener('change', () => this.#paint(find('theme').value));
    this.#paint(recall('theme') ?? 'system');
    this.translate();
  }

  /**
   * @param {string} name
   * @param {Values} [values]
   */
  say(name, values) {
    return say(this.language, name, values);
  }

  /** Whether there is no notice. */
  get quiet() {
    return this.#notice === null;
  }

  /**
   * The name of a language, in that of the page.
   * @param {string} code
   */
  nameLanguage(code) {
    try {
      return new Intl.DisplayNames([this.language], { type: 'language', fallback: 'code' }).of(code) ?? code;
    } catch {
      return code; // what is no code of a language
    }
  }

  translate() {
    document.documentElement.lang = this.language === 'zh' ? 'zh-CN' : 'en';
    document.title = `${this.say('title')} – saywire`;
    for (const element of findAll('[data-text]')) element.textContent = this.say(element.dataset.text ?? '');
    for (const element of findAll('[data-label]')) element.ariaLabel = this.say(element.dataset.label ?? '');
    for (const element of findAll('[data-hint]')) element.setAttribute('placeholder', this.say(element.dataset.hint ?? ''));
    this.status(...this.#status);
    this.#show();
  }

  /**
   * @param {string} name
   * @param {Values} values
   */
  status(name, values = {}) {
    this.#status = [name, values];
    find('status').textContent = this.say(name, values);
    find('status').dataset.state = name;
  }

  /**
   * What is wrong, or worth knowing; null: nothing.
   * @param {string | null} name
   * @param {Values} values
   */
  notice(name, values = {}) {
    this.#notice = name ? [name, values] : null;
    this.#moment = null;
    this.#show();
  }

  /**
   * What is worth knowing for a moment only; what was told before is told again then.
   * @param {string} name
   */
  flash(name) {
    this.#moment = name;
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#moment = null;
      this.#show();
    }, MOMENT);
  }

  /**
   * Takes a notice away, where it is still this one.
   * @param {string} name
   */
  settle(name) {
    if (this.#notice?.[0] !== name) return;
    this.#notice = null;
    this.#show();
  }

  #show() {
    const [name, values] = this.#moment ? [this.#moment, {}] : this.#notice ?? ['', {}];
    const text = name && this.say(name, values);
    if (find('notice').textContent !== text) find('notice').textContent = text;
    find('notice').hidden = !name;
    find('notice').dataset.name = name;
  }

  #switch() {
    this.language = this.language === 'en' ? 'zh' : 'en';
    remember('language', this.language);
    this.translate();
  }

  /** @param {string} theme */
  #paint(theme) {
    const known = ['system', 'light', 'dark'].includes(theme) ? theme : 'system';
    document.documentElement.dataset.theme = known;
    find('theme').value = known;
    remember('theme', known);
  }
}
