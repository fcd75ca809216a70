// What the buttons do.

import { stayAwake } from './awake.mjs';
import { begins, choose, recallHotwords } from './choices.mjs';
import { Clip } from './clip.mjs';
import { find, findAll } from './dom.mjs';
import { Drawer } from './drawer.mjs';
import { History } from './history.mjs';
import { readHotwords } from './hotwords.mjs';
import { Keys } from './keys.mjs';
import { Modes } from './modes.mjs';
import { Page } from './page.mjs';
import { Run } from './run.mjs';
import { meterOf } from './samples.mjs';
import { offerText } from './saving.mjs';
import { Server, at, fill } from './server.mjs';
import { Share } from './share.mjs';
import { RATE, SourceError, listMicrophones } from './sources.mjs';
import { offerTalk } from './talk.mjs';
import { Transcript } from './transcript.mjs';
import { View } from './view.mjs';
import { Wave } from './wave.mjs';

const isLive = () => ['microphone', 'tab', 'clip'].includes(find('source').value);

const page = new Page();
const server = new Server(page, () => choose('model', 'language'));
const transcript = new Transcript();
const parts = { scroller: find('scroller'), list: find('lines'), spoken: find('spoken'), jump: find('jump'), empty: find('empty') };
const view = new View(parts, (reason) => page.say('failedLine', { reason }));
const share = new Share(page, server, transcript);
const drawer = new Drawer();
const wave = new Wave(find('wave'));
const history = new History(page, reopen);
const saveAs = offerText(page, transcript);

/** @type {File | null} */
let file = null;
/** @type {Run | Clip | null} */
let run = null;
let language = ''; // that was heard
let heard = 0; // samples of all runs before this one

// A run.

async function start() {
  if (run) return;
  page.notice(null);
  find('delay').textContent = find('detected').textContent = language = '';
  const chosen = describeRun();
  const current = chosen.kind === 'clip' ? new Clip(chosen, stage, server) : new Run(chosen, stage);
  run = current;
  showButtons();
  stayAwake(isLive());
  try {
    await current.play(heard);
  } finally {
    stayAwake(false);
    heard += current.heard;
    run = null;
    showButtons();
  }
  if (current instanceof Clip && current.unsent) rescue(current.unsent);
  fillDevices(); // they have names once one was allowed
}

/** @param {File} recording that is to be sent again, as a file */
function rescue(recording) {
  const list = new DataTransfer();
  list.items.add(recording);
  find('file').files = list.files; // which then shows its name
  take(recording);
  page.notice('clipKept', { reason: find('notice').textContent ?? '' });
}

function describeRun() {
  const url = at('v1/realtime?intent=transcription');
  url.searchParams.set('share_start', String(heard / RATE));
  return {
    kind: find('source').value,
    device: find('device').value,
    fast: find('pace').value === 'fast',
    load: find('source').value === 'file' ? loadFile : loadSample,
    session: { model: find('model').value, language: find('language').value, hotwords: readHotwords(find('hotwords').value) },
    url,
    key: server.key,
    share: share.key,
    manual: find('turns').value === 'held',
    call: find('transport').value === 'webrtc',
    ask: server.ask.bind(server),
  };
}

async function loadFile() {
  if (!file) throw new SourceError('noFile');
  return file.arrayBuffer().catch((error) => { throw new SourceError('badFile', error); }); // it is not there any more
}

async function loadSample() {
  const answer = await fetch(at(`web/samples/${find('sample').value}`)).catch(() => null);
  if (!answer?.ok) throw new SourceError('unreachable');
  return answer.arrayBuffer();
}

/** @type {import('./run.mjs').Stage} */
const stage = {
  page,
  transcript,
  show: (line) => {
    if (!line) return;
    if (line.language && !find('language').value) detect(line.language);
    if (transcript.lines.includes(line)) view.show(line);
    else view.remove(line);
    if (line.final && line.text.trim()) history.keep(line);
  },
  level: (loudest) => {
    find('level').value = meterOf(loudest);
    wave.add(loudest);
  },
  progress: (share) => { find('progress').value = share; },
  delay: (seconds) => { find('delay').textContent = page.say('seconds', { seconds: Math.max(0, seconds).toFixed(1) }); },
  complain: (name, reason) => server.complain(name, reason),
  change: showButtons,
  connected: () => {
    page.settle('unreachable');
    share.renew();
  },
  trace: (way, event) => drawer.note(way, event),
};

/** @param {string} code */
function detect(code) {
  language = code;
  find('detected').textContent = code && page.say('detected', { language: page.nameLanguage(code) });
}

function showButtons() {
  const [shown, hidden] = run ? [find('stop'), find('start')] : [find('start'), find('stop')];
  const focused = document.activeElement === hidden;
  shown.hidden = false;
  hidden.hidden = true;
  find('talk').hidden = !run?.manual || run.stopped;
  find('pause').hidden = !find('talk').hidden;
  if (focused) (run?.manual ? find('talk') : shown).focus(); // or the keyboard would begin at the top again
  label('stop', run?.stopped ? 'giveUp' : 'stop');
  find('pause').disabled = !run?.running;
  label('pause', run?.paused ? 'resume' : 'pause');
  find('settings').disabled = Boolean(run);
}

/**
 * @param {'stop' | 'pause'} id
 * @param {string} text
 */
function label(id, text) {
  find(id).dataset.text = text;
  find(id).textContent = page.say(text);
}

// What becomes of the text.

function clear() {
  if (!history.keeps && transcript.lines.some(({ final }) => final) && !confirm(page.say('sureClear'))) return;
  transcript.clear();
  view.clear();
  transcript.lines.forEach((line) => view.show(line));
  history.turn();
  if (!run && !share.open) heard = 0; // for who reads along time does not run backwards
}

/**
 * A transcript that was kept, in place of what is there; what is said next goes on behind it.
 * @param {import('./transcript.mjs').Line[]} lines
 */
function reopen(lines) {
  if (run) return false;
  view.clear();
  transcript.lines = lines;
  lines.forEach((line) => view.show(line, true));
  const end = Math.ceil(Math.max(0, ...lines.map(({ start: begun, end: ended }) => ended ?? begun)) * RATE);
  heard = share.open ? Math.max(heard, end) : end; // as in clear
  return true;
}

function press() {
  if (run) run.pause();
  else start();
}

/** @param {boolean} held */
const talk = (held) => run?.talk(held) ?? false;

// Sources.

async function fillDevices() {
  fill(find('device'), (await listMicrophones()).map(({ deviceId, label: name }, nth) => [deviceId, name || `${nth + 1}`]));
}

/** @param {File | undefined} chosen */
function take(chosen) {
  if (run) return;
  file = chosen ?? null;
  if (!file) return;
  find('source').value = 'file';
  showSource();
}

/** @param {DragEvent} event */
function drop(event) {
  event.preventDefault();
  if (!event.dataTransfer?.files.length || run) return;
  find('file').files = event.dataTransfer.files; // which then shows its name
  take(event.dataTransfer.files[0]);
}

function showSource() {
  for (const field of findAll('[data-for]')) field.hidden = !field.dataset.for?.split(' ').includes(find('source').value);
  if (isLive() && !window.isSecureContext) page.notice('insecure');
  else page.settle('insecure');
}

find('start').addEventListener('click', ({ detail }) => {
  start();
  if (detail) find('stop').blur(); // who clicks has the shortcuts, instead of a button that Space would press
});
// The second click of two does not give up what the first asked for.
find('stop').addEventListener('click', ({ detail }) => detail < 2 && run?.stop());
find('pause').addEventListener('click', () => run?.pause());
find('clear').addEventListener('click', clear);
find('source').addEventListener('change', showSource);
find('language-switch').addEventListener('click', () => {
  detect(language);
  transcript.lines.filter(({ failed }) => failed).forEach((line) => view.show(line, true));
});
find('file').addEventListener('change', () => take(find('file').files?.[0]));
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', drop);
window.addEventListener('offline', () => run?.drop());
navigator.mediaDevices?.addEventListener?.('devicechange', fillDevices);

choose('source', 'sample', 'pace', 'turns');
recallHotwords();
showSource();
showButtons();
offerTalk(talk);
new Keys(new Modes(), { press, talk, save: saveAs });
server.introduce();
Promise.all([server.load(), fillDevices().then(() => choose('device'))]).then(() => { if (begins) start(); });
