// A recording as a file: RIFF, 16 bits, mono.

const HEADER = 44;

/**
 * @param {Float32Array[]} blocks
 * @param {number} rate
 */
export function toWav(blocks, rate) {
  const length = blocks.reduce((sum, block) => sum + block.length, 0) * 2;
  const view = new DataView(new ArrayBuffer(HEADER + length));
  write(view, 0, 'RIFF');
  view.setUint32(4, HEADER - 8 + length, true);
  write(view, 8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(view, 36, 'data');
  view.setUint32(40, length, true);
  let at = HEADER;
  for (const block of blocks) {
    for (const sample of block) {
      view.setInt16(at, Math.round(Math.max(-1, Math.min(1, sample || 0)) * 32767), true);
      at += 2;
    }
  }
  return view.buffer;
}

/**
 * @param {DataView} view
 * @param {number} at
 * @param {string} text
 */
function write(view, at, text) {
  for (let nth = 0; nth < text.length; nth += 1) view.setUint8(at + nth, text.charCodeAt(nth));
}
