// What the buttons do.

import { find, findAll } from './dom.mjs';
import { readHotwords } from './hotwords.mjs';
import { Modes } from './modes.mjs';
import { Page } from './page.mjs';
import { Run } from './run.mjs';
import { meterOf } from './samples.mjs';
import { offerText } from './saving.mjs';
import { Server, at, fill } from './server.mjs';
import { Share } from './share.mjs';
import { RATE, SourceError, listMicrophones } from './sources.mjs';
import { Transcript } from './transcript.mjs';
import { View } from './view.mjs';

const isLive = () => ['microphone', 'tab'].includes(find('source').value);

const page = new Page();
const server = new Server(page);
const transcript = new Transcript();
const parts = { scroller: find('scroller'), list: find('lines'), spoken: find('spoken'), jump: find('jump'), empty: find('empty') };
const view = new View(parts, (reason) => page.say('failedLine', { reason }));
const share = new Share(page, server, transcript);
new Modes(page);
offerText(page, transcript);

/** @type {File | null} */
let file = null;
/** @type {Run | null} */
let run = null;
let heard = 0; // samples of all runs before this one

// A run.

async function start() {
  page.notice(null);
  find('delay').textContent = find('detected').textContent = '';
  const current = new Run(choose(), stage);
  run = current;
  showButtons();
  await current.play(heard);
  heard += current.heard;
  run = null;
  showButtons();
  fillDevices(); // they have names once one was allowed
}

function choose() {
  const url = at('v1/realtime?intent=transcription');
  url.protocol = url.protocol.replace('http', 'ws');
  share.mark(url, heard / RATE);
  return {
    kind: find('source').value,
    device: find('device').value,
    fast: find('pace').value === 'fast',
    load: find('source').value === 'file' ? loadFile : loadSample,
    session: { model: find('model').value, language: find('language').value, hotwords: readHotwords(find('hotwords').value) },
    url,
    key: server.key,
  };
}

async function loadFile() {
  if (!file) throw new SourceError('noFile');
  return file.arrayBuffer();
}

async function loadSample() {
  const answer = await fetch(at(`web/samples/${find('sample').value}`));
  if (!answer.ok) throw new SourceError('unreachable');
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
  },
  level: (loudest) => { find('level').value = meterOf(loudest); },
  progress: (share) => { find('progress').value = share; },
  delay: (seconds) => { find('delay').textContent = page.say('seconds', { seconds: Math.max(0, seconds).toFixed(1) }); },
  complain: (name, reason) => server.complain(name, reason),
  change: showButtons,
  connected: () => share.renew(),
};

/** @param {string} code */
function detect(code) {
  find('detected').textContent = page.say('detected', { language: page.nameLanguage(code) });
}

function showButtons() {
  const [shown, hidden] = run ? [find('stop'), find('start')] : [find('start'), find('stop')];
  const focused = document.activeElement === hidden;
  shown.hidden = false;
  hidden.hidden = true;
  if (focused) shown.focus(); // or the keyboard would begin at the top again
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
  transcript.clear();
  view.clear();
  transcript.lines.forEach((line) => view.show(line));
}

// Sources.

async function fillDevices() {
  fill(find('device'), (await listMicrophones()).map(({ deviceId, label: name }, nth) => [deviceId, name || `${nth + 1}`]));
}

/** @param {File | undefined} chosen */
function take(chosen) {
  if (!chosen || run) return;
  file = chosen;
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

find('start').addEventListener('click', start);
find('stop').addEventListener('click', () => run?.stop());
find('pause').addEventListener('click', () => run?.pause());
find('clear').addEventListener('click', clear);
find('source').addEventListener('change', showSource);
find('file').addEventListener('change', () => take(find('file').files?.[0]));
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', drop);
window.addEventListener('offline', () => run?.drop());
navigator.mediaDevices?.addEventListener?.('devicechange', fillDevices);

showSource();
showButtons();
fillDevices();
server.load();
server.introduce();
