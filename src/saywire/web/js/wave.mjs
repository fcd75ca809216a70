// The loudness of the last seconds, as a picture: a column for each block that was heard. The meter beside it tells the
// same to those who do not see it.

import { meterOf } from './samples.mjs';

const WIDTH = 2; // pixels of a column, one of them left free

export class Wave {
  /** Shares of the height. @type {number[]} */
  #columns = [];
  #due = false;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** @param {number} loudest a peak, 0 to 1 */
  add(loudest) {
    this.#columns.push(meterOf(loudest));
    if (this.#columns.length > this.canvas.width / WIDTH) this.#columns.shift();
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#due = false;
    const { width, height } = this.canvas;
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(this.canvas).color;
    this.#columns.forEach((share, nth) => {
      const tall = Math.max(1, Math.round(share * height));
      context.fillRect(nth * WIDTH, (height - tall) / 2, WIDTH - 1, tall);
    });
  }
}
