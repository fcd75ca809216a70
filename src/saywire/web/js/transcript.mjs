// What has been said, built from the events of the OpenAI Realtime wire (docs/openai.md).
//
// A line is one item. Its `text` only grows until the final; `unstable` is what may still change. Each session begins
// its clock anew, so `begin` says where on ours its first sample lies. When a session goes on over another connection
// its items come again under other ids: they are known by their numbers, which are those of their transcripts.

/** @typedef {import('./session.mjs').ServerEvent} ServerEvent */

/** @typedef {{word: string, start: number, end: number, confidence?: number}} Word */

/**
 * Times are seconds from the first sample of the whole transcript.
 * @typedef {object} Line
 * @property {number} start
 * @property {number | null} end
 * @property {string} text
 * @property {string} unstable
 * @property {Word[]} words
 * @property {string | null} language
 * @property {boolean} final
 * @property {string | null} failed why
 */

/**
 * What the server has said of an item on this connection. It is `behind` while it repeats what the line shows already.
 * @typedef {{number: number, line: Line, text: string, words: Word[], behind: boolean}} Item
 */

const TRANSCRIPTION = 'conversation.item.input_audio_transcription.';

export class Transcript {
  /** @type {Line[]} */
  lines = [];
  /** @type {Map<string, Item>} */
  #items = new Map();
  /** Lines of this session by their numbers. @type {Map<number, Line>} */
  #numbered = new Map();
  #named = 0;
  #offset = 0;
  /** Where the last item ended, in seconds of the session: of what begins when a button is held nothing tells where. */
  #reached = 0;

  /**
   * A new session whose first sample lies `offset` seconds into the transcript.
   * @param {number} offset
   */
  begin(offset) {
    this.end();
    this.#offset = offset;
    this.#named = this.#reached = 0;
  }

  /**
   * All behind this transcript of the session is said again, up to where it was and beyond.
   * @param {number} seq
   */
  rewind(seq) {
    this.#items.clear();
    this.#named = seq;
  }

  /** Nothing more comes of what is open: it stays as it is. Returns the lines that ended, also those without text. */
  end() {
    const open = this.lines.filter((line) => !line.final);
    for (const line of open) this.#close(line, { text: line.text + line.unstable });
    this.#items.clear();
    this.#numbered.clear();
    return open;
  }

  /** Forgets what is final; what is spoken now goes on. */
  clear() {
    this.lines = this.lines.filter((line) => !line.final);
  }

  /**
   * Returns the line that changed, which is no longer in `lines` where nothing was said; or null.
   * @param {ServerEvent} event
   */
  apply(event) {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        return this.#find(event, (event.audio_start_ms ?? 0) / 1000).line;
      case 'input_audio_buffer.speech_stopped':
        return this.#stop(event);
      case 'input_audio_buffer.committed':
        this.#find(event); // numbers are given in the order of commits, also where nobody spoke
        return null;
      case `${TRANSCRIPTION}delta`:
        return this.#extend(this.#find(event, event.words?.[0]?.start), event);
      case `${TRANSCRIPTION}completed`:
        return this.#finish(event);
      case `${TRANSCRIPTION}failed`:
        return this.#close(this.#find(event).line, { failed: event.error?.message ?? '?' });
      default:
        return null;
    }
  }

  /**
   * @param {ServerEvent} event
   * @param {number} start
   */
  #find({ item_id: id = '' }, start = this.#reached) {
    const item = this.#items.get(id) ?? this.#name(start);
    this.#items.set(id, item);
    return item;
  }

  /**
   * @param {number} start
   * @returns {Item}
   */
  #name(start) {
    this.#named += 1;
    const known = this.#numbered.get(this.#named);
    return { number: this.#named, line: known ?? this.#add(start), text: '', words: [], behind: Boolean(known) };
  }

  /** @param {number} start */
  #add(start) {
    /** @type {Line} */
    const line = {
      start: this.#offset + start, end: null, text: '', unstable: '', words: [], language: null, final: false, failed: null,
    };
    this.#numbered.set(this.#named, line);
    this.lines.push(line);
    return line;
  }

  /** @param {ServerEvent} event */
  #stop(event) {
    const { line } = this.#find(event);
    if (line.final) return null;
    this.#reached = (event.audio_end_ms ?? 0) / 1000;
    line.end = this.#offset + this.#reached;
    return line;
  }

  /**
   * @param {Item} item
   * @param {ServerEvent} event
   */
  #extend(item, event) {
    const unstable = event.unstable ?? '';
    item.text += event.delta ?? '';
    item.words.push(...this.#shift(event.words));
    item.behind &&= isOnItsWay(item.text, unstable, item.line);
    if (item.behind || item.line.final) return null;
    return Object.assign(item.line, { text: item.text, unstable, words: [...item.words] });
  }

  /** @param {ServerEvent} event */
  #finish(event) {
    const { line } = this.#find(event, event.start);
    if (line.final) return null;
    this.#reached = event.end ?? this.#reached;
    if (event.start !== undefined) line.start = this.#offset + event.start;
    if (event.end !== undefined) line.end = this.#offset + event.end;
    if (event.words) line.words = this.#shift(event.words);
    line.language = event.languages?.[0]?.code ?? null;
    return this.#close(line, { text: event.transcript ?? line.text });
  }

  /**
   * @param {Line} line
   * @param {Partial<Line>} fields
   */
  #close(line, fields) {
    Object.assign(line, fields, { unstable: '', final: true });
    const at = this.lines.lastIndexOf(line);
    if (!line.text.trim() && !line.failed && at >= 0) this.lines.splice(at, 1);
    return line;
  }

  /** @param {Word[]} words */
  #shift(words = []) {
    return words.map((word) => ({ ...word, start: this.#offset + word.start, end: this.#offset + word.end }));
  }
}

/**
 * Whether text that is said again may yet become what a line shows, so that it does not run backwards because a
 * connection broke.
 * @param {string} text
 * @param {string} unstable
 * @param {Line} shown
 */
function isOnItsWay(text, unstable, shown) {
  if (text.length < shown.text.length) return shown.text.startsWith(text);
  const whole = shown.text + shown.unstable;
  return text + unstable !== whole && whole.startsWith(text + unstable);
}
