// The page's elements by their ids.

/**
 * Those that are more than an HTMLElement to us.
 * @typedef {object} Elements
 * @property {HTMLSelectElement} source
 * @property {HTMLSelectElement} device
 * @property {HTMLSelectElement} sample
 * @property {HTMLSelectElement} pace
 * @property {HTMLSelectElement} model
 * @property {HTMLSelectElement} language
 * @property {HTMLSelectElement} theme
 * @property {HTMLTextAreaElement} hotwords
 * @property {HTMLInputElement} file
 * @property {HTMLInputElement} key
 * @property {HTMLFieldSetElement} settings
 * @property {HTMLMeterElement} level
 * @property {HTMLCanvasElement} wave
 * @property {HTMLProgressElement} progress
 * @property {HTMLButtonElement} start
 * @property {HTMLButtonElement} stop
 * @property {HTMLButtonElement} pause
 * @property {HTMLInputElement} link
 * @property {HTMLSelectElement} turns
 * @property {HTMLSelectElement} transport
 * @property {HTMLInputElement} single
 * @property {HTMLInputElement} keep
 * @property {HTMLButtonElement} talk
 * @property {HTMLButtonElement} forget
 * @property {HTMLDialogElement} help
 * @property {HTMLDialogElement} history
 * @property {HTMLDetailsElement} drawer
 */

/**
 * An element that is on the page: a test looks for each.
 * @template {string} K
 * @param {K} id
 * @returns {K extends keyof Elements ? Elements[K] : HTMLElement}
 */
export const find = (id) => /** @type {any} */ (document.getElementById(id));

/**
 * All elements that a selector finds.
 * @param {string} selector
 * @returns {NodeListOf<HTMLElement>}
 */
export const findAll = (selector) => document.querySelectorAll(selector);
