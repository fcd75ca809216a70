// What the relay's page makes of what a relay tells. Pure.

import { showTime } from '../../web/js/times.mjs';

/**
 * @typedef {{type: 'partial', utterance: number, text: string, stable: number}
 *   | {type: 'final', utterance: number, text: string, start: number, end: number}
 *   | {type: 'lost', start: number, end: number}
 *   | {type: 'warning', message: string}
 *   | {type: 'state', connected: boolean, capturing: boolean, waiting: number, lost: number}} Told
 */

/** @typedef {Record<string, string>} Texts */

/** @type {Record<string, Texts>} */
export const TEXTS = {
  en: {
    language: 'en', title: 'Captions of this computer', transcript: 'Transcript', start: 'Start', stop: 'Stop',
    listening: 'Listening', resting: 'Not listening', gone: 'The relay is not running. Trying again.',
    away: 'The server is away; {seconds} s of audio are kept for it.', lost: '{seconds} s of audio lost',
  },
  zh: {
    language: 'zh', title: '本机字幕', transcript: '文字记录', start: '开始', stop: '停止',
    listening: '正在听', resting: '没有在听', gone: '中继程序没有运行，正在重试。',
    away: '服务器暂时不在；已为它保留 {seconds} 秒音频。', lost: '丢失了 {seconds} 秒音频',
  },
};

/**
 * In the language of a browser, or English.
 * @param {string} language
 */
export const words = (language) => TEXTS[language.slice(0, 2)] ?? TEXTS.en;

/**
 * @param {Told & {type: 'state'} | null} how null: the relay itself is gone
 * @param {Texts} texts
 */
export function describe(how, texts) {
  if (!how) return texts.gone;
  const lost = how.lost ? ` · ${fill(texts.lost, how.lost)}` : '';
  if (!how.connected) return fill(texts.away, how.waiting) + lost;
  return (how.capturing ? texts.listening : texts.resting) + lost;
}

/**
 * The line that it adds to the transcript, or null.
 * @param {Told} told
 * @param {Texts} texts
 */
export function show(told, texts) {
  if (told.type === 'final' && told.text) return { time: showTime(told.start), text: told.text, lost: false };
  if (told.type === 'lost')
    return { time: showTime(told.start), text: fill(texts.lost, told.end - told.start), lost: true };
  return null;
}

/**
 * @param {string} text
 * @param {number} seconds
 */
const fill = (text, seconds) => text.replace('{seconds}', seconds.toFixed(1));
