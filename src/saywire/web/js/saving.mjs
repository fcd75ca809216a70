// What becomes of the text: it is copied, or saved.

import { copyText } from './clipboard.mjs';
import { find, findAll } from './dom.mjs';
import { FORMATS, toText, toTimedText } from './subtitles.mjs';

/** @typedef {import('./transcript.mjs').Line} Line */

/**
 * Lets the buttons copy and save what is there. Returns what saves it as text.
 * @param {import('./page.mjs').Page} page
 * @param {{lines: Line[]}} transcript
 */
export function offerText(page, transcript) {
  const isEmpty = () => !toText(transcript.lines);
  find('copy').addEventListener('click', async () => {
    if (isEmpty()) page.flash('nothingYet');
    else page.flash((await copyText(toTimedText(transcript.lines))) ? 'copied' : 'notCopied');
  });
  const save = (name = 'txt') => {
    if (isEmpty()) page.flash('nothingYet');
    else download(name, transcript.lines);
  };
  for (const button of findAll('[data-save]')) button.addEventListener('click', () => save(button.dataset.save));
  return () => save();
}

/**
 * @param {string} name of a format
 * @param {Line[]} lines
 */
function download(name, lines) {
  const { write, kind } = FORMATS[name];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([write(lines)], { type: `${kind};charset=utf-8` }));
  link.download = `saywire.${name}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
