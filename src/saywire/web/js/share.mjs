// Lets others read along (docs/captions.md): a link to what is said here, until it is taken back.

import { describePast } from './captions.mjs';
import { copyText } from './clipboard.mjs';
import { find } from './dom.mjs';
import { at } from './server.mjs';

const LOCAL = /^(localhost|127\.|\[::1\])/; // what means another computer to everybody else

export class Share {
  /** With which sessions are opened whose text can be shared, now or later. */
  key = makeKey();
  /** @type {string | null} */
  #token = null;

  /**
   * @param {import('./page.mjs').Page} page
   * @param {import('./server.mjs').Server} server
   * @param {import('./transcript.mjs').Transcript} transcript
   */
  constructor(page, server, transcript) {
    this.page = page;
    this.server = server;
    this.transcript = transcript;
    // Where the keyboard was is hidden then; who clicks has the shortcuts.
    find('share').addEventListener('click', async ({ detail }) => {
      await this.#open();
      if (!detail && this.open) find('share-copy').focus();
    });
    find('share-end').addEventListener('click', async ({ detail }) => {
      await this.#close();
      if (!detail && !this.open) find('share').focus();
    });
    find('share-copy').addEventListener('click', () => this.#copy());
  }

  /** Whether others may read along. */
  get open() {
    return this.#token !== null;
  }

  /** There is a connection again, perhaps to a server that was begun anew and knows of no share. */
  async renew() {
    if (this.#token) await this.#open();
  }

  async #open() {
    const opening = { share: this.key, token: this.#token, ...describePast(this.transcript.lines) };
    const opened = await this.server.ask('v1/captions', 'POST', opening);
    if (!opened) return;
    this.#token = (await opened.json()).token;
    const link = at('watch');
    link.hash = this.#token ?? '';
    find('link').value = link.href;
    this.#show();
  }

  async #close() {
    const closed = await this.server.ask('v1/captions', 'DELETE', {}, { headers: { 'saywire-share': this.key } });
    if (!closed) return;
    this.#token = null;
    this.#show();
  }

  async #copy() {
    find('link').select();
    this.page.flash((await copyText(find('link').value)) ? 'copied' : 'notCopied');
  }

  #show() {
    find('sharing').hidden = !this.#token;
    find('share-local').hidden = !LOCAL.test(location.hostname);
    find('share').hidden = Boolean(this.#token);
  }
}

/** A secret that nobody guesses. */
function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_');
}
