// A session over WebRTC (docs/openai.md): the browser sends the track itself, events go over a data channel. Like a
// wire (wire.mjs) to whoever has one; but no audio is kept, so a call that breaks is made anew, and what was said
// meanwhile is lost.

/** @typedef {import('./session.mjs').ServerEvent} ServerEvent */
/** @typedef {import('./wire.mjs').Listener} Listener */

const CHANNEL = 'oai-events';
const GATHERING = 3000; // ms; where a browser finds no way in that time it never does
const AGAIN = 1000;
const HARMLESS = 'input_audio_buffer_commit_empty';

export class Call {
  heard = 0;
  /** @type {RTCPeerConnection | null} */
  #peer = null;
  /** @type {RTCDataChannel | null} */
  #channel = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #calls = 0;
  #finishing = false;
  #over = false;
  /** @type {() => void} */
  #end = () => {};

  /**
   * @param {{url: URL, session: object, stream: MediaStream, start: number, rate: number}} options
   *   start: samples of the transcript before it
   * @param {(url: string, form: FormData) => Promise<Response | null>} ask null where it was refused, which was told
   * @param {Listener} listener
   */
  constructor(options, ask, listener) {
    this.options = options;
    this.ask = ask;
    this.listener = listener;
    /** @type {Promise<void>} */
    this.done = new Promise((resolve) => { this.#end = resolve; });
    this.#dial();
  }

  /** @param {Float32Array} samples what the track gave, too */
  hear(samples) {
    this.heard += samples.length;
  }

  /** @param {boolean} muted */
  mute(muted) {
    for (const track of this.options.stream.getAudioTracks()) track.enabled = !muted;
  }

  commit() {
    this.#say('input_audio_buffer.commit');
  }

  async ready() {}

  finish() {
    if (this.#finishing) return;
    this.#finishing = true;
    if (this.#channel?.readyState === 'open') this.#say('session.close');
    else this.stop();
  }

  stop() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#hangUp();
    this.#end();
  }

  drop() {
    if (!this.#over) this.#break();
  }

  /** @param {string} type */
  #say(type) {
    if (this.#channel?.readyState !== 'open') return;
    this.#channel.send(JSON.stringify({ type }));
    this.listener.trace('>', { type });
  }

  async #dial() {
    const peer = new RTCPeerConnection({ iceServers: [] });
    this.#peer = peer;
    const { stream } = this.options;
    stream.getAudioTracks().forEach((track) => peer.addTrack(track, stream));
    const channel = peer.createDataChannel(CHANNEL);
    this.#channel = channel;
    channel.onopen = () => this.#open();
    channel.onmessage = ({ data }) => this.#read(JSON.parse(data));
    channel.onclose = () => { if (this.#channel === channel) this.#break(); };
    peer.onconnectionstatechange = () => { if (peer.connectionState === 'failed' && this.#peer === peer) this.#break(); };
    try {
      await this.#offer(peer);
    } catch (error) {
      if (this.#peer !== peer) return;
      this.listener.refuse('refused', String(error));
      this.stop();
    }
  }

  /** @param {RTCPeerConnection} peer */
  async #offer(peer) {
    await peer.setLocalDescription();
    await gathered(peer);
    if (this.#peer !== peer) return; // it was given up, or the network has gone
    const form = new FormData();
    form.set('sdp', peer.localDescription?.sdp ?? '');
    form.set('session', JSON.stringify(this.options.session));
    const answer = await this.ask(this.#address(), form);
    if (this.#peer !== peer) return;
    if (answer) await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    else if (this.#calls) this.#break();
    else this.stop();
  }

  /** The session of each call begins where the transcript is. */
  #address() {
    const url = new URL(this.options.url);
    url.searchParams.set('share_start', String((this.options.start + this.heard) / this.options.rate));
    return url.href;
  }

  #open() {
    this.#calls += 1;
    if (this.#calls > 1) this.listener.begin(this.heard);
    this.listener.state('listening');
  }

  /** @param {ServerEvent} event */
  #read(event) {
    this.listener.trace('<', event);
    if (event.type === 'error' && event.error?.code !== HARMLESS) this.listener.refuse('refused', event.error?.message ?? '');
    this.listener.event(event);
    if (event.type === 'session.closed') this.stop();
  }

  #break() {
    this.#hangUp();
    if (this.#over) return;
    if (this.#finishing) {
      this.stop();
      return;
    }
    this.listener.state('awayCall');
    this.#timer = setTimeout(() => this.#dial(), AGAIN);
  }

  #hangUp() {
    const [peer, channel] = [this.#peer, this.#channel];
    this.#peer = this.#channel = null;
    channel?.close();
    peer?.close();
  }
}

/**
 * Resolves when the offer names the ways to us: no more are sent afterwards.
 * @param {RTCPeerConnection} peer
 * @returns {Promise<void>}
 */
function gathered(peer) {
  return new Promise((resolve) => {
    const look = () => { if (peer.iceGatheringState === 'complete') resolve(); };
    peer.addEventListener('icegatheringstatechange', look);
    setTimeout(resolve, GATHERING);
    look();
  });
}
