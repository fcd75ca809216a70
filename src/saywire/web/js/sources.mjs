// Where audio comes from. Each source gives mono blocks at RATE to its sink. Failures are thrown as SourceError.

import { Resampler, mix } from './samples.mjs';

export const RATE = 16000;

/**
 * `done` resolves when it has ended by itself: to the name of a text that says so, or null.
 * @typedef {{stop: () => Promise<void>, done: Promise<string | null>, stream?: MediaStream}} Source
 */

/**
 * @typedef {object} Sink
 * @property {(samples: Float32Array) => void} hear
 * @property {(name: string | null) => void} tell what is wrong, by the name of a text; null: no longer
 */

/**
 * Of what need not be heard as it is spoken.
 * @typedef {object} PlaySink
 * @property {(samples: Float32Array) => void} hear
 * @property {() => Promise<void>} ready
 * @property {() => boolean} paused
 * @property {(share: number) => void} progress
 */

export class SourceError extends Error {
  /**
   * @param {string} name of a text of texts.mjs
   * @param {unknown} [cause]
   */
  constructor(name, cause) {
    super(name, { cause });
    this.name = 'SourceError';
    this.text = name;
  }
}

/** @type {Record<string, string>} */
const REASONS = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'noDevice',
  OverconstrainedError: 'noDevice',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

/**
 * @template T
 * @param {() => Promise<T>} request
 * @param {string} refused what it means that it was not allowed
 */
async function ask(request, refused = 'denied') {
  try {
    return await request();
  } catch (error) {
    const reason = REASONS[error instanceof Error ? error.name : ''] ?? 'unsupported';
    throw new SourceError(reason === 'denied' ? refused : reason, error);
  }
}

/**
 * @param {string} device
 * @param {Sink} sink
 */
export async function openMicrophone(device, sink) {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new SourceError('insecure');
  const audio = device ? { deviceId: { exact: device } } : true;
  return tap(await ask(() => navigator.mediaDevices.getUserMedia({ audio })), sink);
}

/**
 * What another tab, or the whole system where the browser can, plays. Browsers give audio only beside a picture.
 * @param {Sink} sink
 */
export async function openTab(sink) {
  if (!window.isSecureContext) throw new SourceError('insecure');
  if (!navigator.mediaDevices?.getDisplayMedia) throw new SourceError('unsupported');
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, suppressLocalAudioPlayback: false };
  const wish = { video: true, audio, systemAudio: 'include', selfBrowserSurface: 'exclude' };
  const stream = await ask(() => navigator.mediaDevices.getDisplayMedia(wish), 'cancelled');
  if (!stream.getAudioTracks().length) {
    stream.getTracks().forEach((track) => track.stop());
    throw new SourceError('noAudioShared');
  }
  return tap(stream, sink);
}

/** The microphones, without names until one was allowed; none where they cannot be asked for. */
export async function listMicrophones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? [];
  return devices.filter((device) => device.kind === 'audioinput' && device.deviceId);
}

/**
 * @param {MediaStream} stream
 * @param {Sink} sink
 * @returns {Promise<Source>}
 */
async function tap(stream, sink) {
  const [track] = stream.getAudioTracks();
  try {
    const { context, node } = await attach(stream);
    const resampler = new Resampler(context.sampleRate, RATE);
    node.port.onmessage = ({ data }) => sink.hear(resampler.push(data));
    return watch(stream, track, context, sink);
  } catch (error) {
    stream.getTracks().forEach((one) => one.stop());
    throw error instanceof SourceError ? error : new SourceError('unsupported', error);
  }
}

/**
 * @param {MediaStream} stream
 * @param {MediaStreamTrack} track
 * @param {AudioContext} context
 * @param {Sink} sink
 * @returns {Source}
 */
function watch(stream, track, context, sink) {
  track.onmute = () => sink.tell('muted');
  track.onunmute = () => sink.tell(null);
  if (track.muted) sink.tell('muted');
  const done = new Promise((resolve) => track.addEventListener('ended', () => resolve('sourceEnded')));
  const stop = async () => {
    stream.getTracks().forEach((one) => one.stop());
    if (context.state !== 'closed') await context.close();
  };
  return { stop, done, stream };
}

/**
 * Firefox refuses a microphone in a context of another rate: then our own resampler does it.
 * @param {MediaStream} stream
 */
async function attach(stream) {
  const context = new AudioContext({ sampleRate: RATE });
  try {
    return await connectTap(context, stream);
  } catch {
    await context.close();
    return connectTap(new AudioContext(), stream);
  }
}

/**
 * @param {AudioContext} context
 * @param {MediaStream} stream
 */
async function connectTap(context, stream) {
  const source = context.createMediaStreamSource(new MediaStream(stream.getAudioTracks()));
  const tap = new URL('./tap.worklet.mjs', import.meta.url);
  await context.audioWorklet.addModule(tap).catch((error) => { throw new SourceError('unreachable', error); });
  const node = new AudioWorkletNode(context, 'tap', { numberOfOutputs: 0, channelCountMode: 'max' });
  source.connect(node);
  await context.resume();
  return { context, node };
}

/**
 * Samples at RATE of whatever the browser can decode.
 * @param {ArrayBuffer} bytes
 */
export async function decodeFile(bytes) {
  try {
    const audio = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(bytes);
    return mix(Array.from({ length: audio.numberOfChannels }, (_, at) => audio.getChannelData(at)));
  } catch (error) {
    throw new SourceError('badFile', error);
  }
}

/**
 * As it was spoken, or as fast as the server takes it.
 * @param {Float32Array} samples
 * @param {boolean} fast
 * @param {PlaySink} sink
 * @returns {Source}
 */
export function playSamples(samples, fast, sink) {
  let stopped = false;
  const stop = async () => { stopped = true; };
  const play = async () => {
    let last = performance.now();
    for (let at = 0; at < samples.length && !stopped; ) {
      const now = performance.now();
      // Timers of hidden pages are late, so what is due is counted by the clock.
      const due = fast ? RATE : Math.round(((now - last) / 1000) * RATE);
      last = now;
      if (!sink.paused()) {
        sink.hear(samples.subarray(at, at + due));
        at += due;
      }
      sink.progress(Math.min(1, at / samples.length));
      if (fast && !sink.paused()) await sink.ready();
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return null;
  };
  return { stop, done: play() };
}
