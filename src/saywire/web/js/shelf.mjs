// Transcripts in IndexedDB: talks, and their lines, each of which is written once and never torn.

/** @typedef {import('./transcript.mjs').Line} Line */
/** @typedef {{id: number, at: number, text: string}} Talk  `at`: Unix time in ms; `text`: how it begins */

const NAME = 'saywire';
const VERSION = 1;

export class Shelf {
  /** @type {Promise<IDBDatabase> | null} */
  #base = null;

  /**
   * A new talk; returns its id.
   * @param {string} text
   */
  async begin(text) {
    const talks = await this.#store('talks', 'readwrite');
    return Number(await settle(talks.add({ at: Date.now(), text })));
  }

  /**
   * @param {number} talk
   * @param {number} nth
   * @param {Line} line
   */
  async put(talk, nth, line) {
    await settle((await this.#store('lines', 'readwrite')).put({ talk, nth, line }));
  }

  /** The newest first. @returns {Promise<Talk[]>} */
  async talks() {
    return (await settle((await this.#store('talks')).getAll())).reverse();
  }

  /**
   * @param {number} talk
   * @returns {Promise<Line[]>}
   */
  async lines(talk) {
    const found = await settle((await this.#store('lines')).getAll(all(talk)));
    return found.map(({ line }) => line);
  }

  /** @param {number} talk */
  async remove(talk) {
    await settle((await this.#store('lines', 'readwrite')).delete(all(talk)));
    await settle((await this.#store('talks', 'readwrite')).delete(talk));
  }

  async clear() {
    for (const name of ['lines', 'talks']) await settle((await this.#store(name, 'readwrite')).clear());
  }

  /**
   * @param {string} name
   * @param {IDBTransactionMode} mode
   */
  async #store(name, mode = 'readonly') {
    this.#base ??= open();
    return (await this.#base).transaction(name, mode).objectStore(name);
  }
}

/** @param {number} talk */
const all = (talk) => IDBKeyRange.bound([talk], [talk, Infinity]);

function open() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('talks', { keyPath: 'id', autoIncrement: true });
    request.result.createObjectStore('lines', { keyPath: ['talk', 'nth'] });
  };
  return settle(request);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settle(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
