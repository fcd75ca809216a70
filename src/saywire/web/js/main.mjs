// What the buttons do.

import { readHotwords } from './hotwords.mjs';
import { Page } from './page.mjs';
import { meterOf, peak } from './samples.mjs';
import { RATE, SourceError, decodeFile, listMicrophones, openMicrophone, openTab, playSamples } from './sources.mjs';
import { FORMATS, toTimedText } from './subtitles.mjs';
import { Transcript } from './transcript.mjs';
import { View } from './view.mjs';
import { KEPT, Wire, describeSession } from './wire.mjs';

const SILENT = 0.0005; // a peak that no open microphone stays below
const PATIENCE = 3; // seconds of that

const find = (id) => document.getElementById(id);
const at = (path) => new URL(path, document.baseURI);
const isLive = () => ['microphone', 'tab'].includes(find('source').value);

const page = new Page();
const transcript = new Transcript();
const parts = { scroller: find('scroller'), list: find('lines'), spoken: find('spoken'), jump: find('jump'), empty: find('empty') };
const view = new View(parts, (reason) => page.say('failedLine', { reason }));

let key = '';
let models = [];
let file = null;
let run = null; // {source, wire, paused, stopped, quiet, trouble}
let heard = 0; // samples of all runs before this one

// The server, before anything is started.

async function load(path) {
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const answer = await fetch(at(path), { headers: { accept: 'application/json', ...headers } });
  if (answer.status === 401) throw new SourceError(key ? 'wrongKey' : 'needKey');
  if (!answer.ok) throw new SourceError('unreachable');
  return answer.json();
}

async function loadModels() {
  try {
    models = (await load('v1/models')).data.filter(({ id, root }) => id === root); // without aliases
    find('key-field').hidden = true;
    ['needKey', 'wrongKey', 'unreachable'].forEach((name) => page.settle(name));
    fill(find('model'), models.map(({ id }) => [id, id]));
    fillLanguages();
  } catch (error) {
    complain(error instanceof SourceError ? error : new SourceError('unreachable', error));
  }
}

async function loadWires() {
  const { wires, version } = await load('./');
  find('version').textContent = version;
  find('wires').replaceChildren(...wires.map((wire) => Object.assign(document.createElement('li'), { textContent: wire })));
}

/** Keeps the first entry, which is "automatic" or "default", and what is chosen where it is still there. */
function fill(select, entries) {
  const chosen = select.value;
  select.replaceChildren(select.options[0], ...entries.map(([value, text]) => new Option(text, value)));
  select.value = entries.some(([value]) => value === chosen) ? chosen : '';
}

function fillLanguages() {
  const wanted = find('model').value;
  const codes = models.filter(({ id }) => !wanted || id === wanted).flatMap(({ languages }) => languages);
  const names = new Intl.DisplayNames([page.language], { type: 'language', fallback: 'code' });
  const show = (code) => { try { return names.of(code); } catch { return code; } };
  fill(find('language'), [...new Set(codes)].sort().map((code) => [code, show(code)]));
}

async function fillDevices() {
  fill(find('device'), (await listMicrophones()).map(({ deviceId, label }, nth) => [deviceId, label || `${nth + 1}`]));
}

// A run: from start to the last word.

function complain(error) {
  if (!(error instanceof SourceError)) throw error;
  page.notice(error.text);
  if (['needKey', 'wrongKey'].includes(error.text)) find('key-field').hidden = false;
}

async function start() {
  const current = { source: null, wire: null, paused: false, stopped: false, quiet: 0, trouble: null };
  run = current;
  page.notice(null);
  page.status('opening');
  showButtons();
  try {
    const open = await prepare(current);
    if (!current.stopped) current.wire = connect(current);
    if (!current.stopped) current.source = open(sinkOf(current));
  } catch (error) {
    complain(error);
  }
  if (current.source && !current.stopped) watchSource(current);
  if (current.source) await current.wire?.done;
  await end(current);
}

/** What can fail without the server is done first; returns what begins to hear. */
async function prepare(current) {
  const kind = find('source').value;
  if (isLive()) return openLive(kind, current);
  if (kind === 'file' && !file) throw new SourceError('noFile');
  const fast = find('pace').value === 'fast';
  const samples = await decodeFile(kind === 'file' ? await file.arrayBuffer() : await loadSample());
  return (sink) => playSamples(samples, fast, sink);
}

/** The permission is asked for before there is a session; until there is one nothing is heard. */
async function openLive(kind, current) {
  const late = { hear: () => {}, tell: (name) => { current.trouble = name; } };
  const sink = { hear: (samples) => late.hear(samples), tell: (name) => late.tell(name) };
  current.source = await (kind === 'tab' ? openTab(sink) : openMicrophone(find('device').value, sink));
  fillDevices();
  return (real) => {
    Object.assign(late, { hear: real.hear, tell: real.tell });
    if (current.trouble) real.tell(current.trouble);
    return current.source;
  };
}

async function loadSample() {
  const answer = await fetch(at(`web/samples/${find('sample').value}`));
  if (!answer.ok) throw new SourceError('unreachable');
  return answer.arrayBuffer();
}

function connect(current) {
  const url = at('v1/realtime?intent=transcription');
  url.protocol = url.protocol.replace('http', 'ws');
  const chosen = { model: find('model').value, language: find('language').value, hotwords: readHotwords(find('hotwords').value) };
  page.status('connecting');
  return new Wire(
    { url, key, session: describeSession(chosen, RATE), rate: RATE, start: heard, kept: isLive() ? KEPT : Infinity },
    {
      begin: (offset) => transcript.begin(offset).forEach((line) => view.remove(line)),
      event: (event) => show(transcript.apply(event)),
      state: (name) => page.status(name === 'listening' && current.paused ? 'paused' : name, { seconds: KEPT }),
      refuse: (name, reason) => {
        page.notice(name, { reason });
        find('key-field').hidden &&= !['needKey', 'wrongKey'].includes(name);
      },
    },
  );
}

function show(line) {
  if (!line) return;
  if (transcript.lines.includes(line)) view.show(line);
  else view.remove(line);
}

const sinkOf = (current) => ({
  hear: (samples) => {
    if (current.paused || current.stopped) return;
    watchLevel(current, samples);
    current.wire.hear(samples);
  },
  tell: (name) => (name ? page.notice(name) : page.settle('muted')),
  ready: () => current.wire.ready(),
  paused: () => current.paused,
  progress: (share) => { find('progress').value = share; },
});

function watchLevel(current, samples) {
  const loudest = peak(samples);
  find('level').value = meterOf(loudest);
  current.quiet = loudest < SILENT ? current.quiet + samples.length / RATE : 0;
  if (isLive() && current.quiet > PATIENCE && find('notice').hidden) page.notice('noSignal');
  if (!current.quiet) page.settle('noSignal');
}

async function watchSource(current) {
  const ended = await current.source.done;
  if (current.stopped) return;
  if (ended) page.notice(ended);
  await stop();
}

/** Says no more, and waits for what was said. */
async function stop() {
  if (!run || run.stopped) return;
  const current = run;
  current.stopped = true;
  page.status('finishing');
  showButtons();
  await current.source?.stop();
  current.wire?.finish();
}

async function end(current) {
  current.stopped = true;
  await current.source?.stop();
  current.wire?.stop();
  heard += current.wire?.tail.end ?? 0;
  transcript.end().forEach(show);
  find('level').value = 0;
  run = null;
  page.status(current.wire ? 'done' : 'idle');
  showButtons();
}

function pause() {
  if (!run?.wire || run.stopped) return;
  run.paused = !run.paused;
  if (run.paused) run.wire.commit();
  page.status(run.paused ? 'paused' : 'listening');
  find('level').value = 0;
  showButtons();
}

function showButtons() {
  find('start').hidden = Boolean(run);
  find('stop').hidden = !run;
  find('stop').disabled = Boolean(run?.stopped);
  find('pause').disabled = !run || run.stopped;
  find('pause').dataset.text = run?.paused ? 'resume' : 'pause';
  find('pause').textContent = page.say(find('pause').dataset.text);
  find('settings').disabled = Boolean(run);
}

// What becomes of the text.

async function copy() {
  await navigator.clipboard?.writeText(toTimedText(transcript.lines));
  page.notice('copied');
}

function save(name) {
  const { write, kind } = FORMATS[name];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([write(transcript.lines)], { type: `${kind};charset=utf-8` }));
  link.download = `saywire.${name}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function clear() {
  transcript.clear();
  view.clear();
}

function choose(chosen) {
  if (!chosen || run) return;
  file = chosen;
  find('file-name').textContent = chosen.name;
  find('source').value = 'file';
  showSource();
}

function showSource() {
  for (const field of document.querySelectorAll('[data-for]')) {
    field.hidden = !field.dataset.for.split(' ').includes(find('source').value);
  }
  if (isLive() && !window.isSecureContext) page.notice('insecure');
  else page.settle('insecure');
}

find('start').addEventListener('click', start);
find('stop').addEventListener('click', stop);
find('pause').addEventListener('click', pause);
find('clear').addEventListener('click', clear);
find('copy').addEventListener('click', copy);
document.querySelectorAll('[data-save]').forEach((button) => button.addEventListener('click', () => save(button.dataset.save)));
find('source').addEventListener('change', showSource);
find('model').addEventListener('change', fillLanguages);
find('language-switch').addEventListener('click', () => { fillLanguages(); showButtons(); });
find('file').addEventListener('change', ({ target }) => choose(target.files[0]));
find('key-field').addEventListener('submit', (event) => {
  event.preventDefault();
  key = find('key').value.trim();
  loadModels();
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => { event.preventDefault(); choose(event.dataTransfer.files[0]); });
navigator.mediaDevices?.addEventListener?.('devicechange', fillDevices);

showSource();
showButtons();
fillDevices();
loadModels();
loadWires().catch(() => page.notice('unreachable'));
