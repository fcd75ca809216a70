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

/** @typedef {'source' | 'sample' | 'pace' | 'turns' | 'model' | 'language' | 'device'} Name */

/**
 * In fields whose entries are there by now, where nobody has chosen yet. What something depends on comes before it.
 * @param {Name[]} names
 */
export function choose(...names) {
  for (const name of names.filter((one) => !chosen.has(one))) {
    select(name, (ASKED.includes(name) ? asked.get(name) : null) ?? recall(`choice.${name}`));
  }
}

/** What somebody has chosen since the page opened. @type {Set<Name>} */
const chosen = new Set();
let selecting = false;

for (const name of /** @type {Name[]} */ (['source', 'sample', 'pace', 'turns', 'model', 'language', 'device'])) {
  find(name).addEventListener('change', () => {
    if (selecting) return;
    chosen.add(name);
    remember(`choice.${name}`, find(name).value);
  });
}

/**
 * @param {Name} name
 * @param {string | null} wanted
 */
function select(name, wanted) {
  const field = find(name);
  const known = [...field.options].some(({ value }) => value === wanted);
  if (wanted === null || !known) return;
  field.value = wanted;
  selecting = true;
  field.dispatchEvent(new Event('change'));
  selecting = false;
}
