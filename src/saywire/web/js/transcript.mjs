// What has been said, built from the events of the OpenAI Realtime wire (docs/openai.md).
//
// A line is one item: {id, start, end, text, unstable, words, final, failed}, seconds from the first sample of the
// whole transcript. `text` only grows until the final; `unstable` is what may still change. Each connection begins
// its clock anew, so `begin(offset)` says where on ours its first sample lies.

const TRANSCRIPTION = 'conversation.item.input_audio_transcription.';

export class Transcript {
  lines = [];
  #open = new Map();
  #offset = 0;

  /** A new connection whose first sample lies `offset` seconds into the transcript. Lines without a final are given
   *  up: their audio is sent again. Returns them. */
  begin(offset) {
    const lost = [...this.#open.values()];
    this.#open.clear();
    this.#offset = offset;
    this.lines = this.lines.filter((line) => line.final);
    return lost;
  }

  /** No more events will come: what is open stays as it is. Returns the lines that became final, or were empty. */
  end() {
    const ended = [...this.#open.values()];
    for (const line of ended) {
      this.#finish(line, { transcript: line.text + line.unstable });
    }
    this.#open.clear();
    return ended;
  }

  clear() {
    this.lines = [];
    this.#open.clear();
  }

  /** Returns the line that changed, which is no longer in `lines` where nothing was said; or null. */
  apply(event) {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        return this.#find(event.item_id, event.audio_start_ms / 1000);
      case 'input_audio_buffer.speech_stopped':
        return this.#change(event.item_id, { end: this.#offset + event.audio_end_ms / 1000 });
      case `${TRANSCRIPTION}delta`:
        return this.#extend(this.#find(event.item_id, event.start ?? 0), event);
      case `${TRANSCRIPTION}completed`:
        return this.#finish(this.#find(event.item_id, event.start ?? 0), event);
      case `${TRANSCRIPTION}failed`:
        return this.#finish(this.#find(event.item_id, 0), { failed: event.error?.message ?? '?' });
      default:
        return null;
    }
  }

  #find(id, start) {
    if (!this.#open.has(id)) {
      const line = { id, start: this.#offset + start, end: null, text: '', unstable: '', words: [], final: false, failed: null };
      this.#open.set(id, line);
      this.lines.push(line);
    }
    return this.#open.get(id);
  }

  #change(id, fields) {
    const line = this.#open.get(id);
    return line ? Object.assign(line, fields) : null;
  }

  #extend(line, event) {
    line.text += event.delta;
    line.unstable = event.unstable ?? '';
    line.words.push(...this.#shift(event.words));
    return line;
  }

  #finish(line, event) {
    this.#open.delete(line.id);
    line.text = event.transcript ?? line.text;
    line.unstable = '';
    line.failed = event.failed ?? null;
    line.final = true;
    if (event.start !== undefined) line.start = this.#offset + event.start;
    if (event.end !== undefined) line.end = this.#offset + event.end;
    if (event.words) line.words = this.#shift(event.words);
    if (!line.text.trim() && !line.failed) this.lines.splice(this.lines.indexOf(line), 1);
    return line;
  }

  #shift(words = []) {
    return words.map((word) => ({ ...word, start: this.#offset + word.start, end: this.#offset + word.end }));
  }
}
