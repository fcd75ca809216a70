// Where audio comes from. Each source gives mono blocks at RATE to `hear`, says what is wrong with `tell`, and
// returns {stop, done}: done resolves when it has ended by itself. Failures are thrown as SourceError.

import { Resampler, mix } from './samples.mjs';

export const RATE = 16000;

/** `name` is a text of texts.mjs. */
export class SourceError extends Error {
  constructor(name, cause) {
    super(name, { cause });
    this.name = 'SourceError';
    this.text = name;
  }
}

const REASONS = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'noDevice',
  OverconstrainedError: 'noDevice',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

async function ask(request, refused = 'denied') {
  try {
    return await request();
  } catch (error) {
    const reason = REASONS[error.name] ?? 'unsupported';
    throw new SourceError(reason === 'denied' ? refused : reason, error);
  }
}

export async function openMicrophone(device, sink) {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new SourceError('insecure');
  const audio = device ? { deviceId: { exact: device } } : true;
  return tap(await ask(() => navigator.mediaDevices.getUserMedia({ audio })), sink);
}

/** What another tab, or the whole system where the browser can, plays. Browsers give audio only beside a picture. */
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

/** The microphones, without names until one was allowed. */
export async function listMicrophones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter((device) => device.kind === 'audioinput' && device.deviceId);
}

async function tap(stream, sink) {
  const [track] = stream.getAudioTracks();
  try {
    const { context, node } = await attach(stream);
    const resampler = new Resampler(context.sampleRate, RATE);
    node.port.onmessage = ({ data }) => sink.hear(resampler.push(data));
    return watch(stream, track, context, sink);
  } catch (error) {
    stream.getTracks().forEach((one) => one.stop());
    throw new SourceError('unsupported', error);
  }
}

function watch(stream, track, context, sink) {
  track.onmute = () => sink.tell('muted');
  track.onunmute = () => sink.tell(null);
  if (track.muted) sink.tell('muted');
  const done = new Promise((resolve) => track.addEventListener('ended', () => resolve('sourceEnded')));
  const stop = async () => {
    stream.getTracks().forEach((one) => one.stop());
    if (context.state !== 'closed') await context.close();
  };
  return { stop, done };
}

/** Firefox refuses a microphone in a context of another rate: then our own resampler does it. */
async function attach(stream) {
  const context = new AudioContext({ sampleRate: RATE });
  try {
    return await connectTap(context, stream);
  } catch {
    await context.close();
    return connectTap(new AudioContext(), stream);
  }
}

async function connectTap(context, stream) {
  const source = context.createMediaStreamSource(new MediaStream(stream.getAudioTracks()));
  await context.audioWorklet.addModule(new URL('./tap.worklet.mjs', import.meta.url));
  const node = new AudioWorkletNode(context, 'tap', { numberOfOutputs: 0, channelCountMode: 'max' });
  source.connect(node);
  await context.resume();
  return { context, node };
}

/** Samples at RATE of whatever the browser can decode. */
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
 * @param {{hear: Function, ready: () => Promise<void>, paused: () => boolean, progress: (share: number) => void}} sink
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
