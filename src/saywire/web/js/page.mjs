// The page's words, its looks, and what it remembers.

import { TEXTS, chooseLanguage, say } from './texts.mjs';

const find = (id) => document.getElementById(id);

function recall(name) {
  try {
    return localStorage.getItem(`saywire.${name}`);
  } catch {
    return null; // storage may be forbidden
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`saywire.${name}`, value);
  } catch {
    // then it lasts as long as the page
  }
}

export class Page {
  #status = ['idle', {}];
  #notice = null;

  constructor() {
    this.language = recall('language') ?? chooseLanguage(navigator.languages ?? [navigator.language]);
    if (!(this.language in TEXTS)) this.language = 'en';
    find('language-switch').addEventListener('click', () => this.#switch());
    find('theme').addEventListener('change', ({ target }) => this.#paint(target.value));
    this.#paint(recall('theme') ?? 'system');
    this.translate();
  }

  say(name, values) {
    return say(this.language, name, values);
  }

  translate() {
    document.documentElement.lang = this.language === 'zh' ? 'zh-CN' : 'en';
    document.title = `${this.say('title')} – saywire`;
    for (const element of document.querySelectorAll('[data-text]')) element.textContent = this.say(element.dataset.text);
    for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', this.say(element.dataset.label));
    for (const element of document.querySelectorAll('[data-hint]')) element.placeholder = this.say(element.dataset.hint);
    this.status(...this.#status);
    this.notice(...(this.#notice ?? [null]));
  }

  status(name, values = {}) {
    this.#status = [name, values];
    find('status').textContent = this.say(name, values);
    find('status').dataset.state = name;
  }

  /** What is wrong, or worth knowing; null: nothing. */
  notice(name, values = {}) {
    this.#notice = name ? [name, values] : null;
    const text = name ? this.say(name, values) : '';
    if (find('notice').textContent !== text) find('notice').textContent = text;
    find('notice').hidden = !name;
    find('notice').dataset.name = name ?? '';
  }

  /** Takes a notice away, where it is still this one. */
  settle(name) {
    if (this.#notice?.[0] === name) this.notice(null);
  }

  #switch() {
    this.language = this.language === 'en' ? 'zh' : 'en';
    remember('language', this.language);
    this.translate();
  }

  #paint(theme) {
    const known = ['system', 'light', 'dark'].includes(theme) ? theme : 'system';
    document.documentElement.dataset.theme = known;
    find('theme').value = known;
    remember('theme', known);
  }
}
