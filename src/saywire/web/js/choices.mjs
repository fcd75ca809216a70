// What is chosen when the page opens: what the address asks for, else what was chosen here the last time.
// ?source=microphone&model=tiny&language=en&start chooses, and begins by itself, for captions in a window that nobody
// clicks on. The kind of connection is not remembered: WebRTC is not everywhere.

import { find } from './dom.mjs';
import { recall, remember } from './page.mjs';

const asked = new URLSearchParams(location.search);
const ASKED = ['source', 'sample', 'pace', 'model', 'language'];

/** Whether to begin by itself. */
export const begins = asked.has('start');

/** What was typed. */
export function recallHotwords() {
  find('hotwords').value = recall('choice.hotwords') ?? '';
  find('hotwords').addEventListener('change', () => remember('choice.hotwords', find('hotwords').value));
}

/**
 * In fields whose entries are there by now, before anybody else chooses; and remembers what will be. What something
 * depends on comes before it.
 * @param {('source' | 'sample' | 'pace' | 'turns' | 'model' | 'language' | 'device')[]} names
 */
export function choose(...names) {
  for (const name of names) {
    const field = find(name);
    select(field, (ASKED.includes(name) ? asked.get(name) : null) ?? recall(`choice.${name}`));
    field.addEventListener('change', () => remember(`choice.${name}`, field.value));
  }
}

/**
 * @param {HTMLSelectElement} field
 * @param {string | null} wanted
 */
function select(field, wanted) {
  const known = [...field.options].some(({ value }) => value === wanted);
  if (wanted === null || !known) return;
  field.value = wanted;
  field.dispatchEvent(new Event('change'));
}
