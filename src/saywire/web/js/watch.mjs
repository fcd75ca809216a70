// The page of those who read along: /watch#TOKEN.

import { Captions } from './captions.mjs';
import { find } from './dom.mjs';
import { Keys } from './keys.mjs';
import { Modes } from './modes.mjs';
import { Page } from './page.mjs';
import { offerText } from './saving.mjs';
import { View } from './view.mjs';

const AGAIN = 3000; // ms until a server that knows no such captions is asked again; doubled each time
const LONGEST = 30000;

const page = new Page();
const captions = new Captions();
const parts = { scroller: find('scroller'), list: find('lines'), spoken: find('spoken'), jump: find('jump'), empty: find('empty') };
const view = new View(parts, () => page.say('missingLines'));
const place = new URL(`v1/captions/${encodeURIComponent(location.hash.slice(1))}`, document.baseURI);

let tries = 0;

function listen() {
  const source = new EventSource(place);
  source.onmessage = ({ data }) => {
    tries = 0;
    ['noCaptions', 'captionsFull', 'captionsOver', 'unreachable'].forEach((name) => page.settle(name));
    hear(JSON.parse(data));
  };
  source.onerror = () => {
    page.status('watchAway');
    if (source.readyState === EventSource.CLOSED) explain();
  };
  source.addEventListener('over', () => {
    source.close();
    page.status('done');
    page.notice('captionsOver');
  });
}

/** @param {import('./captions.mjs').Told} told */
function hear(told) {
  const late = told.fresh; // what was said long ago is not read out
  if (told.fresh) view.clear();
  for (const line of captions.apply(told)) {
    if (captions.lines.includes(line)) view.show(line, late);
    else view.remove(line);
  }
  page.status(told.speaking ? 'watching' : 'watchWaiting');
}

/** The browser gave up, because the server refused; an EventSource does not say why. */
async function explain() {
  const reason = await askWhy();
  page.notice(reason);
  if (reason !== 'unreachable') page.status('notConnected');
  setTimeout(listen, Math.min(AGAIN * 2 ** tries, LONGEST));
  tries += 1;
}

async function askWhy() {
  const request = new AbortController();
  try {
    const { status } = await fetch(place, { signal: request.signal });
    if (status === 503) return 'captionsFull';
    return status >= 400 && status < 500 ? 'noCaptions' : null; // a link without a token is not let in, or nothing is there
  } catch {
    return 'unreachable';
  } finally {
    request.abort();
  }
}

new Keys(new Modes(), { press: () => {}, talk: () => false, save: offerText(page, captions) });
page.status('connecting');
window.addEventListener('hashchange', () => location.reload());
listen();
