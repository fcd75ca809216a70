// What a transcript is saved as. Lines are those of transcript.mjs; only finals with text are written.
// Sources: W3C WebVTT (2019-04-04); SubRip as players read it.

import { showTime, stamp } from './times.mjs';

/** @typedef {import('./transcript.mjs').Line} Line */

const SHORTEST = 0.001;
/** @param {Line[]} lines */
const finals = (lines) => lines.filter((line) => line.final && !line.failed && line.text.trim());
/** @param {Line} line */
const until = (line) => Math.max(line.end ?? line.start, line.start + SHORTEST);
/** A blank line would end the cue. @param {string} text */
const oneLine = (text) => text.trim().replace(/\s*[\r\n]+\s*/g, ' ');
/** @param {string} text */
const escapeVtt = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** @param {Line[]} lines */
export const toText = (lines) => finals(lines).map((line) => `${oneLine(line.text)}\n`).join('');

/** @param {Line[]} lines */
export const toTimedText = (lines) =>
  finals(lines).map((line) => `[${showTime(line.start)}] ${oneLine(line.text)}\n`).join('');

/** @param {Line[]} lines */
export const toSrt = (lines) =>
  finals(lines)
    .map((line, at) => `${at + 1}\n${stamp(line.start, ',')} --> ${stamp(until(line), ',')}\n${oneLine(line.text)}\n`)
    .join('\n');

/** @param {Line[]} lines */
export const toVtt = (lines) =>
  ['WEBVTT\n']
    .concat(finals(lines).map((line) => `${stamp(line.start)} --> ${stamp(until(line))}\n${escapeVtt(oneLine(line.text))}\n`))
    .join('\n');

/** @param {Line[]} lines */
export const toJson = (lines) =>
  `${JSON.stringify(
    { segments: finals(lines).map(({ start, end, text, words }) => ({ start, end, text, words })) },
    null,
    2,
  )}\n`;

/** @type {Record<string, {write: (lines: Line[]) => string, kind: string}>} */
export const FORMATS = {
  txt: { write: toText, kind: 'text/plain' },
  srt: { write: toSrt, kind: 'application/x-subrip' },
  vtt: { write: toVtt, kind: 'text/vtt' },
  json: { write: toJson, kind: 'application/json' },
};
