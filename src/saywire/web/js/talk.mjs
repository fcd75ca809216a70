// The button that is held while one talks; the pointer, Space and Enter hold it.

import { find } from './dom.mjs';

/** @param {(held: boolean) => unknown} talk */
export function offerTalk(talk) {
  const button = find('talk');
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId); // also when it slips off
    talk(true);
  });
  for (const name of ['pointerup', 'pointercancel', 'blur', 'keyup']) button.addEventListener(name, () => talk(false));
  button.addEventListener('keydown', ({ key, repeat }) => { if (!repeat && [' ', 'Enter'].includes(key)) talk(true); });
  button.addEventListener('contextmenu', (event) => event.preventDefault()); // a long touch
}
