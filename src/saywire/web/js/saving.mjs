// What becomes of the text: it is copied, or saved.

import { copyText } from './clipboard.mjs';
import { find, findAll } from './dom.mjs';
import { FORMATS, toTimedText } from './subtitles.mjs';

/** @typedef {import('./transcript.mjs').Line} Line */

/**
 * Lets the buttons copy and save what is there.
 * @param {import('./page.mjs').Page} page
 * @param {{lines: Line[]}} transcript
 */
export function offerText(page, transcript) {
  find('copy').addEventListener('click', async () => {
    page.notice((await copyText(toTimedText(transcript.lines))) ? 'copied' : 'notCopied');
  });
  for (const button of findAll('[data-save]')) {
    button.addEventListener('click', () => save(button.dataset.save ?? '', transcript.lines));
  }
}

/**
 * @param {string} name of a format
 * @param {Line[]} lines
 */
export function save(name, lines) {
  const { write, kind } = FORMATS[name];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([write(lines)], { type: `${kind};charset=utf-8` }));
  link.download = `saywire.${name}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
