// What the address asks for: ?source=microphone&model=tiny&language=en&start chooses, and begins by itself, for captions
// in a window that nobody clicks on.

import { find } from './dom.mjs';

const CHOICES = /** @type {const} */ (['source', 'sample', 'pace', 'model', 'language']);

/** Chooses what is there to be chosen. Returns whether to begin. */
export function chooseByAddress() {
  const asked = new URLSearchParams(location.search);
  for (const name of CHOICES) {
    const wanted = asked.get(name);
    const known = [...find(name).options].some(({ value }) => value === wanted);
    if (wanted === null || !known) continue;
    find(name).value = wanted;
    find(name).dispatchEvent(new Event('change'));
  }
  return asked.has('start');
}
